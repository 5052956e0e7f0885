"""Subjects panel: an image of all people with boxes and numbers, their visibility over time, and a text version."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from jaxtyping import Bool, Float, UInt8
from PIL import Image, ImageDraw, ImageFont

from beavervision.preprocess.face_visibility import FacePresence, names

MOST_FRAMES, IN_A_ROW = 12, 3
"""Largest number of frames shown, and per row; further people only have their row of visibility."""

WIDTH, TALLEST = 1200, 620
"""Width of the image, and largest height of a frame, px."""

ROW, MARGIN, LABEL = 30, 12, 190
"""Height of a row, margin, and height of a label, px."""

COLOURS = (
    *((230, 159, 0), (86, 180, 233), (0, 158, 115), (240, 228, 66)),
    *((213, 94, 0), (204, 121, 167), (0, 114, 178), (150, 150, 150)),
)
"""Colours of the people, distinguishable with any colour vision (Okabe and Ito 2008); the ninth repeats the first."""

PAPER, INK, FAINT = (255, 255, 255), (34, 34, 34), (224, 224, 220)


def telling_frames(
    people: Sequence[FacePresence], available: Sequence[int] | None = None, most: int = MOST_FRAMES
) -> list[int]:
    """As few frames as possible that together show everybody: first the one that shows most people.

    Args:
        people: all people.
        available: indices to choose from; all when None.
        most: largest number of frames.
    """
    indices = np.arange(len(people[0].box)) if available is None else np.sort(np.asarray(available, int))
    seen = np.stack([person.seen[indices] for person in people])
    heights = np.stack([np.nan_to_num(person.heights[indices]) / person.height for person in people])
    missing, chosen = np.ones(len(people), bool), []
    while missing.any() and len(chosen) < most:
        news = seen[missing].sum(0)
        if not news.any():
            break
        # of those that show most people, the one with the faces at their most usual size
        usual = -np.abs(np.log(np.where(seen, heights, 1.0))).sum(0)
        best = max(range(len(indices)), key=lambda i: (news[i], seen[:, i].sum(), usual[i], -i))
        chosen.append(int(indices[best]))
        missing &= ~seen[:, best]
    return sorted(chosen)


def who_is_who(
    frames: Mapping[int, UInt8[np.ndarray, "H W 3"]],
    people: Sequence[FacePresence],
    chosen: Sequence[int],
    fps: float,
    firsts: Sequence[int] = (),
) -> Image.Image:
    """Draw everybody: boxes with number and name on a few frames, and a row of visibility over time for each.

    Args:
        frames: frames by index, best those of `telling_frames`; shown in order of time.
        people: all people, by number.
        chosen: numbers of the subjects; marked with a star.
        fps: frames per second.
        firsts: first frames of new shots; drawn as lines across the rows.
    """
    called = [_called(number, name, number in chosen) for number, name in enumerate(names(people))]
    indices = sorted(frames)
    rows = [
        _in_a_row({index: frames[index] for index in indices[at : at + IN_A_ROW]}, people, called)
        for at in range(0, len(indices), IN_A_ROW)
    ]
    rows.append(_strips(people, called, fps, firsts))
    sheet = Image.new("RGB", (WIDTH, MARGIN + sum(row.height for row in rows)), PAPER)
    y = MARGIN
    for row in rows:
        sheet.paste(row, (0, y))
        y += row.height
    return sheet


def describe_people(people: Sequence[FacePresence], chosen: Sequence[int], fps: float) -> list[str]:
    """One line per person for the terminal: number, name, seconds visible, face height, whether chosen."""
    seconds = len(people[0].box) / fps
    lines = []
    for number, (name, person) in enumerate(zip(names(people), people, strict=True)):
        seen = f"seen {person.n_frames / fps:.1f} of {seconds:.1f} s, face {person.height:.0f} px high"
        lines.append(f"{number}  {name}: {seen}{', chosen' if number in chosen else ''}")
    return lines


def _called(number: int, name: str, chosen: bool) -> str:  # noqa: FBT001
    """Number and name, once where the name contains the number only."""
    return (f"{number}" if name == f"person {number}" else f"{number} {name}") + (" *" if chosen else "")


def _in_a_row(
    frames: Mapping[int, UInt8[np.ndarray, "H W 3"]], people: Sequence[FacePresence], called: Sequence[str]
) -> Image.Image:
    """Frames side by side, as high as the width allows, with a box around each face."""
    shape, n = next(iter(frames.values())).shape, len(frames)
    aspect = shape[1] / shape[0]
    height = min(TALLEST, (WIDTH - MARGIN * (n + 1)) / (n * aspect))
    row = Image.new("RGB", (WIDTH, round(height) + MARGIN), PAPER)
    x = (WIDTH - n * height * aspect - (n - 1) * MARGIN) / 2
    for index, rgb in frames.items():
        small = Image.fromarray(rgb).resize((round(height * aspect), round(height)), Image.Resampling.LANCZOS)
        _box(small, [person.box[index] * height / shape[0] for person in people], called)
        row.paste(small, (round(x), 0))
        x += height * aspect + MARGIN
    return row


def _box(picture: Image.Image, boxes: Sequence[Float[np.ndarray, "4"]], called: Sequence[str]) -> None:
    """Draw a labelled box around everybody who is visible."""
    draw, font = ImageDraw.Draw(picture), ImageFont.load_default(20)
    for number, (x0, y0, x1, y1) in enumerate(boxes):
        if np.isfinite(x0):
            colour = COLOURS[number % len(COLOURS)]
            draw.rectangle((x0, y0, x1, y1), outline=colour, width=3)
            length = draw.textlength(called[number], font)
            place = min(max(x0, 0), picture.width - length - 8), max(0, y0 - 26)
            draw.rectangle((*place, place[0] + length + 8, place[1] + 26), fill=colour)
            draw.text((place[0] + 4, place[1] + 1), called[number], INK, font)


def _strips(people: Sequence[FacePresence], called: Sequence[str], fps: float, firsts: Sequence[int]) -> Image.Image:
    """Draw when each person is visible."""
    n_frames, font = len(people[0].box), ImageFont.load_default(16)
    picture = Image.new("RGB", (WIDTH, ROW * (len(people) + 1) + MARGIN), PAPER)
    draw, span = ImageDraw.Draw(picture), WIDTH - LABEL - MARGIN
    for number, person in enumerate(people):
        y, colour = number * ROW, COLOURS[number % len(COLOURS)]
        draw.text((MARGIN, y + 4), called[number], INK, font)
        draw.rectangle((LABEL, y + 4, LABEL + span, y + ROW - 6), fill=FAINT)
        for start, stop in _runs(person.seen):
            x0, x1 = (LABEL + span * t / n_frames for t in (start, stop))
            draw.rectangle((x0, y + 4, max(x0, x1 - 1), y + ROW - 6), fill=colour)
    bottom = ROW * len(people)
    for first in firsts:
        x = LABEL + span * first / n_frames
        draw.line((x, 0, x, bottom), fill=INK, width=1)
    draw.text((LABEL, bottom + 2), "0 s", INK, font)
    end = f"{n_frames / fps:.1f} s"
    draw.text((LABEL + span - draw.textlength(end, font), bottom + 2), end, INK, font)
    return picture


def _runs(seen: Bool[np.ndarray, "T"]) -> list[tuple[int, int]]:
    """(first, stop) of the runs of True."""
    edges = np.flatnonzero(np.diff(np.concatenate([[0], seen.astype(int), [0]])))
    return [(int(a), int(b)) for a, b in edges.reshape(-1, 2)]
