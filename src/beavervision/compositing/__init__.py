"""Compositing of image layers: masks, seams, colour matching, hole filling. Pure array code."""
