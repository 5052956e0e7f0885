"""beavervision: footage in, talking video out.

Example:
    >>> import beavervision as bv
    >>> clip = bv.prepare("me.mp4", name="me")  # doctest: +SKIP
    >>> avatar = bv.train(clip, preset="cpu_quick")  # doctest: +SKIP
    >>> avatar.speak("speech.wav").save("talk.mp4")  # doctest: +SKIP
"""

from __future__ import annotations

# The names of __all__ are declared in __init__.pyi.
# pyright: reportUnsupportedDunderAll=false
import importlib
from typing import Any

__version__ = "0.2.0"

_MODULES = {
    "beavervision.api.avatar": ("Avatar",),
    "beavervision.api.commands": ("Evaluation", "animate", "evaluate", "prepare", "train", "unpack"),
    "beavervision.api.video": ("Frame", "TalkingVideo"),
    "beavervision.artifacts.clip": ("Clip",),
    "beavervision.artifacts.motion": ("Motion",),
    "beavervision.export.animation": ("FaceAnimation",),
    "beavervision.errors": (
        "ArtifactError", "AudioError", "BeaverError", "BundleError", "ClipError", "ConfigError", "CorpusError",
        "DependencyError", "FaceModelError", "FootageError", "MotionError", "StoppedError", "StorageError",
        "SyntheticSpeechError", "TrainingError",
    ),
}  # fmt: skip
_MODULE_OF = {name: module for module, names in _MODULES.items() for name in names}

__all__ = [
    "ArtifactError", "AudioError", "Avatar", "BeaverError", "BundleError", "Clip", "ClipError", "ConfigError",
    "CorpusError", "DependencyError", "Evaluation", "FaceAnimation", "FaceModelError", "FootageError", "Frame",
    "Motion", "MotionError", "StoppedError", "StorageError", "SyntheticSpeechError", "TalkingVideo",
    "TrainingError", "__version__", "animate", "evaluate", "prepare", "train", "unpack",
]  # fmt: skip


def __getattr__(name: str) -> Any:
    """Import a public name when it is first used: importing the package itself loads no PyTorch (PEP 562)."""
    if name not in _MODULE_OF:
        raise AttributeError(f"module 'beavervision' has no attribute {name!r}")
    value = getattr(importlib.import_module(_MODULE_OF[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    """Return the public names."""
    return sorted({*globals(), *__all__})
