"""One module a client: `connect` gives the names that it lists and its way to call. Types are of other environments."""
