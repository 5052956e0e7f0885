"""Fields of the head: density, colour features and deformation at points of head space (docs/explanation/fields.md)."""
