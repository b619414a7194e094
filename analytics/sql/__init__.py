"""The SQL that questions share: sources, rollups, buckets of time, grouped blocks."""
