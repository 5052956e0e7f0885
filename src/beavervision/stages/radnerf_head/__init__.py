"""The talking head as a radiance field: RAD-NeRF (Tang et al. 2022) with the changes of GeneFace++."""
