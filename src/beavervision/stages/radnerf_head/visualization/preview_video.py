"""Preview videos and metric curves of a trained head on held-out frames."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import cv2
import numpy as np
from jaxtyping import Float, UInt8

from beavervision.artifacts.clip import Clip
from beavervision.data.speech_sample import audio_of_frames
from beavervision.stages.radnerf_head.batch import FrameBatch
from beavervision.stages.radnerf_head.data import HeadData
from beavervision.stages.radnerf_head.visualization.captions import caption_height, caption_line, enlarge_for_caption
from beavervision.stages.radnerf_head.visualization.held_out_renders import Render
from beavervision.stages.visualization.media import PREVIEW, Curves, Film

MOST_FRAMES = 75
"""Number of frames: three seconds, which take seconds to render on a CPU."""
MOST_ROWS = 256
"""Largest height of a preview, pixels; `infer` renders at full size."""
FOOTAGE = "footage"


def preview_film(render: Render, data: HeadData) -> Film:
    """Footage beside render, with sound, for the first held-out frames.

    Args:
        render: render function of the head.
        data: the set-up DataModule.
    """
    frames = data.clip.test_range[:MOST_FRAMES]
    pairs = _panels(data, frames, {"head": render}, preview_size(data.crops.size))
    return _film(PREVIEW, data, frames, pairs, "footage | head, held-out frames")


def held_out_film(renders: Mapping[str, Render], data: HeadData) -> Film:
    """All held-out frames at canvas size, with frame numbers: footage beside each render, with sound.

    Args:
        renders: title -> render function.
        data: the set-up DataModule.
    """
    frames = data.clip.test_range
    panels = _panels(data, frames, renders, data.crops.size)
    pairs = zip(frames, panels, strict=True)
    numbered = (_titled(picture, (f"{FOOTAGE}, frame {t}", *renders)) for t, picture in pairs)
    return _film("held_out", data, frames, numbered, " | ".join([FOOTAGE, *renders]))


def preview_size(canvas: tuple[int, int]) -> tuple[int, int]:
    """Width and height of one image of the preview: those of the canvas, reduced if necessary.

    Example:
        >>> preview_size((910, 512))
        (455, 256)
    """
    share = min(1.0, MOST_ROWS / canvas[1])
    return max(1, round(canvas[0] * share)), max(1, round(canvas[1] * share))


def _film(
    name: str, data: HeadData, frames: range, pictures: Iterator[UInt8[np.ndarray, "H W 3"]], caption: str
) -> Film:
    sound = audio_of_frames(data.clip, frames) if data.clip.has_audio else None
    return Film(name, pictures, data.clip.fps, sound, caption)


def _panels(
    data: HeadData, frames: range, renders: Mapping[str, Render], size: tuple[int, int]
) -> Iterator[UInt8[np.ndarray, "H W2 3"]]:
    """Footage and each render over the background, side by side; for frames without a face the footage alone."""
    for t in frames:
        truth = _shrunk(data.crops.rgb[t], size)
        plate = data.crops.plate(t)
        behind = np.zeros_like(truth) if plate is None else _shrunk(plate, size)
        if not data.subject.visible[t]:
            yield np.concatenate([truth, *[behind] * len(renders)], 1)
            continue
        batch = data.frame_batch(t)
        yield np.concatenate([truth, *(_over(render, batch, behind) for render in renders.values())], 1)


def _over(render: Render, batch: FrameBatch, behind: UInt8[np.ndarray, "H W 3"]) -> UInt8[np.ndarray, "H W 3"]:
    """The head of a frame over the background, at the background's size."""
    height, width = behind.shape[:2]
    shown = render(batch, (width, height))
    rgb, alpha = shown.rgb[0].cpu().numpy(), shown.alpha[0].cpu().numpy()[..., None]
    return _bytes(rgb + (1 - alpha) * (behind / np.float32(255)))


def _titled(panels: UInt8[np.ndarray, "H W 3"], titles: tuple[str, ...]) -> UInt8[np.ndarray, "H2 W2 3"]:
    panels = enlarge_for_caption(panels, len(titles))
    width = panels.shape[1]
    return np.concatenate([caption_line(titles, width, caption_height(width // len(titles))), panels])


def _shrunk(picture: UInt8[np.ndarray, "H W 3"], size: tuple[int, int]) -> UInt8[np.ndarray, "h w 3"]:
    return cv2.resize(np.asarray(picture), size, interpolation=cv2.INTER_AREA)


def _bytes(picture: Float[np.ndarray, "H W 3"]) -> UInt8[np.ndarray, "H W 3"]:
    return (np.clip(picture, 0, 1) * 255 + 0.5).astype(np.uint8)


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
