"""Distilled head for real time: a smaller copy of the field with an upsampler (docs/explanation/rendering.md)."""
