"""Figures of the drawn mouth in whole frames: does it open as the footage's, and does it flicker."""

from __future__ import annotations

from collections.abc import Iterator

import cv2
import numpy as np
from jaxtyping import Float, UInt8

from beavervision.face.openness import mouth_open
from beavervision.preprocess.crop import SquareCrop
from beavervision.preprocess.face_mesh import FaceMesh
from beavervision.stages.lower_face.data import LowerFaceData
from beavervision.stages.lower_face.inference import render_patches
from beavervision.stages.lower_face.network import LowerFaceNetwork
from beavervision.stages.lower_face.patch_geometry import Affine, PatchGeometry, frame_box, inverse, shifted_to, warp

FEWEST = 8
"""Frames with a face in both films that correlation and quantiles need."""
WIDE = 95
"""Percentile of the mouth's opening that is compared."""


def mouth_figures(network: LowerFaceNetwork, data: LowerFaceData) -> dict[str, float]:
    """Measure the drawn mouth on the held-out frames, by a face mesh on the whole frame; no detail is carried.

    Args:
        network: of the lower face, on the CPU.
        data: set up.

    Returns:
        `mouth_r`, correlation of the opening with the footage's; `opening`, ratio of the 95th percentiles;
        `flicker`, ratio of the mean change from frame to frame inside the ellipse. Those that cannot be measured are
        left out.
    """
    openings, changes, before = [], [], None
    mesh, inside = FaceMesh(), data.geometry.ellipse() > 0
    for frame, footage, patch, drawn in _drawn(network, data):
        made = paste_patch(footage, drawn, data.geometry, data.affine(frame))
        square = SquareCrop.round_landmarks(data.person.landmarks[frame])
        found = [mesh.landmarks(picture, square) for picture in (made, footage)]
        if all(points is not None for points in found):
            openings.append([float(mouth_open(points[:, :2])) for points in found if points is not None])
        if before is not None and before[0] == frame - 1:
            pairs = zip((drawn, patch.astype(np.float32)), before[1], strict=True)
            changes.append([float(np.abs(now - then)[inside].mean()) for now, then in pairs])
        before = frame, (drawn, patch.astype(np.float32))
    mesh.close()
    figures: dict[str, float] = {}
    if len(openings) >= FEWEST:
        made, true = np.array(openings).T
        figures["mouth_r"] = float(np.corrcoef(made, true)[0, 1])
        figures["opening"] = float(np.percentile(made, WIDE) / max(np.percentile(true, WIDE), 1e-6))
    if changes:
        made, true = np.mean(changes, 0)
        figures["flicker"] = float(made / max(true, 1e-6))
    return figures


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
