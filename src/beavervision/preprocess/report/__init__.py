"""Report of the preparation: one HTML page, and the same facts as JSON."""
