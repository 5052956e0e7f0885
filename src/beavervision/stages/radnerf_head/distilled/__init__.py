"""The head in real time: a copy of the field under a small upsampler, trained as it is used (docs/rendering.md)."""
