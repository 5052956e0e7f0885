"""A label in the corner of a film that says that it was generated: for people, beside the credentials for machines."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

import numpy as np
from jaxtyping import UInt8
from PIL import Image, ImageDraw, ImageFont

from beavervision.errors import ConfigError

OFF, TEXT = "off", "text"
"""Choices of `label=` besides a picture's path."""
WORDS = {
    "bg": ("Създадено с ИИ", "Променено с ИИ"),
    "cs": ("Vytvořeno pomocí AI", "Upraveno pomocí AI"),
    "da": ("Genereret med AI", "Ændret med AI"),
    "de": ("KI-generiert", "Mit KI verändert"),
    "el": ("Δημιουργήθηκε με ΤΝ", "Τροποποιήθηκε με ΤΝ"),
    "en": ("AI-generated", "AI-modified"),
    "es": ("Generado con IA", "Modificado con IA"),
    "fi": ("Tekoälyn luoma", "Tekoälyllä muokattu"),
    "fr": ("Généré par IA", "Modifié par IA"),
    "hu": ("MI által készült", "MI által módosítva"),
    "it": ("Generato con IA", "Modificato con IA"),
    "nb": ("Generert med KI", "Endret med KI"),
    "nl": ("Gemaakt met AI", "Aangepast met AI"),
    "pl": ("Wygenerowano z AI", "Zmieniono z AI"),
    "pt": ("Gerado por IA", "Modificado por IA"),
    "ro": ("Generat cu IA", "Modificat cu IA"),
    "ru": ("Создано ИИ", "Изменено ИИ"),
    "sv": ("Skapad med AI", "Ändrad med AI"),
    "tr": ("YZ ile üretildi", "YZ ile değiştirildi"),
    "uk": ("Створено ШІ", "Змінено ШІ"),
}
"""Language (ISO 639-1) -> what a generated film and a changed one say."""
TEXT_SHARE, SMALLEST_TEXT = 0.045, 12
"""Size of the letters over the frame's shorter side, and in pixels at the least: capitals of 9 px at 270 lines."""
PICTURE_SHARE = 0.12
"""Height of a picture over the frame's shorter side."""
WIDEST = 0.6
"""Most of the frame's width that a label takes."""
MARGIN = 0.03
"""Distance from the frame's borders over its shorter side."""
BACKING = 165
"""Opacity (0-255) of the black behind the letters: white on it has a contrast of 5:1 before a white frame (WCAG 2)."""
FONT = "mpl-data/fonts/ttf/DejaVuSans-Bold.ttf"
"""Inside matplotlib, which MediaPipe brings; it has Latin, Greek and Cyrillic letters."""


class DisclosureLabel:
    """Draws a label into the upper right corner of frames; nothing outside its box changes.

    Args:
        choice: `text`, or the path of a picture, whose opacity is kept.
        size: width and height of the frames, px.
        language: of the text, ISO 639-1.
        changed: whether the film is somebody's footage with changes, not generated as a whole.

    Raises:
        ConfigError: when the language is not known, or the picture cannot be read.

    Example:
        >>> label = DisclosureLabel("text", (480, 270), "de")
        >>> label.box
        (380, 8, 472, 31)
    """

    def __init__(self, choice: str, size: tuple[int, int], language: str = "en", *, changed: bool = False) -> None:
        patch = _text(size, language, changed=changed) if choice == TEXT else _picture(Path(choice), size)
        margin = round(MARGIN * min(size))
        # On a frame that is smaller than the label, as much of it as there is room for.
        rgba = np.asarray(patch)[: size[1], : size[0]]
        height, width, _ = rgba.shape
        right, top = max(size[0] - margin, width), min(margin, size[1] - height)
        self.box = (right - width, top, right, top + height)
        """x0, y0, x1, y1 of the label, px."""
        opacity = rgba[..., 3:].astype(np.uint16)
        self._added = (rgba[..., :3] * opacity + 127) // 255
        self._kept = 255 - opacity
        self._opacity = opacity

    def draw(self, frame: UInt8[np.ndarray, "H W c"]) -> UInt8[np.ndarray, "H W c"]:
        """Return a copy of the frame with the label: a dub may show one frame of the footage several times.

        Args:
            frame: RGB, or RGB and straight opacity.
        """
        frame = frame.copy()
        x0, y0, x1, y1 = self.box
        region = frame[y0:y1, x0:x1]
        if frame.shape[2] == 3:
            region[:] = (region * self._kept + 127) // 255 + self._added
            return frame
        # Straight opacity: what is below counts by its own opacity.
        below = region[..., 3:].astype(np.uint32) * self._kept // 255
        total = below + self._opacity
        mixed = (region[..., :3] * below + self._added * np.uint32(255)) // np.maximum(total, 1)
        region[..., :3] = np.where(total > 0, np.minimum(mixed, 255), region[..., :3])
        region[..., 3:] = total
        return frame


def _text(size: tuple[int, int], language: str, *, changed: bool) -> Image.Image:
    if language not in WORDS:
        raise ConfigError(f"language={language} has no label; take one of {', '.join(WORDS)}, or label=<picture>.")
    words = WORDS[language][changed]
    height = max(SMALLEST_TEXT, round(TEXT_SHARE * min(size)))
    font = _font(height)
    while font.getlength(words) + height > WIDEST * size[0] and height > SMALLEST_TEXT:
        height -= 1
        font = _font(height)
    space = round(0.4 * height)
    left, top, right, bottom = (round(edge) for edge in font.getbbox(words))
    patch = Image.new("RGBA", (right - left + 2 * space, bottom - top + 2 * space), (0, 0, 0, BACKING))
    ImageDraw.Draw(patch).text((space - left, space - top), words, (255, 255, 255, 255), font)
    return patch


def _picture(path: Path, size: tuple[int, int]) -> Image.Image:
    try:
        with Image.open(path) as opened:
            picture = opened.convert("RGBA")
    except (OSError, ValueError, Image.DecompressionBombError):
        raise ConfigError(f"label={path} is no picture; choose {OFF}, {TEXT}, or the path of a PNG file.") from None
    scale = min(PICTURE_SHARE * min(size) / picture.height, WIDEST * size[0] / picture.width)
    wanted = (max(1, round(scale * picture.width)), max(1, round(scale * picture.height)))
    return picture.resize(wanted, Image.Resampling.LANCZOS)


def _font(height: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    spec = find_spec("matplotlib")
    path = None if spec is None or spec.origin is None else Path(spec.origin).parent / FONT
    if path is not None and path.is_file():
        return ImageFont.truetype(str(path), height)
    # Pillow's own has Latin letters only.
    return ImageFont.load_default(height)
