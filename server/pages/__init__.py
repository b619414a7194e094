"""The page at `/`: the parts of a report for a browser, rendered here, by the window and filters of its address."""
