"""Provenance: content credentials (C2PA) in every film, consent records, and a reader for both."""
