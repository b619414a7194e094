"""Personal data and secrets taken out of texts: text to masked text, pure."""
