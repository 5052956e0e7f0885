"""The stages: each a folder that learns one thing from a Clip and leaves a Bundle."""
