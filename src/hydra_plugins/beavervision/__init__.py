"""Launchers and sweepers of beavervision; Hydra looks through this package at every start, so nothing heavy here."""
