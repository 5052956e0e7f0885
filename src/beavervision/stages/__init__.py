"""Training stages: each folder trains one network on a Clip or corpus and writes a Bundle."""
