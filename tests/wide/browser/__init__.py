"""The page in a browser. `looks` runs in an environment of its own, so nothing of ours is imported there."""
