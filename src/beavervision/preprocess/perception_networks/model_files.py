"""The model files of MediaPipe's Tasks: which ones, from where, and where they are kept."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

HOST = "https://storage.googleapis.com/mediapipe-models"
"""Google's public host of the models (Apache-2.0)."""

VARIABLE = "BEAVERVISION_MODELS"
"""Environment variable: folder of the model files."""


@dataclass(frozen=True)
class ModelFile:
    """A file that a task reads.

    The SHA-256 sums and sizes are facts of version 1 of each file. That of face_landmarker.task was computed from the
    file; the others are the ones that at least three unrelated public projects state for the same address.
    """

    name: str
    purpose: str
    url: str
    sha256: str
    size: int
    """Bytes."""


FACE = ModelFile(
    "face_landmarker.task",
    "face landmarks",
    f"{HOST}/face_landmarker/face_landmarker/float16/1/face_landmarker.task",
    "64184e229b263107bc2b804c6625db1341ff2bb731874b0bcc2fe6544e0bc9ff",
    3_758_596,
)
FACE_DETECTOR = ModelFile(
    "blaze_face_full_range.tflite",
    "small faces",
    f"{HOST}/face_detector/blaze_face_full_range/float16/1/blaze_face_full_range.tflite",
    "3698b18f063835bc609069ef052228fbe86d9c9a6dc8dcb7c7c2d69aed2b181b",
    1_083_786,
)
HANDS = ModelFile(
    "hand_landmarker.task",
    "hands",
    f"{HOST}/hand_landmarker/hand_landmarker/float16/1/hand_landmarker.task",
    "fbc2a30080c3c557093b5ddfc334698132eb341044ccee322ccf8bcf3607cde1",
    7_819_105,
)
POSE = ModelFile(
    "pose_landmarker_full.task",
    "shoulders",
    f"{HOST}/pose_landmarker/pose_landmarker_full/float16/1/pose_landmarker_full.task",
    "5134a3aad27a58b93da0088d431f366da362b44e3ccfbe3462b3827a839011b1",
    9_398_198,
)
PERSON = ModelFile(
    "selfie_segmenter.tflite",
    "person mask",
    f"{HOST}/image_segmenter/selfie_segmenter/float16/1/selfie_segmenter.tflite",
    "191ac9529ae506ee0beefa6b2c945a172dab9d07d1e802a290a4e4038226658b",
    249_537,
)
MODEL_FILES = (FACE, FACE_DETECTOR, HANDS, POSE, PERSON)


def model_folder() -> Path:
    """Folder of the model files: BEAVERVISION_MODELS, or a folder in the user's cache."""
    import platformdirs

    given = os.environ.get(VARIABLE)
    if given:
        return Path(given).expanduser()
    return platformdirs.user_cache_path("beavervision", appauthor=False) / "models"
