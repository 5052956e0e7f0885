"""Sync expert: whether a fifth of a second of sound and of lips belong together."""
