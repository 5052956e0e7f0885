"""Sync card: a picture beside a film that shows how well its lips follow its speech, beside the person's footage."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from beavervision.artifacts.atomic_write import atomic_file
from beavervision.audio.waveform import SAMPLE_RATE
from beavervision.inference.lip_record import MEASURED_S
from beavervision.inference.sync_figures import LipMotion, SyncComparison, SyncFigures

SHOWN_S = 10.0
"""Seconds of lips and sound that are drawn."""
WIDTH, MARGIN, FINER = 1200, 28, 2
"""Width and margin, px; the card is drawn FINER times as large and scaled down, which smooths its lines."""
PLOT, ROW, NOTE = 190, 34, 24
"""Height of a plot, a row of the table and a line of the notes, px."""
PAPER, INK, FAINT, WAVE, LIPS = (255, 255, 255), (32, 32, 36), (112, 112, 122), (214, 224, 238), (38, 110, 200)
HIT, MISS, SHUT_LINE = (40, 150, 80), (214, 72, 32), (190, 190, 198)
HOW = (
    "How it is measured. Film: lip gap of the landmarks that the renderer was given, frame by frame, against "
    "the speech that it says; the film's pixels are not looked at. Footage: lip gap of the tracked face "
    f"against the footage's own sound. At most the first {MEASURED_S:.0f} s of each. Lag: shift at which the "
    "sound predicts the mouth best; positive means that the sound is late, 0 is natural speech. Confidence: "
    "correlation at that shift. Lips shut: p, b, m as the package's speech encoder hears them, which is not "
    "always right; found (green) where the gap falls below 15 % of the footage's range (thin line). By chance: "
    "the same with lips that are shifted in time within the speech."
)
Box = tuple[float, float, float, float]


def save_sync_card(sheet: Path, title: str, people: Sequence[SyncComparison]) -> Path:
    """Write the card as PNG, and its figures as JSON, beside the contact sheet of a film.

    Args:
        sheet: path of the contact sheet.
        title: what the film is.
        people: whoever speaks in the film, at least one.

    Returns:
        Path of the card, `<film>.sync.png`; the figures are in `<film>.sync.json`.
    """
    card, figures = sheet.with_name(f"{sheet.stem}.sync.png"), sheet.with_name(f"{sheet.stem}.sync.json")
    with atomic_file(card) as part:
        draw_sync_card(title, people).save(part, "PNG")
    with atomic_file(figures) as part:
        told = {"people": [one.as_json() for one in people], "how": HOW}
        part.write_text(json.dumps(told, indent=2), encoding="utf-8")
    return card


def draw_sync_card(title: str, people: Sequence[SyncComparison]) -> Image.Image:
    """Draw the card: for each person a table, the film's lips over its sound, and the footage's."""
    notes = _wrapped(HOW, 15, WIDTH - 2 * MARGIN)
    height = sum(_person_height(one) for one in people) + 2 * MARGIN + 46 + NOTE * len(notes)
    canvas = _Canvas(height)
    canvas.text(MARGIN, MARGIN, f"Sync card of {title}", 24)
    top = MARGIN + 46
    for one in people:
        top = _draw_person(canvas, top, one, named=len(people) > 1)
    for i, line in enumerate(notes):
        canvas.text(MARGIN, top + i * NOTE, line, 15, FAINT)
    return canvas.picture.resize((WIDTH, height), Image.Resampling.LANCZOS)


def rows_of(one: SyncComparison) -> list[tuple[str, str, str]]:
    """Rows of the table: name, film, footage."""
    ratio = "" if one.opening_ratio is None else f"  ({one.opening_ratio:.2f} of the footage)"
    film, own = one.figures, one.footage_figures
    return [
        ("lag of the sound", _lag(film), _lag(own)),
        ("confidence", _confidence(film), _confidence(own)),
        ("opening in speech", f"{_opening(film)}{ratio}", _opening(own)),
        ("lips shut in p, b, m", _closures(film), _closures(own)),
        ("measured", f"{film.seconds:.1f} s", "-" if own is None else f"{own.seconds:.1f} s"),
    ]


def _lag(figures: SyncFigures | None) -> str:
    if figures is None:
        return "-"
    if figures.lag_ms is None:
        return "needs 7 s of visible speech"
    return f"{figures.lag_ms:+.0f} ms" if figures.certain else f"not clear ({figures.lag_ms:+.0f} ms)"


def _confidence(figures: SyncFigures | None) -> str:
    return "-" if figures is None or figures.confidence is None else f"{figures.confidence:.2f}"


def _opening(figures: SyncFigures | None) -> str:
    return "-" if figures is None or figures.opening_mm is None else f"{figures.opening_mm:.1f} mm"


def _closures(figures: SyncFigures | None) -> str:
    if figures is None:
        return "-"
    chance = figures.closures_by_chance
    aside = "" if chance is None else f"  (by chance {chance * figures.closures:.1f})"
    return f"{figures.closures_found} of {figures.closures}{aside}"


def _person_height(one: SyncComparison) -> int:
    plots = 1 + (one.footage is not None)
    return ROW * (1 + len(rows_of(one))) + 16 + plots * (PLOT + 44)


def _draw_person(canvas: _Canvas, top: float, one: SyncComparison, *, named: bool) -> float:
    """Draw one person; return where the next one begins."""
    columns = (MARGIN, 300, 760)
    heads = (f"subject {one.subject}" if named else "", "film", "footage" if one.footage else "footage: not here")
    for x, text in zip(columns, heads, strict=True):
        canvas.text(x, top, text, 17, FAINT)
    for i, row in enumerate(rows_of(one), 1):
        canvas.line([(MARGIN, top + i * ROW - 6), (WIDTH - MARGIN, top + i * ROW - 6)], SHUT_LINE, 1)
        for x, text in zip(columns, row, strict=True):
            canvas.text(x, top + i * ROW, text, 19 if x > MARGIN else 17, INK if x > MARGIN else FAINT)
    top += ROW * (1 + len(rows_of(one))) + 16
    highest = _highest(one)
    for name, motion in (("film", one.film), ("footage", one.footage)):
        if motion is not None:
            canvas.text(MARGIN, top, f"{name}: gap between the lips, mm, over the sound", 15, FAINT)
            _draw_lips(canvas, (MARGIN + 34, top + 24, WIDTH - MARGIN, top + PLOT), one, motion, highest)
            top += PLOT + 44
    return top


def _highest(one: SyncComparison) -> float:
    """Upper end of the plots, mm."""
    shown = [m.gap[: round(SHOWN_S * m.fps)] for m in (one.film, one.footage) if m is not None]
    known = np.concatenate([gap[np.isfinite(gap)] for gap in shown])
    return max(1.0, 1.05 * float(known.max(initial=0.0)))


def _draw_lips(canvas: _Canvas, box: Box, one: SyncComparison, motion: LipMotion, highest: float) -> None:
    """Draw the first seconds of a motion: waveform, closures, lip gap and the line below which lips are shut."""
    x0, y0, x1, y1 = box
    seconds = min(SHOWN_S, len(motion.gap) / motion.fps)
    per_s, per_mm = (x1 - x0) / seconds, (y1 - y0) / highest
    sound = motion.samples[: round(seconds * SAMPLE_RATE)]
    peaks = np.array([np.abs(part).max(initial=0.0) for part in np.array_split(sound, round(x1 - x0))])
    half = 0.5 * (y1 - y0) * peaks / max(peaks.max(initial=0.0), 1e-9)
    for i, size in enumerate(half):
        canvas.line([(x0 + i, (y0 + y1) / 2 - size), (x0 + i, (y0 + y1) / 2 + size)], WAVE, 1)
    for (start, stop), shut in zip(motion.closures, motion.shut_in(one.shut, one.wide), strict=True):
        if shut is not None and (start + stop) / 2 / motion.fps < seconds:
            a, b = (x0 + min(frame / motion.fps, seconds) * per_s for frame in (start, stop))
            canvas.box((a, y1 + 3, b, y1 + 9), HIT if shut else MISS)
    limit = y1 - (one.shut + 0.15 * (one.wide - one.shut)) * per_mm
    canvas.line([(x0, limit), (x1, limit)], SHUT_LINE, 1)
    places = x0 + (np.arange(round(seconds * motion.fps)) + 0.5) / motion.fps * per_s
    heights = y1 - motion.gap[: len(places)] * per_mm
    places = places[: len(heights)]
    known = np.isfinite(heights)
    for piece in np.split(np.arange(len(heights)), np.flatnonzero(np.diff(known)) + 1):
        if len(piece) > 1 and known[piece[0]]:
            canvas.line(list(zip(places[piece].tolist(), heights[piece].tolist(), strict=True)), LIPS, 2)
    canvas.line([(x0, y0), (x0, y1), (x1, y1)], FAINT, 1)
    for value in (0.0, highest / 2, highest):
        canvas.text(x0 - 6, y1 - value * per_mm - 8, f"{value:.0f}", 13, FAINT, anchor="ra")
    for second in range(int(seconds) + 1):
        canvas.text(x0 + second * per_s, y1 + 11, f"{second} s", 13, FAINT, anchor="ma")
        canvas.line([(x0 + second * per_s, y1), (x0 + second * per_s, y1 + 4)], FAINT, 1)


def _wrapped(text: str, size: int, width: float) -> list[str]:
    """Lines of a text that fit into a width, px."""
    font, lines = ImageFont.load_default(FINER * size), [""]
    for word in text.split():
        longer = f"{lines[-1]} {word}".strip()
        if font.getlength(longer) <= FINER * width:
            lines[-1] = longer
        else:
            lines.append(word)
    return lines


class _Canvas:
    """A white picture; places are px of the finished card."""

    def __init__(self, height: int) -> None:
        self.picture = Image.new("RGB", (FINER * WIDTH, FINER * height), PAPER)
        self._draw = ImageDraw.Draw(self.picture)

    def text(
        self, x: float, y: float, text: str, size: int, colour: tuple[int, int, int] = INK, anchor: str = "la"
    ) -> None:
        """Write at (x, y); see Pillow's text anchors."""
        font = ImageFont.load_default(FINER * size)
        self._draw.text((FINER * x, FINER * y), text, fill=colour, font=font, anchor=anchor)

    def line(self, points: Sequence[tuple[float, float]], colour: tuple[int, int, int], width: int) -> None:
        """Draw a line through points."""
        self._draw.line([(FINER * x, FINER * y) for x, y in points], fill=colour, width=FINER * width, joint="curve")

    def box(self, box: Box, colour: tuple[int, int, int]) -> None:
        """Fill a box x0, y0, x1, y1."""
        self._draw.rectangle([FINER * value for value in box], fill=colour)
