"""`muse status --advice`: what the store's own reads and inserts say about indexes, order keys and parts."""
