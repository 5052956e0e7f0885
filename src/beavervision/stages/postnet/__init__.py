"""Refines predicted motion towards one person: residual CNN trained as a GAN, and locally linear embedding."""
