"""Canvas recommendation: shows the subject as large as possible without enlarging the footage."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from jaxtyping import Float

from beavervision.errors import ConfigError
from beavervision.face.framing import FrameSpec, face_height

HEIGHTS = (128, 192, 256, 384, 512)
"""Possible canvas heights, px; conf/frame's 512 is the largest that the schedules are made for."""

FINER = 1.05
"""Canvas pixels per footage pixel that do not count as enlargement."""

LARGE_FACE = 0.25
"""Face height / frame height from which the whole frame is a good canvas: 128 px of face at 512."""

FACE_SCALE = 0.45
"""Face height / canvas height where the canvas is cropped to the head: it leaves room for hair, neck and shoulders
(framing.HEAD_MARGIN makes the head 1.67 face heights high)."""

LEGIBLE_FACE = 24
"""Smallest face height on the canvas that is trained, px: the lips are 5 % of it thick, about one pixel."""


def recommend(box: Float[np.ndarray, "T 4"], size: tuple[int, int], n_people: int) -> FrameSpec:
    """Choose the canvas that shows the subject as large as possible without enlarging the footage.

    Args:
        box: face box, full-frame px; NaN where not visible.
        size: width and height of the footage, px.
        n_people: number of people in the footage; with several, the canvas is cropped to the subject.
    """
    share = _face_px(box) / size[1]
    if not share or (share >= LARGE_FACE and n_people == 1):
        return FrameSpec("native", None, _fitting(size[1]))
    scale = round(float(max(FACE_SCALE, share * size[1] / min(size))), 2)
    return FrameSpec("1x1", 1.0, _fitting(share * size[1] / scale), scale)


def resolve_auto(
    request: FrameSpec, box: Float[np.ndarray, "T 4"], size: tuple[int, int], n_people: int, *, exact_height: bool
) -> FrameSpec:
    """Return the canvas of `frame=auto`: the recommended one, with the settings that were given explicitly.

    Args:
        request: name `auto`; `face_scale` None takes the recommended one.
        box: face box, full-frame px; NaN where not visible.
        size: width and height of the footage, px.
        n_people: number of people in the footage.
        exact_height: whether `request.height` is used as it is; otherwise it is the largest allowed height.
    """
    spec = recommend(box, size, n_people)
    if request.face_scale is not None:
        spec = FrameSpec("1x1", 1.0, _fitting(_face_px(box) / request.face_scale), request.face_scale)
    height = request.height if exact_height else min(spec.height, request.height)
    return replace(spec, height=height, offset=request.offset)


def canvas_reason(spec: FrameSpec) -> str:
    """Why this canvas suits the footage, in one sentence."""
    if spec.face_scale is None:
        return "The face fills enough of the frame for the whole of it to be the canvas."
    return f"The canvas is cut round the head: the face takes {100 * spec.face_scale:.0f} % of its height."


def check_legible(spec: FrameSpec, box: Float[np.ndarray, "T 4"], size: tuple[int, int]) -> None:
    """Raise where the canvas shows the face too small for any training.

    Raises:
        ConfigError: names the canvas, the height of the face on it, and the remedy.
    """
    if not np.isfinite(box).all(1).any():
        return
    height = face_height(box, size, spec)
    if height < LEGIBLE_FACE:
        raise ConfigError(
            f"{spec.overrides} shows the face {int(height)} pixels high, and its lips are less than a pixel thick; "
            f"leave frame= out, or choose a canvas with at least {LEGIBLE_FACE} pixels of face."
        )


def _face_px(box: Float[np.ndarray, "T 4"]) -> float:
    """Median face height in the footage, px; 0 where no frame shows the face."""
    heights = (box[:, 3] - box[:, 1])[np.isfinite(box).all(1)]
    return float(np.median(heights)) if len(heights) else 0.0


def _fitting(height: float) -> int:
    """The largest canvas height that does not enlarge `height` pixels of footage, or the smallest of all."""
    return max((h for h in HEIGHTS if h <= FINER * height), default=HEIGHTS[0])
