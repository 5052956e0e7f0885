"""Radiance fields: rays, grids, sampling, volume rendering."""
