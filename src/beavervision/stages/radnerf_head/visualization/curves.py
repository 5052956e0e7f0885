"""Metrics of held-out frames over time, over their sound."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from beavervision.artifacts.clip import Clip
from beavervision.data.speech_sample import audio_of_frames
from beavervision.stages.visualization.media import Curves

LINES = {"psnr": "head", "psnr_face": "face", "psnr_mouth": "mouth box", "psnr_fast": "head, fast"}
"""Metric -> its name in the legend."""


def frame_curves(rows: Sequence[Mapping[str, float]], clip: Clip) -> list[Curves]:
    """PSNR of every held-out frame, with gaps at frames without the face; empty if there are no rows.

    Args:
        rows: metrics of single frames, including `frame`.
        clip: clip of the frames.
    """
    if not rows:
        return []
    by_frame = {int(row["frame"]): row for row in rows}
    frames = range(min(by_frame), max(by_frame) + 1)
    names = [name for name in LINES if name in rows[0]]
    lines = {LINES[name]: np.array([by_frame.get(t, {}).get(name, np.nan) for t in frames]) for name in names}
    sound = audio_of_frames(clip, frames) if clip.has_audio else None
    return [Curves("frames", np.asarray(frames), lines, "frame", "PSNR, dB", "PSNR of every held-out frame", sound)]
