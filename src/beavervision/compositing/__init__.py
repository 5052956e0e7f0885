"""Putting layers of a film together: masks, seams, colour matching, hole filling. Pure array code."""
