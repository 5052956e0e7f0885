"""beavervision: footage in, talking video out."""

__version__ = "0.1.0"
