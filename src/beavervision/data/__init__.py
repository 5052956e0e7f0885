"""Data of the speech stages: recordings, samples, feature cache, augmentation, resumable sampling."""
