"""What is at a point of head space while the face does something (docs/fields.md)."""
