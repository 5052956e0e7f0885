"""Inference: speech and bundles in, finished frames out, at the footage's own size."""
