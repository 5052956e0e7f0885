"""Refines predicted motion towards one person: residual CNN adapted by a GAN, and locally linear embedding."""
