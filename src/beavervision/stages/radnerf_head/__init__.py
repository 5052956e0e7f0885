"""The head as a radiance field that speaks: RAD-NeRF (Tang et al. 2022) in the form that GeneFace++ gave it."""
