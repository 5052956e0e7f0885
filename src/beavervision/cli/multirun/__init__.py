"""Multirun: records of the jobs of one command, as a table, a CSV file and a page."""
