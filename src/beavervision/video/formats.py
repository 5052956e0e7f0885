"""Output formats: container, codecs, and their quality options."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from beavervision.errors import ConfigError

PRESETS = ("ultrafast", "superfast", "veryfast", "faster", "fast", "medium", "slow", "slower", "veryslow")
"""x264's presets, the fastest first; other codecs use their nearest equivalent."""
PURPOSES = {"live": ("superfast", 0), "film": ("medium", 0), "archive": ("slow", -4)}
"""What a film is for -> preset, and what is added to the default quality. `live` encodes three times as fast as `film`
into twice the bytes; `archive` keeps about 2 dB more."""
BITEXACT = {"fflags": "+bitexact"}
"""Otherwise Matroska writes random identifiers, and equal videos would not be equal files."""


@dataclass(frozen=True)
class Format:
    """A container with its codecs."""

    container: str
    picture: str
    """Video encoder."""
    pixels: str
    """Pixel format without alpha."""
    sound: str
    """Audio encoder."""
    alpha: str | None = None
    """Pixel format with alpha; None where the format has no alpha."""
    crf: float | None = None
    """Default constant rate factor, visually lossless; None where the codec has none."""
    worst_crf: float = 0
    even: bool = False
    """Width and height must be even, because colours have half the resolution."""
    options: dict[str, str] = field(default_factory=dict)
    """Options of the container."""

    def picture_options(self, crf: float | None, preset: str, *, alpha: bool = False) -> dict[str, str]:
        """Options of the video encoder.

        Args:
            crf: constant rate factor, 0 (best) .. worst_crf; None for the default.
            preset: one of PRESETS or of PURPOSES.
            alpha: whether the video has an alpha channel.
        """
        preset, better = PURPOSES.get(preset, (preset, 0))
        quality = (self.crf or 0) + better if crf is None else crf
        if self.picture == "h264":
            return {"crf": str(quality), "preset": preset}
        if self.picture == "libvpx-vp9":
            speed = len(PRESETS) - 1 - PRESETS.index(preset)
            # libvpx refuses frames that are never shown where there is an alpha channel.
            plain = {"auto-alt-ref": "0"} if alpha else {}
            return {"crf": str(quality), "b": "0", "deadline": "good", "cpu-used": str(speed), "row-mt": "1", **plain}
        if self.picture == "prores_ks":
            return {"profile": "4444", "vendor": "apl0", "alpha_bits": "16"}
        return {}


MP4 = Format("mp4", "h264", "yuv420p", "aac", None, 18, 51, even=True, options={"movflags": "+faststart"})
WEBM = Format("webm", "libvpx-vp9", "yuv420p", "libopus", "yuva420p", 24, 63, even=True, options=BITEXACT)
MOV = Format("mov", "prores_ks", "yuv444p10le", "pcm_s16le", "yuva444p10le")
PIPE = Format("nut", "rawvideo", "rgb24", "pcm_s16le", "rgba", options=BITEXACT)
"""Uncompressed NUT for pipes, which FFmpeg, mpv and PyAV can read."""

FORMATS = {".mp4": MP4, ".webm": WEBM, ".mov": MOV}
"""Formats by file suffix."""


def format_of(path: Path) -> Format:
    """Format of a file's suffix.

    Raises:
        ConfigError: when no format has that suffix.
    """
    found = FORMATS.get(Path(path).suffix.lower())
    if found is None:
        names = ", ".join(FORMATS)
        raise ConfigError(f"out={path} ends in none of {names}; choose one, a folder/%05d.png, or - for a pipe.")
    return found
