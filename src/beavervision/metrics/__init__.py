"""Metrics of motion and synchrony: functions and torchmetrics classes."""
