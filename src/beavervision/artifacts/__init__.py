"""The on-disk contract between the stages."""
