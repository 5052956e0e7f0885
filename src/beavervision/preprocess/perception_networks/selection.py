"""Chooses the networks that fit the installed MediaPipe, and provides their model files."""

from __future__ import annotations

import importlib.util
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Literal

from beavervision.errors import DependencyError
from beavervision.preprocess.perception_networks.download import download
from beavervision.preprocess.perception_networks.interface import Networks
from beavervision.preprocess.perception_networks.model_files import MODEL_FILES, ModelFile, model_folder
from beavervision.preprocess.perception_networks.solutions import SolutionNetworks
from beavervision.preprocess.perception_networks.tasks import TaskNetworks

Kind = Literal["solutions", "tasks"]

INSIDE = ("face_detection_short_range", "face_landmark_with_attention", "selfie_segmentation", "pose_landmark_full")
"""Models that a wheel has inside, up to 0.10.21."""


@cache
def network_kind() -> Kind:
    """`solutions` where the installed MediaPipe has its models inside (up to 0.10.21), else `tasks`.

    Raises:
        DependencyError: when MediaPipe is not installed.
    """
    spec = importlib.util.find_spec("mediapipe")
    if spec is None or spec.origin is None:
        raise DependencyError("mediapipe is not installed; run make install, or pip install beavervision again.")
    modules = Path(spec.origin).parent / "modules"
    return "solutions" if all(any(modules.rglob(f"{name}.tflite")) for name in INSIDE) else "tasks"


def networks_recipe() -> dict[str, str]:
    """What of the networks determines the results of a preparation, as inputs of `StepCache`.

    Empty for MediaPipe's graphs, so that results of before the Tasks keep their names.
    """
    return {} if network_kind() == "solutions" else {"networks": f"tasks {version('mediapipe')}"}


def open_networks() -> Networks:
    """The networks of the installed MediaPipe; missing model files are downloaded.

    Raises:
        DependencyError: when a model file is missing and cannot be downloaded.
    """
    return SolutionNetworks() if network_kind() == "solutions" else TaskNetworks(model_path)


def model_path(file: ModelFile) -> Path:
    """Path of a model file, which is downloaded if it is not there.

    Raises:
        DependencyError: when it cannot be downloaded.
        StorageError: when the folder cannot be written.
    """
    path = model_folder() / file.name
    return path if path.is_file() else download(file, path.parent)


def ensure_networks() -> None:
    """Download what the installed MediaPipe needs and is not there, before work starts.

    Raises:
        DependencyError: when a model file cannot be downloaded.
        StorageError: when the folder cannot be written.
    """
    if network_kind() == "tasks":
        for file in MODEL_FILES:
            model_path(file)
