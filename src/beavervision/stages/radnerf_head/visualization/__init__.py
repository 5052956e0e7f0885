"""Metrics, image strips and videos of held-out frames."""
