"""The six-class selfie model (MediaPipe selfie_multiclass), which replaces the person mask if its file is given."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
from jaxtyping import Float, UInt8

from beavervision.errors import ConfigError
from beavervision.preprocess.person_segmentation import NETWORK, PersonSegmenter, Segmenter

CLASSES = ("background", "hair", "body_skin", "face_skin", "clothes", "others")
"""Classes of the model, in the order of its output; "others" are things that people wear or hold."""

FLOOR = 0.02
"""Lower limit of the confidences: the model is sometimes confident and wrong."""


class MulticlassSegmenter(Segmenter):
    """Segments people and their parts with the user's model file.

    Args:
        path: a `.tflite` file that MediaPipe's ImageSegmenter reads, with the classes of CLASSES.

    Raises:
        ConfigError: when the file is missing or is no such model.
    """

    def __init__(self, path: Path) -> None:
        path = Path(path).expanduser()
        if not path.is_file():
            raise ConfigError(f"data.segmenter={path} is not there; give the path of a .tflite file, or null.")
        from mediapipe.tasks.python.core.base_options import BaseOptions
        from mediapipe.tasks.python.vision import ImageSegmenter, ImageSegmenterOptions

        # The file's content is passed: MediaPipe resolves relative paths against its own resources.
        options = ImageSegmenterOptions(
            base_options=BaseOptions(model_asset_buffer=path.read_bytes()), output_confidence_masks=True
        )
        try:
            self._network = ImageSegmenter.create_from_options(options)
        except (RuntimeError, ValueError) as error:
            reason = str(error).splitlines()[0]
            raise ConfigError(f"{path} is no segmentation model ({reason}); give selfie_multiclass.tflite.") from None

    def head(
        self, crop: UInt8[np.ndarray, "S S 3"]
    ) -> tuple[Float[np.ndarray, "S S"], Float[np.ndarray, "S S C"] | None]:
        """Probability of a person and of each class in a head crop."""
        classes = self._classes(cv2.resize(crop, (NETWORK, NETWORK), interpolation=cv2.INTER_AREA))
        classes = cv2.resize(classes, crop.shape[1::-1], interpolation=cv2.INTER_LINEAR)
        return people(classes), classes

    def _run(self, crop: UInt8[np.ndarray, "S S 3"]) -> Float[np.ndarray, "S S"]:
        return people(self._classes(crop))

    def _classes(self, crop: UInt8[np.ndarray, "S S 3"]) -> Float[np.ndarray, "S S 6"]:
        from mediapipe import Image, ImageFormat

        result = self._network.segment(Image(ImageFormat.SRGB, np.ascontiguousarray(crop)))
        masks = [mask.numpy_view().copy() for mask in result.confidence_masks]
        if len(masks) != len(CLASSES):
            raise ConfigError(
                f"The model of data.segmenter tells {len(masks)} classes apart instead of {len(CLASSES)}; "
                "give selfie_multiclass.tflite."
            )
        return np.stack([cv2.resize(mask, crop.shape[1::-1]) for mask in masks], -1)

    def close(self) -> None:
        """Free the network."""
        self._network.close()


def open_segmenter(path: Path | None) -> Segmenter:
    """The six-class model of a file, or MediaPipe's person mask.

    Raises:
        ConfigError: when the file is missing or is no such model.
    """
    return PersonSegmenter() if path is None else MulticlassSegmenter(path)


def people(classes: Float[np.ndarray, "*n 6"]) -> Float[np.ndarray, "*n"]:
    """Probability of a person: the sum of all classes except background."""
    return np.clip(1 - classes[..., 0] / np.maximum(classes.sum(-1), 1e-6), 0, 1)


def class_scores(classes: Float[np.ndarray, "*n 6"]) -> Float[np.ndarray, "*n 4"]:
    """Log-likelihood of hair, face, neck and torso from the model's confidences.

    Bare skin of the body counts as neck; position separates it from other body skin. Things that people wear or hold
    ("others": glasses, hats) do not indicate a class.
    """
    share = classes / np.maximum(classes.sum(-1, keepdims=True), 1e-6)
    hair, body, face, clothes = (share[..., c] for c in (1, 2, 3, 4))
    return np.log(np.stack([hair, face, body, clothes], -1) + share[..., 5:] / 4 + FLOOR)
