"""Backends of the grid encoding (PyTorch, numba, tiny-cuda-nn), which give equal results."""
