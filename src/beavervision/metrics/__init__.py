"""Metrics of motion and synchrony, functional forms beside torchmetrics classes."""
