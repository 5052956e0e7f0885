"""One grid encoding, several engines with equal results."""
