"""Probe, decode and encode video; layers and paste-back."""
