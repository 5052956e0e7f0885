"""Compares a dub with its source: frames before encoding, the encoded video, and the result of `prepare` on it."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import cv2
import numpy as np
import torch
from film_cast import Cast

from beavervision.artifacts.clip import Clip
from beavervision.compositing.seam import FRONT, SOFT
from beavervision.metrics.jitter import landmark_jitter
from beavervision.metrics.seam import seam_gradients
from beavervision.preprocess import PrepareOptions, prepare
from beavervision.types import Label
from beavervision.video.decode import read_frames
from beavervision.video.encode import VideoWriter

HEAD = (Label.HAIR, Label.FACE)
AWAY = 0.10
"""Distance in head heights beyond which no pixel belongs to the head; the soft border is 2.4 % wide, and hair moves."""
RIGID = [33, 133, 362, 263, 168, 6, 197, 195, 5, 4]
"""MediaPipe landmarks of eye corners and nose ridge, which move only with the skull."""
STILL = 1 / 3
"""Share of the frames with the least motion that count as still moments."""


@dataclass
class Errors:
    """Squared errors accumulated over frames."""

    total: float = 0.0
    count: int = 0

    def add(self, one: np.ndarray, other: np.ndarray, where: np.ndarray) -> None:
        """Add the squared error of two images in the pixels `where`."""
        difference = one[where].astype(np.float32) - other[where]
        self.total, self.count = self.total + float((difference**2).sum()), self.count + difference.size

    @property
    def psnr(self) -> float:
        """PSNR of all added pixels, dB."""
        return 10 * np.log10(255**2 / max(self.total / max(self.count, 1), 1e-9))


@dataclass
class Dub:
    """Measurements of a dub of some frames with their own speech."""

    held_out: range
    whole: Errors = field(default_factory=Errors)
    head: Errors = field(default_factory=Errors)
    foreign: int = 0
    """Pixels away from both heads that differ from the source, before encoding."""
    away: int = 0
    across: list[tuple[float, float]] = field(default_factory=list)
    hand: list[tuple[int, int]] = field(default_factory=list)
    """Hand pixels in front of the head, and how many of them are identical to the source."""

    def see(self, index: int, made: np.ndarray, source: np.ndarray, labels: np.ndarray) -> None:
        """Measure one frame of the video before encoding."""
        head = np.isin(labels, HEAD)
        rows = np.flatnonzero(head.any(1))
        if index in self.held_out and len(rows):
            self.whole.add(made, source, np.ones(head.shape, bool))
            self.head.add(made, source, head)
        if not len(rows):
            return
        size = float(np.ptp(rows) + 1)
        far = cv2.distanceTransform((~head).astype(np.uint8), cv2.DIST_L2, 3) > AWAY * size
        self.foreign, self.away = self.foreign + int((made != source).any(-1)[far].sum()), self.away + int(far.sum())
        # Pixels of the source's head are excluded: there, the gradient differs because of the sharpness of the head.
        self.across.append(seam_gradients(made, source, SOFT * size, ~np.isin(labels, (*FRONT, *HEAD))))
        hand = cv2.erode((labels == Label.HAND).astype(np.uint8), np.ones((5, 5), np.uint8)) > 0
        if (near := hand & ~far).any():
            self.hand.append((int(near.sum()), int((made == source).all(-1)[near].sum())))


def dub(cast: Cast, span: range) -> list[tuple[str, str]]:
    """Dub frames with their own speech; measure raw frames, the encoded video, and the result of `prepare` on it."""
    clip, film, coded = cast.clip, cast.folder / "dub.mp4", cast.folder / "source.mp4"
    settings = {"mode": "dub", "length": "source", "pose_frames": (span.start, span.stop)}
    maker = cast.maker(cast.own_sound(span), **settings)
    seen, (width, height) = Dub(clip.test_range), clip.size
    sources, maps = clip.frames(list(span)), clip.labels(list(span))
    with VideoWriter(film, width, height, clip.fps) as made_file, VideoWriter(coded, width, height, clip.fps) as kept:
        for made, (index, source), (_, labels) in zip(maker.frames(), sources, maps, strict=False):
            seen.see(index, made, source, labels)
            made_file.write(made)
            kept.write(source)
    rows = []
    if seen.whole.count:
        rows += [
            ("PSNR of held-out frames, whole", f"{seen.whole.psnr:.1f} dB (>= 35)"),
            ("PSNR of held-out frames, head", f"{seen.head.psnr:.1f} dB (>= 26)"),
        ]
    rows += [
        (
            "pixels away from the head that differ from the source, before encoding",
            f"{seen.foreign} of {seen.away / 1e6:.1f} million",
        ),
        (
            "PSNR of these pixels after encoding (of the source, encoded with the same settings)",
            _coded(clip, span, film, coded),
        ),
        ("gradient across the border relative to the source", _ratio(seen.across)),
    ]
    if seen.hand:
        total, same = np.sum(seen.hand, 0)
        rows.append(
            ("hand pixels in front of the head that are identical to the source", f"{100 * same / total:.1f} %")
        )
    return rows + again(cast, film, span)


def _ratio(across: list[tuple[float, float]]) -> str:
    made, source = np.nanmean(across, 0)
    return f"{100 * made / source:.0f} % (90-110)"


def _coded(clip: Clip, span: range, film: Path, coded: Path) -> str:
    """PSNR of both encoded files against the source, away from the head."""
    errors = Errors(), Errors()
    four = zip(read_frames(film), read_frames(coded), clip.frames(list(span)), clip.labels(list(span)), strict=False)
    for made, kept, (_, source), (_, labels) in four:
        head = np.isin(labels, HEAD)
        rows = np.flatnonzero(head.any(1))
        if len(rows):
            far = cv2.distanceTransform((~head).astype(np.uint8), cv2.DIST_L2, 3) > AWAY * (np.ptp(rows) + 1)
            for error, frame in zip(errors, (made, kept), strict=True):
                error.add(frame.rgb, source, far)
    return f"{errors[0].psnr:.1f} dB ({errors[1].psnr:.1f} dB)"


def again(cast: Cast, film: Path, span: range) -> list[tuple[str, str]]:
    """Prepare the dub like footage and compare the hand labels and the jitter of the head with the source."""
    found = prepare(film, cast.folder / "clip", PrepareOptions("dub", workers=0))
    rows, own, theirs = [], cast.clip.subjects[0].landmarks[span.start : span.stop], found.subjects[0].landmarks
    n = min(len(own), len(theirs))
    own, theirs = own[:n, RIGID, :2], theirs[:n, RIGID, :2]
    both, either = 0, 0
    for (_, first), (_, second) in zip(cast.clip.labels(list(span)), found.labels(), strict=False):
        hands = first == Label.HAND, second == Label.HAND
        both, either = both + int((hands[0] & hands[1]).sum()), either + int((hands[0] | hands[1]).sum())
    if either:
        rows.append(("IoU of the hands detected in dub and source", f"{both / either:.3f} (>= 0.9)"))
    speed = np.linalg.norm(np.gradient(cv2.blur(own.reshape(n, -1), (1, 5)).reshape(own.shape), axis=0), axis=-1)
    slow = speed.mean(1) <= np.nanquantile(speed.mean(1), STILL)
    pairs = [np.where(slow[:, None, None], points, np.nan) for points in (theirs, own)]
    made, source = (float(landmark_jitter(_tensor(points))) for points in pairs)
    rows.append(("jitter in still moments, dub and source", f"{made:.3f}, {source:.3f} px (no more than the source)"))
    return rows


def _tensor(points: np.ndarray) -> torch.Tensor:
    return torch.from_numpy(points.astype(np.float32))
