"""What a person sees of the store: the parts of a report and of the page, and how they are written."""
