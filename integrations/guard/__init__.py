"""What a reader may run: a statement to a verdict, pure but for the parser that it is given."""
