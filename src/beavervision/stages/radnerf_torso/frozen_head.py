"""The frozen head, rendered from its bundle, with which the torso is trained."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Float, UInt8

from beavervision.artifacts.bundle import Bundle, RendererFacts
from beavervision.artifacts.clip import Clip, Subject
from beavervision.artifacts.crops import Crops
from beavervision.artifacts.manifest import Manifest
from beavervision.errors import BundleError
from beavervision.face.model_registry import load_face_model
from beavervision.nerf.condition_normalizer import fill_gaps
from beavervision.stages.radnerf_head.inference import HeadRenderer

STAGE = "radnerf_head"
BATCH = 4
"""Frames rendered at once."""


Rendering = tuple[int, Float[np.ndarray, "H W 3"], Float[np.ndarray, "H W"]]
"""Frame, premultiplied colour, opacity."""


@dataclass(frozen=True)
class RenderedHead:
    """The frozen head in one frame, with 8 bits per value."""

    rgb: UInt8[np.ndarray, "H W 3"]
    """Colour, premultiplied by opacity."""
    alpha: UInt8[np.ndarray, "H W"]


def keep_rendered(renderings: Iterable[Rendering]) -> dict[int, RenderedHead]:
    """Renderings by frame, quantised to 8 bits per value."""
    return {t: RenderedHead(_bytes(rgb), _bytes(alpha)) for t, rgb, alpha in renderings}


def _bytes(values: np.ndarray) -> np.ndarray:
    return (np.clip(values, 0, 1) * 255 + 0.5).astype(np.uint8)


def check_head(folder: Path, clip: Clip, slug: str) -> None:
    """Raise if the head belongs to another clip or canvas.

    Args:
        folder: bundle of radnerf_head.
        clip: the clip of the torso's training.
        slug: the canvas of the torso's training (`FrameSpec.slug`).

    Raises:
        BundleError: names the difference and the command that trains a matching head.
    """
    facts = Manifest.read(folder, RendererFacts).facts
    again = f"make its head with: python train.py model={STAGE} data=myvideo data.name={clip.name}"
    if facts.clip_sha256 != clip.sha256:
        raise BundleError(f"{folder} is a head of clip {facts.clip}, prepared otherwise than {clip.folder}; {again}.")
    if facts.frame != slug:
        raise BundleError(f"{folder} is a head on canvas {facts.frame}, this torso's is {slug}; {again}.")


def head_poses(folder: Path) -> tuple[Float[np.ndarray, "T 3 3"], Float[np.ndarray, "T 3"]]:
    """Tracked and corrected poses of a head's training; gaps filled.

    Args:
        folder: bundle of radnerf_head.
    """
    bundle = Bundle.load(folder, STAGE)
    if missing := {"rotation", "translation"} - set(bundle.assets):
        raise BundleError(f"{folder} lacks the array {min(missing)}; {bundle.facts.REMEDY}.")
    return bundle.assets["rotation"], bundle.assets["translation"]


class FrozenHead:
    """Renders the head for a clip's own frames.

    Args:
        folder: bundle of radnerf_head.
        clip, subject, crops: the footage on the canvas of the head.
        backend: backend of the head's grids.
    """

    def __init__(self, folder: Path, clip: Clip, subject: Subject, crops: Crops, backend: str = "auto") -> None:
        self._renderer = HeadRenderer.from_bundle(folder, backend=backend)
        self._crops = crops
        model = load_face_model(clip.facts.basis)
        self._condition = model.condition68(subject.identity, fill_gaps(subject.expression)).astype(np.float32)
        self._eye = fill_gaps(subject.eye_open).mean(1).astype(np.float32)

    def render(self, frames: np.ndarray) -> Iterator[tuple[int, Float[np.ndarray, "H W 3"], Float[np.ndarray, "H W"]]]:
        """Yield (frame, premultiplied colour, opacity) of the given frames, all of which must be visible."""
        rotation, translation, _ = self._renderer.source_poses
        for start in range(0, len(frames), BATCH):
            some = frames[start : start + BATCH]
            rgb, alpha = self._renderer.render(
                self._condition,
                self._eye,
                rotation[some],
                translation[some],
                self._crops.cameras[some],
                some,
                clamp=False,
            )
            for frame, colour, opacity in zip(some, np.asarray(rgb), np.asarray(alpha), strict=True):
                yield int(frame), colour, opacity
