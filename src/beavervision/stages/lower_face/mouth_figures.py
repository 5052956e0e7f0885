"""Figures of the drawn lower face beside the footage's own: sharpness, opening, flicker and seam."""

from __future__ import annotations

from collections.abc import Iterator

import cv2
import numpy as np
from jaxtyping import Float, UInt8

from beavervision.metrics.film_comparison import FilmComparison
from beavervision.metrics.seam import seam_gradients
from beavervision.stages.lower_face.data import LowerFaceData
from beavervision.stages.lower_face.inference import render_patches
from beavervision.stages.lower_face.network import LowerFaceNetwork
from beavervision.stages.lower_face.patch_geometry import Affine, PatchGeometry, frame_box, inverse, shifted_to, warp
from beavervision.stages.opening_meter import OpeningMeter

SEAM_WIDTH = 3.0
"""Width of the band inside the border of the drawn region in which the seam is measured, px."""


def mouth_figures(network: LowerFaceNetwork, data: LowerFaceData) -> dict[str, float]:
    """Compare the held-out frames with a drawn lower face with the footage; no detail is carried.

    Args:
        network: of the lower face, on the CPU.
        data: set up.

    Returns:
        See `FilmComparison.compute`; gradient and flicker inside the ellipse, the mouth and the seam in whole frames.
    """
    comparison, inside = FilmComparison(), data.geometry.ellipse() > 0
    with OpeningMeter() as meter:
        for frame, footage, patch, drawn in _drawn(network, data):
            made = paste_patch(footage, drawn, data.geometry, data.affine(frame))
            openings = meter.measure([made, footage], data.person.landmarks[frame])
            comparison.add(
                frame,
                (np.clip(drawn, 0, 255) + 0.5).astype(np.uint8),
                patch,
                inside,
                None if openings is None else (openings[0], openings[1]),
                seam_gradients(made, footage, SEAM_WIDTH),
            )
    return comparison.compute()


def paste_patch(
    frame: UInt8[np.ndarray, "H W 3"], drawn: Float[np.ndarray, "S S 3"], geometry: PatchGeometry, affine: Affine
) -> UInt8[np.ndarray, "H W 3"]:
    """A frame with a drawn patch, its border soft.

    Args:
        frame: the footage.
        drawn: [0, 255].
        geometry: of the patch.
        affine: frame to patch.
    """
    left, top, right, bottom = frame_box(affine, geometry.size, (frame.shape[1], frame.shape[0]))
    size, back = (right - left, bottom - top), inverse(shifted_to(affine, left, top))
    if min(size) <= 0:
        return frame
    share = np.clip(warp(geometry.matte, back, size, cv2.INTER_LINEAR), 0, 1)[..., None]
    result = frame.copy()
    part = result[top:bottom, left:right]
    mixed = warp(drawn, back, size) * share + part * (1 - share)
    result[top:bottom, left:right] = (np.clip(mixed, 0, 255) + 0.5).astype(np.uint8)
    return result


def _drawn(
    network: LowerFaceNetwork, data: LowerFaceData
) -> Iterator[tuple[int, UInt8[np.ndarray, "H W 3"], UInt8[np.ndarray, "S S 3"], Float[np.ndarray, "S S 3"]]]:
    """Held-out frames: number, footage, its patch, and the patch with the footage's own motion drawn."""
    for frame, footage in data.clip.frames(data.held_out_frames.tolist()):
        row = data.patches.row(frame)
        patch = np.array(data.patches.rgb[row])
        yield frame, footage, patch, render_patches(network, data.geometry, patch[None], data.points[row][None])[0]
