"""Command line: entry points, jobs of a sweep, exit codes, and the demo."""
