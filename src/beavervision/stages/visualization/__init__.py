"""Visualization of training results: plots, videos of landmarks and meshes, speech panels."""
