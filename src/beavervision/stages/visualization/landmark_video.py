"""Videos of faces as line drawings with sound, to show motion without a renderer."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import cv2
import numpy as np
from jaxtyping import Float, UInt8

from beavervision.face.morphable_model import CONDITION_SCALE, FaceModel
from beavervision.stages.visualization.media import Film

SIDE = 240
"""Size of a face's panel, pixels."""
CENTIMETRES = 20.0
"""Extent of head space that a panel shows, cm."""
CENTRE = np.array([0.0, -3.5])
"""x and y in head space of a panel's centre, cm."""
SUBPIXEL = 4
"""Fractional bits of OpenCV's line coordinates."""
LINES = ((0, 17), (17, 22), (22, 27), (27, 31), (31, 36))
"""Jaw, brows and nose among the 68 landmarks: open lines."""
EYES = ((36, 42), (42, 48))
OUTER_LIPS, INNER_LIPS = slice(48, 60), slice(60, 68)
PAPER, INK, EYE, LIP, MOUTH = (250, 248, 244), (70, 66, 62), (255, 255, 255), (200, 96, 92), (70, 24, 28)


def draw_face(points: Float[np.ndarray, "68 3"], title: str = "") -> UInt8[np.ndarray, "S S 3"]:
    """Draw a face from the front.

    Args:
        points: the 68 landmarks in head space, cm; NaN leaves the panel empty.
        title: text in the panel's corner.
    """
    panel = np.full((SIDE, SIDE, 3), PAPER, np.uint8)
    cv2.putText(panel, title, (8, 18), cv2.FONT_HERSHEY_SIMPLEX, 0.45, INK, 1, cv2.LINE_AA)
    if not np.isfinite(points).all():
        return panel
    # Head space has y up and the subject's left at +x, which is on the right of an unmirrored image.
    place = (points[:, :2] - CENTRE) * (1, -1) * (SIDE / CENTIMETRES) + SIDE / 2
    place = np.round(place * 2**SUBPIXEL).astype(np.int32)
    cv2.fillPoly(panel, [place[OUTER_LIPS]], LIP, cv2.LINE_AA, SUBPIXEL)
    cv2.fillPoly(panel, [place[INNER_LIPS]], MOUTH, cv2.LINE_AA, SUBPIXEL)
    for first, stop in EYES:
        cv2.fillPoly(panel, [place[first:stop]], EYE, cv2.LINE_AA, SUBPIXEL)
        cv2.polylines(panel, [place[first:stop]], True, INK, 1, cv2.LINE_AA, SUBPIXEL)  # noqa: FBT003 - isClosed
    for first, stop in LINES:
        cv2.polylines(panel, [place[first:stop]], False, INK, 1, cv2.LINE_AA, SUBPIXEL)  # noqa: FBT003 - isClosed
    return panel


def landmarks_of(condition: Float[np.ndarray, "T 68 3"], face: FaceModel) -> Float[np.ndarray, "T 68 3"]:
    """The 68 landmarks in head space, cm, of a landmark condition.

    Args:
        condition: offsets from the mean face, 1/10 cm.
        face: face model of the mean face.
    """
    return face.mean[face.landmarks68] + condition / CONDITION_SCALE


def mouth_opening(points: Float[np.ndarray, "T 68 3"]) -> Float[np.ndarray, "T"]:
    """Distance between the middles of the inner lips, mm."""
    return 10 * np.linalg.norm(points[:, 62] - points[:, 66], axis=-1)


def landmark_video(
    name: str, faces: Mapping[str, Float[np.ndarray, "T 68 3"]], fps: float, sound: Float[np.ndarray, "N"] | None
) -> Film:
    """Video of faces side by side, with the same speech.

    Args:
        name: name of the video.
        faces: title -> landmarks in head space, cm; frames of NaN stay empty.
        fps: frames per second.
        sound: sound from the first frame on, 16 kHz.
    """
    return Film(name, _drawn(faces), fps, sound, caption=" | ".join(faces))


def _drawn(faces: Mapping[str, Float[np.ndarray, "T 68 3"]]) -> Iterator[UInt8[np.ndarray, "S W 3"]]:
    for panels in zip(*faces.values(), strict=True):
        yield np.concatenate([draw_face(p, title) for p, title in zip(panels, faces, strict=True)], 1)
