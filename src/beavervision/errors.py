"""The errors that users see: each message says what is wrong with which file or setting, and what to do.

```
BeaverError
├── ConfigError        a setting, an option or a name that does not exist or cannot have this value
├── FootageError       a video that cannot be read, or in which nobody can be tracked
├── AudioError         speech that cannot be read, is empty, or is silent
├── FaceModelError     a morphable face model whose files are missing or damaged
├── ArtifactError      a folder that is not the artifact that was asked for, or is damaged
│   ├── ClipError
│   ├── MotionError
│   ├── BundleError
│   ├── CorpusError
│   └── SyntheticSpeechError
├── TrainingError      a training run that cannot go on, such as a loss that is not finite
├── StoppedError       a run that was stopped from outside; the same call continues it
├── StorageError       a place that cannot be written to, or is full
└── DependencyError    a package, a program or a device that this machine lacks
```
"""


class BeaverError(Exception):
    """A mistake that the user can correct; the base class of all errors of beavervision.

    The message is one sentence that names the file, the frame or the key concerned, followed by the remedy.
    The command line prints it without a traceback and exits with status 2; the Python API raises it.

    Example:
        >>> try:
        ...     raise BundleError("runs/me has no weights.safetensors; train the stage again.")
        ... except BeaverError as error:
        ...     print(error)
        runs/me has no weights.safetensors; train the stage again.
    """


class ConfigError(BeaverError):
    """A setting, an option or a name that does not exist, or cannot have this value."""


class FootageError(BeaverError):
    """A video that cannot be read, has changed, or in which nobody can be tracked."""


class AudioError(BeaverError):
    """Sound that cannot be read, is empty, or holds no speech."""


class FaceModelError(BeaverError):
    """A morphable face model that does not exist, or whose files are missing or damaged."""


class ArtifactError(BeaverError):
    """A folder that is not the artifact that was asked for, was written by another version, or is damaged."""


class ClipError(ArtifactError):
    """A folder that is not a usable Clip."""


class MotionError(ArtifactError):
    """A folder that is not a usable Motion."""


class BundleError(ArtifactError):
    """A folder that is not a usable Bundle, or one that does not belong to the clip or stage at hand."""


class CorpusError(ArtifactError):
    """A folder that is not a usable Corpus."""


class SyntheticSpeechError(ArtifactError):
    """A folder that is not usable SyntheticSpeech."""


class TrainingError(BeaverError):
    """A training run that cannot begin or go on, such as one whose loss is not finite."""


class StorageError(BeaverError):
    """A place that cannot be written to, or a disk that is full."""


class DependencyError(BeaverError):
    """A package, a program or a device that is needed and that this machine does not have."""


class StoppedError(BeaverError):
    """A run that was stopped from outside, after it saved what it had; the same call continues it."""


class NotFiniteError(ValueError):
    """A number that is infinite or NaN reached a computation that cannot use it."""
