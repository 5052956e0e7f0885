"""Synthetic speech corpus: sentences, voices, and facial motion with exact ground truth."""
