"""Which held-out frames a strip shows: some that are spread over them all, and the worst."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, UInt8

from beavervision.stages.radnerf_head.visualization.captions import caption_height, caption_line, enlarge_for_caption
from beavervision.stages.visualization.media import Picture

ROWS = 4
"""Frames of a strip that are spread over all; the worst of the others comes besides."""
FIGURES = {"psnr": "head {:.1f} dB", "psnr_face": "face {:.1f}", "psnr_mouth": "mouth {:.1f}", "ssim": "SSIM {:.3f}"}
"""What stands above a row."""


@dataclass(frozen=True)
class Row:
    """One frame."""

    panels: UInt8[np.ndarray, "H W 3"]
    figures: Mapping[str, float]
    """Its number among them."""
    count: int
    """Of the panels."""


class StripSelection:
    """Holds a few rows of a validation, whatever the number of frames that go by.

    Args:
        name: of the strip.
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
        """Show a frame to the gallery, which keeps it or not.

        Args:
            figures: of the frame, `frame` and `psnr` among them.
            truth: in [0, 1].
            picture: the head over the background, in [0, 1].
            error: what the head is to blame for.
            depth: cm; 0 where there is nothing; None where it is not known.
            spread: whether it is one of those that stand for all.
        """
        # A frame whose figures are not numbers is worse than none.
        worst = self._worst is None or figures["psnr"] < self._worst.figures["psnr"]
        if not (spread or worst):
            return
        row = Row(strip_row(truth, picture, error, depth), figures, 3 if depth is None else 4)
        if spread:
            self._spread.append(row)
        if worst and np.isfinite(figures["psnr"]):
            self._worst = row

    def strip(self) -> list[Picture]:
        """All rows as one picture with captions; none before there were any."""
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
        """Forget all rows."""
        self._spread, self._worst = [], None

    def _caption(self, row: Row) -> str:
        known = [text.format(row.figures[key]) for key, text in FIGURES.items() if np.isfinite(row.figures[key])]
        worst = ["the worst frame"] if row is self._worst else []
        return "   ".join([f"frame {row.figures['frame']:.0f}", *known, *worst])


def spread_positions(count: int) -> set[int]:
    """Places, among `count` frames, of those that stand for all.

    Example:
        >>> sorted(spread_positions(10))
        [0, 3, 6, 9]
    """
    return set(np.linspace(0, count - 1, min(ROWS, count)).round().astype(int).tolist()) if count else set()


ERROR_GAIN = 4.0
"""Errors are shown this many times too bright."""
PANELS = ("footage", "render", f"error x {ERROR_GAIN:g}", "depth, near bright")


def strip_row(
    truth: Float[np.ndarray, "H W 3"],
    render: Float[np.ndarray, "H W 3"],
    error: Float[np.ndarray, "H W 3"],
    depth: Float[np.ndarray, "H W"] | None,
) -> UInt8[np.ndarray, "H W2 3"]:
    """One frame's row: truth | render | error x 4 | depth, near bright, where it is known.

    Args:
        truth: in [0, 1].
        render: in [0, 1], composited.
        error: what the head is to blame for; signed or not.
        depth: cm; 0 where there is nothing.
    """
    panels = [truth, render, np.abs(error) * ERROR_GAIN]
    if depth is not None:
        panels.append(np.repeat(_shade(depth)[..., None], 3, -1))
    return (np.clip(np.concatenate(panels, 1), 0, 1) * 255).round().astype(np.uint8)


def _shade(depth: Float[np.ndarray, "H W"]) -> Float[np.ndarray, "H W"]:
    """Brightness of depths: near bright, nothing black."""
    shade = np.zeros_like(depth)
    solid = depth > 0
    if solid.any():
        near, far = np.quantile(depth[solid], [0.01, 0.99])
        shade[solid] = 1 - 0.85 * np.clip((depth[solid] - near) / max(far - near, 1e-6), 0, 1)
    return shade
