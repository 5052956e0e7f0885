"""Lightning callbacks: checkpoints, stopping, progress, metrics, media, and the Bundle at the end."""
