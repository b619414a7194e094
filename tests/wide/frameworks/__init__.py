"""Agent frameworks as clients of the server. Each runs in its own environment, so nothing of ours is imported here."""
