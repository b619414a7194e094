"""Files into tables, each day of each file once, however often a run is stopped."""
