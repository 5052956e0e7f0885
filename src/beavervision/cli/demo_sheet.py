"""Contact sheet of the demo: source | reconstruction of held-out frames | frames driven by new speech."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from jaxtyping import Int, UInt8
from PIL import Image, ImageDraw, ImageFont

from beavervision.artifacts.clip import Clip
from beavervision.inference.avatar import Avatar
from beavervision.inference.avatar_compositor import Scene
from beavervision.inference.driver import HeadCondition
from beavervision.inference.stage_timer import StageTimer
from beavervision.inference.subject_track import render_canvas_layers
from beavervision.video.decode import read_frames

ROWS = 4
WIDTH, TITLE, GAP = 480, 34, 6
"""Width of an image, height of the title line, gap between images, px."""
TITLES = ("source (held out)", "reconstruction", "driven by new speech")


def contact_sheet(clip: Clip, avatar: Avatar, film: Path) -> Image.Image:
    """Return the sheet.

    Args:
        clip: the footage.
        avatar: avatar trained on it.
        film: mp4 file of the person speaking something else.
    """
    chosen = _held_out(clip)
    source = [rgb for _, rgb in clip.frames(chosen.tolist())]
    driven = _spread(film, avatar.fps, len(chosen))
    columns = (source, own_pictures(avatar, chosen), driven)
    return _sheet([list(row) for row in zip(*columns, strict=False)])


def _held_out(clip: Clip) -> Int[np.ndarray, "N"]:
    """Some held-out frames that show the person, evenly spaced."""
    visible = clip.subjects[0].visible
    frames = np.array([i for i in clip.test_range if visible[i]] or np.flatnonzero(visible)[-ROWS:])
    return frames[np.unique(np.linspace(0, len(frames) - 1, ROWS).round().astype(int))]


def _spread(film: Path, fps: float, count: int) -> list[UInt8[np.ndarray, "H W 3"]]:
    """Frames of a video, evenly spaced."""
    n = sum(1 for _ in read_frames(film, fps))
    wanted = set(((np.arange(count) + 0.5) * n / count).astype(int).tolist())
    return [frame.rgb for frame in read_frames(film, fps) if frame.index in wanted]


def _sheet(rows: list[list[np.ndarray]]) -> Image.Image:
    height = round(rows[0][0].shape[0] * WIDTH / rows[0][0].shape[1])
    size = (len(TITLES) * (WIDTH + GAP) - GAP, TITLE + len(rows) * (height + GAP) - GAP)
    sheet = Image.new("RGB", size, "white")
    draw, font = ImageDraw.Draw(sheet), ImageFont.load_default(20)
    for column, title in enumerate(TITLES):
        draw.text((column * (WIDTH + GAP) + 4, 4), title, fill="black", font=font)
        for line, row in enumerate(rows):
            picture = Image.fromarray(row[column]).resize((WIDTH, height), Image.Resampling.LANCZOS)
            sheet.paste(picture, (column * (WIDTH + GAP), TITLE + line * (height + GAP)))
    return sheet


def own_pictures(avatar: Avatar, frames: Int[np.ndarray, "N"]) -> list[UInt8[np.ndarray, "H W 3"]]:
    """Render a person with the footage's own pose and expression, over the plate.

    Args:
        avatar: avatar of the person.
        frames: a few visible frames of the footage.
    """
    poses = avatar.track.take(frames)
    own = HeadCondition(avatar.source_condition, avatar.source_eye_open)
    scene, plate = Scene.of(avatar), avatar.plate()
    layers = render_canvas_layers(avatar, own, frames, poses, StageTimer())
    return [scene.composite(layer, poses.body[i], plate) for i, layer in enumerate(layers)]
