from beavervision.api.avatar import Avatar
from beavervision.api.commands import Evaluation, animate, evaluate, prepare, train, unpack
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
    CorpusError,
    DependencyError,
    FaceModelError,
    FootageError,
    MotionError,
    StoppedError,
    StorageError,
    SyntheticSpeechError,
    TrainingError,
)
from beavervision.export.animation import FaceAnimation

__all__ = [
    "ArtifactError", "AudioError", "Avatar", "BeaverError", "BundleError", "Clip", "ClipError", "ConfigError",
    "CorpusError", "DependencyError", "Evaluation", "FaceAnimation", "FaceModelError", "FootageError", "Frame",
    "Motion", "MotionError", "StoppedError", "StorageError", "SyntheticSpeechError", "TalkingVideo",
    "TrainingError", "__version__", "animate", "evaluate", "prepare", "train", "unpack",
]  # fmt: skip

__version__: str
