"""Data shared by several stages: recordings, samples, feature cache, augmentation, resumable sampling."""
