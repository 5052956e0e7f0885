"""What the DataModules of several stages share: recordings, samples, feature cache, augmentation, resumable sampling."""
