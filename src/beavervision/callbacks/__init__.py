"""What happens round a training step: checkpoints, stopping, progress, figures, and the Bundle at the end."""
