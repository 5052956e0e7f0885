"""Metrics, image strips and films of held-out frames."""
