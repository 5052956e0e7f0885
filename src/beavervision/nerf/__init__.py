"""Radiance fields: rays, grid encodings, ray sampling, volume rendering."""
