"""What a film can be written as: container, codecs, and what quality means to them."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from beavervision.errors import ConfigError

PRESETS = ("ultrafast", "superfast", "veryfast", "faster", "fast", "medium", "slow", "slower", "veryslow")
"""x264's names for speed against size, the quickest first; other codecs are set to what comes nearest."""
BITEXACT = {"fflags": "+bitexact"}
"""Matroska otherwise invents random identifiers, and the same film would give other bytes."""


@dataclass(frozen=True)
class Format:
    """A container with its codecs."""

    container: str
    picture: str
    """Encoder of the picture."""
    pixels: str
    """Pixel format without opacity."""
    sound: str
    """Encoder of the sound."""
    alpha: str | None = None
    """Pixel format with opacity; None where the format cannot hold any."""
    crf: float | None = None
    """Usual constant rate factor: one at which nothing is seen of the coding; None where there is no such thing."""
    worst_crf: float = 0
    even: bool = False
    """Width and height must be even: the colours have half the resolution."""
    options: dict[str, str] = field(default_factory=dict)
    """Of the container."""

    def picture_options(self, crf: float | None, preset: str) -> dict[str, str]:
        """Options of the picture's encoder.

        Args:
            crf: constant rate factor, 0 (best) .. worst_crf; None takes the usual one.
            preset: one of PRESETS.
        """
        quality = self.crf if crf is None else crf
        if self.picture == "h264":
            return {"crf": str(quality), "preset": preset}
        if self.picture == "libvpx-vp9":
            speed = len(PRESETS) - 1 - PRESETS.index(preset)
            return {"crf": str(quality), "b": "0", "deadline": "good", "cpu-used": str(speed), "row-mt": "1"}
        if self.picture == "prores_ks":
            return {"profile": "4444", "vendor": "apl0", "alpha_bits": "16"}
        return {}


MP4 = Format("mp4", "h264", "yuv420p", "aac", None, 18, 51, even=True, options={"movflags": "+faststart"})
WEBM = Format("webm", "libvpx-vp9", "yuv420p", "libopus", None, 24, 63, even=True, options=BITEXACT)
MOV = Format("mov", "prores_ks", "yuv444p10le", "pcm_s16le", "yuva444p10le")
PIPE = Format("nut", "rawvideo", "rgb24", "pcm_s16le", "rgba", options=BITEXACT)
"""For another program to read: nothing is compressed; FFmpeg, mpv and PyAV read NUT from a pipe."""

FORMATS = {".mp4": MP4, ".webm": WEBM, ".mov": MOV}
"""By the file's suffix."""


def format_of(path: Path) -> Format:
    """Format that a file's suffix stands for.

    Raises:
        ConfigError: when it stands for none.
    """
    found = FORMATS.get(Path(path).suffix.lower())
    if found is None:
        names = ", ".join(FORMATS)
        raise ConfigError(f"out={path} ends in none of {names}; choose one, a folder/%05d.png, or - for a pipe.")
    return found
