"""Real brokers, real consumers that are killed, and what must be in the store in the end."""
