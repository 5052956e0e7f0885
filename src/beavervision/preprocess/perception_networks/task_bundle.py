"""Reads a network out of a MediaPipe task bundle, which is a zip archive."""

from __future__ import annotations

import zipfile
from pathlib import Path

from beavervision.errors import ConfigError

SHORT_RANGE = "face_detector.tflite"
"""Member of face_landmarker.task: the short-range face detector."""


def short_range_detector(bundle: Path) -> bytes:
    """The short-range face detector of a face landmark bundle.

    Raises:
        ConfigError: when the file is no such bundle.
    """
    try:
        with zipfile.ZipFile(bundle) as archive:
            return archive.read(SHORT_RANGE)
    except (zipfile.BadZipFile, KeyError) as error:
        raise ConfigError(
            f"{bundle} is no face landmark bundle ({error}); remove it, and the next preparation downloads it again."
        ) from None
