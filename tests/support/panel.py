"""Two people side by side, made of a miniature and its mirror in time: what footage of a panel is to the stages."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path

import numpy as np
from PIL import Image

from beavervision.artifacts.atomic_write import atomic_folder
from beavervision.artifacts.clip import AUDIO, LABELS, MATTE, PLATE, Clip, Subject, write_clip
from beavervision.audio.waveform import Waveform, save_waveform
from beavervision.synthetic.miniature import miniature_clip
from beavervision.types import Label
from beavervision.video.encode import VideoWriter
from beavervision.video.lossless import GrayWriter

SIDES = (0, 1)


def panel_clip(folder: Path, n_frames: int, width: int, height: int) -> Clip:
    """A clip twice as wide as a miniature: subject 0 on the left, subject 1, who does all backwards, on the right.

    Args:
        folder: where the Clip goes; the footage lies beside it.
        n_frames: number of frames.
        width: of one half, px.
        height: px.
    """
    one = miniature_clip(folder.with_name("one"), n_frames, width, height)
    frames, labels = [rgb for _, rgb in one.frames()], [regions for _, regions in one.labels()]
    video, plate = folder.with_suffix(".mp4"), one.plate()
    with atomic_folder(folder) as part:
        with VideoWriter(video, 2 * width, height, one.fps, crf=10, preset="veryfast") as reel:
            for t in range(n_frames):
                reel.write(np.concatenate([frames[t], frames[-1 - t]], 1))
        for side in SIDES:
            with (
                GrayWriter(part / LABELS.format(side), 2 * width, height, one.fps) as maps,
                GrayWriter(part / MATTE.format(side), 2 * width, height, one.fps) as mattes,
            ):
                for t in range(n_frames):
                    halves = [labels[t], labels[-1 - t]]
                    other = halves[1 - side]
                    mattes.write(_pair(side, _opacity(halves[side]), np.zeros_like(other)))
                    foreign = np.where(other == Label.BACKGROUND, Label.BACKGROUND, Label.OTHER)
                    maps.write(_pair(side, halves[side], foreign))
        save_waveform(part / AUDIO, Waveform(one.audio(), 16_000))
        Image.fromarray(np.concatenate([plate, plate], 1)).save(part / PLATE)
        facts = {**one.facts.model_dump(), "name": folder.name, "video": str(video), "width": 2 * width}
        facts.pop("n_subjects")
        people = [_moved(one.subjects[0], side, width, one.facts.focal) for side in SIDES]
        write_clip(part, facts, one.time, people, {})
    return Clip.load(folder)


def _pair(side: int, own: np.ndarray, other: np.ndarray) -> np.ndarray:
    halves = [own, other] if side == 0 else [other, own]
    return np.ascontiguousarray(np.concatenate(halves, 1).astype(np.uint8))


def _opacity(labels: np.ndarray) -> np.ndarray:
    return np.where(np.isin(labels, (Label.HAIR, Label.FACE)), 255, 0)


def _moved(subject: Subject, side: int, width: int, focal: float) -> Subject:
    """A subject of one half, in the whole frame; the right one runs backwards."""
    values = {f.name: np.array(getattr(subject, f.name)) for f in fields(Subject)}
    if side == 1:
        values = {name: value if name == "identity" else value[::-1].copy() for name, value in values.items()}
        values["box"][:, [0, 2]] += width
        values["landmarks"][..., 0] += width
        values["body"][..., 0] += width
    # The half's middle lies half a half beside that of the whole: as far as the camera is concerned, so does the head.
    values["translation"][:, 0] += (side - 0.5) * width * values["translation"][:, 2] / focal
    return Subject(**values)
