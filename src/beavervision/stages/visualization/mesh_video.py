"""Videos of shaded face meshes, side by side."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import cv2
import numpy as np
from jaxtyping import Float, UInt8

from beavervision.face.landmarks import LIPS_INNER, LOWER_LIDS, SKIN_TRIANGLES, UPPER_LIDS
from beavervision.face.morphable_model import FaceModel
from beavervision.preprocess.report.mesh_overlay import draw_mesh
from beavervision.stages.visualization.media import Film

SIDE = 400
"""Size of a face's panel, pixels."""
CENTIMETRES = 18.0
"""Extent of head space that a panel shows, cm."""
CENTRE = np.array([0.0, -3.0])
"""x and y in head space of a panel's centre, cm."""
PAPER, INK = (250, 248, 244), (70, 66, 62)
LID_RINGS = [np.concatenate([upper, lower[-2:0:-1]]) for upper, lower in zip(UPPER_LIDS, LOWER_LIDS, strict=True)]
HOLES = ((LIPS_INNER, (96, 30, 34)), *((ring, (84, 96, 112)) for ring in LID_RINGS))
"""Outlines of mouth and eyes, where the skin has holes, and the RGB behind them."""
SUBPIXEL = 4
"""Fractional bits of OpenCV's polygon coordinates."""


def mesh_video(
    name: str,
    motions: Mapping[str, Float[np.ndarray, "T E"]],
    identity: Float[np.ndarray, "I"],
    face: FaceModel,
    fps: float,
    sound: Float[np.ndarray, "N"] | None,
) -> Film:
    """Video of meshes of MediaPipe's 468 landmarks side by side, with the same speech.

    Args:
        name: name of the video.
        motions: title -> expression coefficients; frames of NaN stay empty.
        identity: identity coefficients of the face.
        face: face model of the coefficients.
        fps: frames per second.
        sound: sound from the first frame on, 16 kHz.
    """
    return Film(name, _drawn(motions, identity, face), fps, sound, caption=" | ".join(motions))


def draw_landmark_mesh(points: Float[np.ndarray, "468 3"], title: str = "") -> UInt8[np.ndarray, "S S 3"]:
    """Draw a face from the front.

    Args:
        points: the 468 landmarks in head space, cm; NaN leaves the panel empty.
        title: text in the panel's corner.
    """
    panel = np.full((SIDE, SIDE, 3), PAPER, np.uint8)
    cv2.putText(panel, title, (10, 24), cv2.FONT_HERSHEY_SIMPLEX, 0.6, INK, 1, cv2.LINE_AA)
    if not np.isfinite(points).all():
        return panel
    # Head space has y up, z towards the camera and the subject's left at +x: on the right of an unmirrored image.
    place = (points - [*CENTRE, 0.0]) * (1, -1, -1) * (SIDE / CENTIMETRES) + [SIDE / 2, SIDE / 2, 0.0]
    for outline, colour in HOLES:
        corners = np.round(place[outline, :2] * 2**SUBPIXEL).astype(np.int32)
        cv2.fillPoly(panel, [corners], colour, cv2.LINE_AA, SUBPIXEL)
    return draw_mesh(panel, place, SKIN_TRIANGLES)


def _drawn(
    motions: Mapping[str, Float[np.ndarray, "T E"]], identity: Float[np.ndarray, "I"], face: FaceModel
) -> Iterator[UInt8[np.ndarray, "S W 3"]]:
    keys = face.landmarks468
    rest = face.mean[keys] + np.tensordot(identity, face.id_basis[:, keys], 1)
    basis = face.exp_basis[:, keys]
    for expressions in zip(*motions.values(), strict=True):
        points = [rest + np.tensordot(expression, basis, 1) for expression in expressions]
        yield np.concatenate([draw_landmark_mesh(p, title) for p, title in zip(points, motions, strict=True)], 1)
