from beavervision.api.avatar import Avatar
from beavervision.api.commands import Evaluation, evaluate, prepare, train
from beavervision.api.video import Frame, TalkingVideo
from beavervision.artifacts.clip import Clip
from beavervision.artifacts.motion import Motion
from beavervision.errors import (
    ArtifactError,
    AudioError,
    BeaverError,
    BundleError,
    ClipError,
    ConfigError,
    DependencyError,
    FootageError,
    StoppedError,
    StorageError,
    TrainingError,
)

__all__ = [
    "ArtifactError", "AudioError", "Avatar", "BeaverError", "BundleError", "Clip", "ClipError", "ConfigError",
    "DependencyError", "Evaluation", "FootageError", "Frame", "Motion", "StoppedError", "StorageError",
    "TalkingVideo", "TrainingError", "__version__", "evaluate", "prepare", "train",
]  # fmt: skip

__version__: str
