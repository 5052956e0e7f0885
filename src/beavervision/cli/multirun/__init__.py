"""Several jobs of one command: what became of each, in a table, a CSV file and a page."""
