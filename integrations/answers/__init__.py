"""Parameters into a statement, and its values out, in the shape in which readers get them."""
