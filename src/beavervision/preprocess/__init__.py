"""Footage to Clip, one step a file."""
