"""Artifacts: the files that the stages exchange, with their schemas."""
