"""The networks as MediaPipe Tasks, for wheels without models: each task reads a model file."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float, UInt8

from beavervision.errors import ConfigError
from beavervision.preprocess.perception_networks.interface import Detection, Detector, MaskNetwork, PointNetwork
from beavervision.preprocess.perception_networks.model_files import FACE, FACE_DETECTOR, HANDS, PERSON, POSE, ModelFile
from beavervision.preprocess.perception_networks.task_bundle import short_range_detector

FACES_IN_CROP, HANDS_IN_CROP = 2, 6
"""Landmarks are estimated for this many faces or hands of a crop; the one nearest to its middle is meant."""

DETECTED = 0.3
"""Confidence of the detectors inside the landmark tasks: their crops are already known to show a face or a hand."""

PALM_KEYS = (0, 5, 9, 13, 17, 1, 2)
"""Hand landmarks at the positions of the palm detector's key points."""


class TaskNetworks:
    """Opens MediaPipe Tasks; see `Networks`.

    The face, hand and pose tasks contain a detector of their own, which runs on the crop before the landmark network,
    so that landmarks depend on the crop alone.

    Args:
        locate: gives the path of a model file.
    """

    def __init__(self, locate: Callable[[ModelFile], Path]) -> None:
        self._locate = locate

    def face_detectors(self, confidence: float) -> list[Detector]:
        """The full-range face detector, and the short-range one inside the face landmark bundle."""
        from mediapipe.tasks.python import vision

        buffers = [(FACE_DETECTOR, self._read(FACE_DETECTOR)), (FACE, short_range_detector(self._locate(FACE)))]
        return [
            _TaskDetector(
                _opened(
                    file,
                    lambda base: vision.FaceDetector.create_from_options(
                        vision.FaceDetectorOptions(base_options=base, min_detection_confidence=confidence)
                    ),
                    buffer,
                )
            )
            for file, buffer in buffers
        ]

    def face_landmarks(self) -> PointNetwork:
        """Face landmarker: detector and face mesh."""
        from mediapipe.tasks.python import vision

        def create(base: Any) -> Any:
            return vision.FaceLandmarker.create_from_options(
                vision.FaceLandmarkerOptions(
                    base_options=base, num_faces=FACES_IN_CROP, min_face_detection_confidence=DETECTED
                )
            )

        return _TaskPoints(_opened(FACE, create, self._read(FACE)), "face_landmarks", ("x", "y", "z"))

    def palms(self, confidence: float) -> Detector:
        """Hand landmarker as palm detector: each hand's box and key points from its landmarks."""
        return _HandDetector(self._hands(confidence, HANDS_IN_CROP))

    def hand_landmarks(self, confidence: float) -> PointNetwork:
        """Hand landmarker: palm detector and hand network."""
        return _TaskPoints(self._hands(confidence, FACES_IN_CROP), "hand_landmarks", ("x", "y"))

    def pose(self) -> PointNetwork:
        """Pose landmarker: pose detector and the full pose network."""
        from mediapipe.tasks.python import vision

        def create(base: Any) -> Any:
            return vision.PoseLandmarker.create_from_options(vision.PoseLandmarkerOptions(base_options=base))

        return _TaskPoints(_opened(POSE, create, self._read(POSE)), "pose_landmarks", ("x", "y", "visibility"))

    def person_mask(self) -> MaskNetwork:
        """Selfie segmenter (256 x 256)."""
        from mediapipe.tasks.python import vision

        def create(base: Any) -> Any:
            return vision.ImageSegmenter.create_from_options(
                vision.ImageSegmenterOptions(base_options=base, output_confidence_masks=True)
            )

        return _TaskMask(_opened(PERSON, create, self._read(PERSON)))

    def _hands(self, confidence: float, n_hands: int) -> Any:
        from mediapipe.tasks.python import vision

        def create(base: Any) -> Any:
            return vision.HandLandmarker.create_from_options(
                vision.HandLandmarkerOptions(
                    base_options=base,
                    num_hands=n_hands,
                    min_hand_detection_confidence=DETECTED,
                    min_hand_presence_confidence=confidence,
                )
            )

        return _opened(HANDS, create, self._read(HANDS))

    def _read(self, file: ModelFile) -> bytes:
        return self._locate(file).read_bytes()


class _Task:
    """A running task. Any: tasks of both wheels, whose classes differ."""

    def __init__(self, task: Any) -> None:
        self._task = task

    def close(self) -> None:
        self._task.close()


class _TaskDetector(_Task):
    def detect(self, crop: UInt8[np.ndarray, "S S 3"]) -> list[Detection]:
        size = crop.shape[0]
        found = []
        for one in self._task.detect(image(crop)).detections:
            box = one.bounding_box
            corners = np.array([box.origin_x, box.origin_y, box.origin_x + box.width, box.origin_y + box.height]) / size
            keys = np.array([(p.x, p.y) for p in one.keypoints])
            found.append(Detection(corners, keys, float(one.categories[0].score)))
        return found


class _HandDetector(_Task):
    def detect(self, crop: UInt8[np.ndarray, "S S 3"]) -> list[Detection]:
        result = self._task.detect(image(crop))
        found = []
        for hand, sides in zip(result.hand_landmarks, result.handedness, strict=True):
            keys = np.array([(p.x, p.y) for p in hand])[list(PALM_KEYS)]
            found.append(Detection(np.concatenate([keys.min(0), keys.max(0)]), keys, float(sides[0].score)))
        return found


class _TaskPoints(_Task):
    def __init__(self, task: Any, name: str, columns: tuple[str, ...]) -> None:
        super().__init__(task)
        self._name, self._columns = name, columns

    def points(self, crop: UInt8[np.ndarray, "S S 3"]) -> Float[np.ndarray, "n d"] | None:
        found = getattr(self._task.detect(image(crop)), self._name)
        sets = [np.array([[getattr(p, c) for c in self._columns] for p in points], float) for points in found]
        return min(sets, key=lambda points: float(np.hypot(*(points[:, :2].mean(0) - 0.5))), default=None)


class _TaskMask(_Task):
    def mask(self, crop: UInt8[np.ndarray, "S S 3"]) -> Float[np.ndarray, "S S"]:
        # The last mask is the person's: the model has one channel, which some versions precede by its complement.
        view = self._task.segment(image(crop)).confidence_masks[-1].numpy_view()
        return np.array(view, np.float32).reshape(crop.shape[:2])


def image(crop: UInt8[np.ndarray, "S S 3"]) -> Any:
    """The crop as MediaPipe's image."""
    from mediapipe import Image, ImageFormat

    return Image(image_format=ImageFormat.SRGB, data=np.ascontiguousarray(crop))


def _opened(file: ModelFile, create: Callable[[Any], Any], buffer: bytes) -> Any:
    """A running task; its content is passed, because MediaPipe resolves relative paths against its own resources.

    Raises:
        ConfigError: when the content is no such model.
    """
    from mediapipe.tasks.python.core.base_options import BaseOptions

    try:
        return create(BaseOptions(model_asset_buffer=buffer))
    except (RuntimeError, ValueError, OSError) as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise ConfigError(
            f"{file.name} cannot be used ({reason}); remove the file, and the next preparation downloads it again."
        ) from None
