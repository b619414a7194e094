"""Topics into tables, without a broker: mapping, positions and lanes."""
