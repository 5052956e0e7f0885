"""A page that shows a prepared clip over time and the trained head from any side."""
