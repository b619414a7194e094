"""One module a subject; each has `run`, which yields an outcome for each line of the table."""
