"""Sync expert: estimates whether 0.2 s of sound and of lip motion are in sync."""
