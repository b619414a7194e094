"""How people operate the store: the `muse` command."""
