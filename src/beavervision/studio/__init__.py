"""The studio: a local page that prepares, trains and speaks; see docs/guides/studio.md."""
