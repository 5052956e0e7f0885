"""Framing: the window of the footage that the canvas shows, frame by frame.

Footage is prepared once at its own size. A `FrameSpec` selects at read time what a stage sees of it, so that a sweep
over aspect and face scale needs no new tracking.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float
from scipy.ndimage import gaussian_filter1d

from beavervision.errors import ConfigError, FootageError

HEAD_MARGIN = (0.25, 0.55, 0.25, 0.12)
"""Head around the face box, in face widths and heights: left, above (hair), right, below (open jaw)."""

USUAL_HEIGHT = 512
"""Default canvas height, pixels: as in conf/frame."""

AUTO = "auto"
"""Name of the setting that takes the canvas recommended for the footage; see `face.canvas_recommendation`."""

SMALLEST_FACE = 8
"""Smallest face height on the canvas, pixels: with less, training is pointless."""

PATH_SIGMA = 12.0
"""Standard deviation of the smoothing of a moving crop, in frames: half a second at 25 fps, slower than nods and faster
than leaning."""


@dataclass(frozen=True)
class FrameSpec:
    """The canvas of a stage.

    Face height is the height of `Subject.box`, the box around the landmarks from the top of the forehead outline to the
    chin, without hair.
    """

    name: str
    aspect: float | None
    """Width / height of the canvas; None shows the whole frame of the footage."""
    height: int
    """Canvas height in pixels."""
    face_scale: float | None = None
    """Face height / canvas height; None takes the largest window of this aspect that fits into the footage."""
    offset: tuple[float, float] = (0.0, 0.0)
    """Position of the face's centre relative to the canvas's centre, in canvas widths and heights (right, down)."""

    def __post_init__(self) -> None:
        """Validate the settings.

        Raises:
            ConfigError: names the invalid key.
        """
        if self.height < 16:
            raise ConfigError(f"frame.height is {self.height}; give at least 16 pixels.")
        if self.aspect is not None and not 0.1 <= self.aspect <= 10:
            raise ConfigError(f"frame.aspect is {self.aspect}; give width / height, for example 0.5625 for 9x16.")
        if self.face_scale is not None and not 0.02 <= self.face_scale <= 1.5:
            raise ConfigError(f"frame.face_scale is {self.face_scale}; give face height / canvas height, 0.02 to 1.5.")
        if self.face_scale is not None and self.face_scale * self.height < SMALLEST_FACE:
            raise ConfigError(
                f"A face of frame.face_scale={self.face_scale:g} on {self.height} rows has fewer than {SMALLEST_FACE}; "
                "give a greater frame.face_scale or frame.height."
            )
        if self.aspect is None and self.face_scale is not None and not self.is_auto:
            raise ConfigError("frame=native shows the whole frame; choose frame=1x1 or such to set frame.face_scale.")
        object.__setattr__(self, "offset", tuple(float(o) for o in self.offset))

    @property
    def is_auto(self) -> bool:
        """Whether this is a request for the recommended canvas, which has no canvas of its own."""
        return self.name == AUTO

    @property
    def slug(self) -> str:
        """Short name that contains every setting and is valid as a folder name."""
        parts = [self.name, f"h{self.height}"]
        if self.face_scale is not None:
            parts.append(f"f{self.face_scale:g}")
        if any(self.offset):
            parts.append("o{:g}_{:g}".format(*self.offset))
        return "-".join(parts)

    @property
    def overrides(self) -> str:
        """Command-line overrides that select this canvas.

        Example:
            >>> FrameSpec("9x16", 9 / 16, 512, 0.35).overrides, FrameSpec("native", None, 256).overrides
            ('frame=9x16 frame.face_scale=0.35', 'frame=native frame.height=256')
        """
        parts = [f"frame={self.name}"]
        if self.height != USUAL_HEIGHT:
            parts.append(f"frame.height={self.height}")
        if self.face_scale is not None:
            parts.append(f"frame.face_scale={self.face_scale:g}")
        if any(self.offset):
            parts.append("frame.offset=[{:g},{:g}]".format(*self.offset))
        return " ".join(parts)

    def canvas(self, size: tuple[int, int]) -> tuple[int, int]:
        """Width and height of the canvas for footage of `size` (width, height); the width is even for codecs."""
        aspect = size[0] / size[1] if self.aspect is None else self.aspect
        return 2 * max(8, round(self.height * aspect / 2)), self.height


def crop_path(boxes: Float[np.ndarray, "T 4"], size: tuple[int, int], spec: FrameSpec) -> Float[np.ndarray, "T 3"]:
    """Window of every frame as (x0, y0, scale): canvas pixel (u, v) shows source pixel (x0 + u/scale, y0 + v/scale).

    The window stands still unless the head would leave it; then it follows slowly. It lies inside the footage where
    possible; the rest is padding. Frames without a face take the window of their neighbours.

    Args:
        boxes: face boxes x0 y0 x1 y1 in full-frame pixels, NaN where the subject is invisible.
        size: width and height of the footage in pixels.
        spec: the canvas.

    Raises:
        FootageError: when no frame shows the face.
    """
    width, height = spec.canvas(size)
    if spec.aspect is None:
        return np.tile([0.0, 0.0, height / size[1]], (len(boxes), 1))
    visible = np.isfinite(boxes).all(1)
    if not visible.any():
        raise FootageError("No frame shows the subject's face, so there is nothing to crop to; choose other footage.")
    scale = _scale(boxes[visible], size, spec, width, height)
    window = np.array([width, height]) / scale
    centres = (boxes[:, :2] + boxes[:, 2:]) / 2
    seen = centres[visible]
    still = _place((seen.min(0) + seen.max(0)) / 2, window, size, spec)
    origin = np.tile(still, (len(boxes), 1))
    if _leaves(boxes[visible], still, window, size):
        origin = _place(_follow(centres, visible), window, size, spec)
    return np.column_stack([origin, np.full(len(boxes), scale)])


def face_height(boxes: Float[np.ndarray, "T 4"], size: tuple[int, int], spec: FrameSpec) -> float:
    """Median height of the face on the canvas, px.

    Args:
        boxes: face boxes x0 y0 x1 y1 in full-frame pixels, NaN where the subject is invisible; at least one is visible.
        size: width and height of the footage in pixels.
        spec: the canvas.
    """
    seen = boxes[np.isfinite(boxes).all(1)]
    width, height = spec.canvas(size)
    scale = height / size[1] if spec.aspect is None else _scale(seen, size, spec, width, height)
    return scale * float(np.median(seen[:, 3] - seen[:, 1]))


def inside_footage(
    row: Float[np.ndarray, "3"], size: tuple[int, int], canvas: tuple[int, int]
) -> Bool[np.ndarray, "H W"]:
    """Canvas pixels whose centre lies in the footage (False: padding), for one row of a crop path."""
    x0, y0, scale = row
    x = x0 + (np.arange(canvas[0]) + 0.5) / scale
    y = y0 + (np.arange(canvas[1]) + 0.5) / scale
    return ((y >= 0) & (y < size[1]))[:, None] & ((x >= 0) & (x < size[0]))[None]


def _scale(seen: np.ndarray, size: tuple[int, int], spec: FrameSpec, width: int, height: int) -> float:
    """Canvas pixels per source pixel, the same for all frames of a clip."""
    if spec.face_scale is None:
        return max(width / size[0], height / size[1])
    return spec.face_scale * height / float(np.median(seen[:, 3] - seen[:, 1]))


def _place(centre: np.ndarray, window: np.ndarray, size: tuple[int, int], spec: FrameSpec) -> np.ndarray:
    """Top left corner that puts the face's centre where `spec` wants it, kept inside the footage where possible."""
    origin = centre - window * (0.5 + np.asarray(spec.offset))
    room = np.asarray(size) - window
    # Half a pixel of tolerance: the canvas's width is rounded to even, so it may slightly exceed the footage.
    return np.where(room >= -0.5, np.clip(origin, 0.0, np.maximum(room, 0.0)), origin)


def _leaves(boxes: np.ndarray, origin: np.ndarray, window: np.ndarray, size: tuple[int, int]) -> bool:
    """Whether some frame has a visible part of the head outside the window."""
    extent = np.tile(boxes[:, 2:] - boxes[:, :2], 2)
    heads = boxes + np.array([-1, -1, 1, 1]) * np.asarray(HEAD_MARGIN) * extent
    heads = np.clip(heads, 0.0, np.tile(size, 2))
    return bool((heads[:, :2] < origin - 0.5).any() or (heads[:, 2:] > origin + window + 0.5).any())


def _follow(centres: np.ndarray, visible: np.ndarray) -> np.ndarray:
    """Face centres, gaps filled, smoothed over time."""
    known, every = np.flatnonzero(visible), np.arange(len(centres))
    whole = np.column_stack([np.interp(every, known, centres[known, axis]) for axis in (0, 1)])
    return gaussian_filter1d(whole, PATH_SIGMA, axis=0, mode="nearest")
