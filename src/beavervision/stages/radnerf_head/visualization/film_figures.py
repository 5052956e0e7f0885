"""Figures of the rendered head beside the footage's own: sharpness, opening, flicker and seam."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from jaxtyping import Float, UInt8

from beavervision.metrics.film_comparison import FilmComparison
from beavervision.metrics.seam import seam_gradients
from beavervision.stages.opening_meter import OpeningMeter
from beavervision.stages.radnerf_head.batch import FrameBatch, head_masks
from beavervision.stages.radnerf_head.data import HeadData
from beavervision.stages.radnerf_head.targets import PixelTarget
from beavervision.stages.radnerf_head.visualization.held_out_renders import Render

SEAM_WIDTH = 3.0
"""Width of the band inside the head's outline in which the seam is measured, px."""
SUFFIX = {"full": "", "fast": "_fast"}
"""Suffix of a renderer's figures."""


def film_figures(renders: Mapping[str, Render], data: HeadData) -> dict[str, float]:
    """Compare all held-out frames, with the head laid over the footage, with the footage, on the canvas.

    Args:
        renders: render functions of the head by their name in `hardware.render`.
        data: set up.

    Returns:
        See `FilmComparison.compute`; gradient and flicker of the skin, the distilled head's with the suffix `_fast`.
    """
    comparisons = {name: FilmComparison() for name in renders}
    with OpeningMeter() as meter:
        for t in data.test_frames.tolist():
            batch, truth = data.frame_batch(t), np.asarray(data.crops.rgb[t])
            skin = head_masks(batch)["psnr_face"].numpy()
            made = {name: _laid(render, batch) for name, render in renders.items()}
            openings = meter.measure([truth, *made.values()], _landmarks(data, t))
            for number, (name, picture) in enumerate(made.items(), 1):
                pair = None if openings is None else (openings[number], openings[0])
                comparisons[name].add(t, picture, truth, skin, pair, seam_gradients(picture, truth, SEAM_WIDTH))
    return {
        f"{key}{SUFFIX[name]}": value
        for name, comparison in comparisons.items()
        for key, value in comparison.compute().items()
    }


def _laid(render: Render, batch: FrameBatch) -> UInt8[np.ndarray, "H W 3"]:
    """The head over the footage; where it is occluded or padded, the footage."""
    height, width = batch.labels.shape
    shown, truth = render(batch, (width, height)), batch.rgb.numpy().astype(np.float32)
    rgb, alpha = shown.rgb[0].cpu().numpy(), shown.alpha[0].cpu().numpy()[..., None]
    laid = (np.clip(255 * rgb + (1 - alpha) * truth, 0, 255) + 0.5).astype(np.uint8)
    return np.where((batch.target == PixelTarget.IGNORED).numpy()[..., None], batch.rgb.numpy(), laid)


def _landmarks(data: HeadData, t: int) -> Float[np.ndarray, "478 2"]:
    """Tracked landmarks on the canvas, px."""
    x0, y0, scale = data.crops.path[t]
    return (data.subject.landmarks[t, :, :2] - [x0, y0]) * scale
