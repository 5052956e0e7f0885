"""What happens around training: bundles, media, progress."""
