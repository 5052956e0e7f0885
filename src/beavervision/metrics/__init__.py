"""Measures of motion and sync, functional and as torchmetrics."""
