"""Selects the held-out frames of a strip: evenly spaced ones, and the worst."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, UInt8

from beavervision.stages.radnerf_head.visualization.captions import caption_height, caption_line, enlarge_for_caption
from beavervision.stages.visualization.media import Picture

ROWS = 4
"""Number of evenly spaced frames of a strip; the worst of the others is added."""
FIGURES = {"psnr": "head {:.1f} dB", "psnr_face": "face {:.1f}", "psnr_mouth": "mouth {:.1f}", "ssim": "SSIM {:.3f}"}
"""Metrics in the caption of a row."""


@dataclass(frozen=True)
class Row:
    """One frame of a strip."""

    panels: UInt8[np.ndarray, "H W 3"]
    figures: Mapping[str, float]
    """Metrics of the frame, and its number."""
    count: int
    """Number of panels."""


class StripSelection:
    """Keeps a few rows of a validation, for any number of frames.

    Args:
        name: name of the strip.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self._spread: list[Row] = []
        self._worst: Row | None = None

    def add(
        self,
        figures: Mapping[str, float],
        truth: Float[np.ndarray, "H W 3"],
        picture: Float[np.ndarray, "H W 3"],
        error: Float[np.ndarray, "H W 3"],
        depth: Float[np.ndarray, "H W"] | None,
        *,
        spread: bool,
    ) -> None:
        """Offer a frame to the strip, which may keep it.

        Args:
            figures: metrics of the frame, including `frame` and `psnr`.
            truth: footage, in [0, 1].
            picture: head composited over the background, in [0, 1].
            error: error within the head's pixels.
            depth: depth in cm; 0 where alpha is 0; None where it is unknown.
            spread: whether it is one of the evenly spaced frames.
        """
        # A frame whose metrics are NaN is the worst.
        worst = self._worst is None or figures["psnr"] < self._worst.figures["psnr"]
        if not (spread or worst):
            return
        row = Row(strip_row(truth, picture, error, depth), figures, 3 if depth is None else 4)
        if spread:
            self._spread.append(row)
        if worst and np.isfinite(figures["psnr"]):
            self._worst = row

    def strip(self) -> list[Picture]:
        """All rows as one image with captions, in a list; empty if there are no rows."""
        others = [] if self._worst is None or any(row is self._worst for row in self._spread) else [self._worst]
        rows = [*self._spread, *others]
        if not rows:
            return []
        pieces = []
        for row in rows:
            panels = enlarge_for_caption(row.panels, row.count)
            letters = caption_height(panels.shape[1] // row.count)
            pieces += [caption_line([self._caption(row)], panels.shape[1], letters), panels]
        titles = PANELS[: rows[-1].count]
        width = pieces[-1].shape[1]
        pieces.insert(0, caption_line(titles, width, caption_height(width // rows[-1].count)))
        return [Picture(self.name, np.concatenate(pieces), " | ".join(titles))]

    def clear(self) -> None:
        """Remove all rows."""
        self._spread, self._worst = [], None

    def _caption(self, row: Row) -> str:
        known = [text.format(row.figures[key]) for key, text in FIGURES.items() if np.isfinite(row.figures[key])]
        worst = ["the worst frame"] if row is self._worst else []
        return "   ".join([f"frame {row.figures['frame']:.0f}", *known, *worst])


def spread_positions(count: int) -> set[int]:
    """Positions of the evenly spaced frames among `count` frames.

    Example:
        >>> sorted(spread_positions(10))
        [0, 3, 6, 9]
    """
    return set(np.linspace(0, count - 1, min(ROWS, count)).round().astype(int).tolist()) if count else set()


ERROR_GAIN = 4.0
"""Factor by which errors are amplified in the image."""
PANELS = ("footage", "render", f"error x {ERROR_GAIN:g}", "depth, near bright")


def strip_row(
    truth: Float[np.ndarray, "H W 3"],
    render: Float[np.ndarray, "H W 3"],
    error: Float[np.ndarray, "H W 3"],
    depth: Float[np.ndarray, "H W"] | None,
) -> UInt8[np.ndarray, "H W2 3"]:
    """Row of one frame: truth | render | error x 4 | depth (near is bright), where it is known.

    Args:
        truth: footage, in [0, 1].
        render: composited render, in [0, 1].
        error: error within the head's pixels, signed or not.
        depth: depth in cm; 0 where alpha is 0.
    """
    panels = [truth, render, np.abs(error) * ERROR_GAIN]
    if depth is not None:
        panels.append(np.repeat(_shade(depth)[..., None], 3, -1))
    return (np.clip(np.concatenate(panels, 1), 0, 1) * 255).round().astype(np.uint8)


def _shade(depth: Float[np.ndarray, "H W"]) -> Float[np.ndarray, "H W"]:
    """Brightness of depths: near is bright, no depth is black."""
    shade = np.zeros_like(depth)
    solid = depth > 0
    if solid.any():
        near, far = np.quantile(depth[solid], [0.01, 0.99])
        shade[solid] = 1 - 0.85 * np.clip((depth[solid] - near) / max(far - near, 1e-6), 0, 1)
    return shade
