"""One file a question: typed parameters to a Select that says what its columns mean."""
