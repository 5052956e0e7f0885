"""Grades of a clip: remarks, and their thresholds with reasons."""

from __future__ import annotations

from dataclasses import dataclass

GOOD, USABLE, NOT_USABLE = "good", "usable", "not usable"
GRADES = (GOOD, USABLE, NOT_USABLE)
"""Grades from best to worst. A good remark is information that needs no action."""


@dataclass(frozen=True)
class Remark:
    """One finding."""

    grade: str
    found: str
    """The finding, with numbers."""
    remedy: str = ""

    def __str__(self) -> str:
        """Finding and remedy in one line."""
        return f"{self.found}: {self.remedy}" if self.remedy else self.found


ENOUGH_SECONDS = 120.0
"""Seconds of face or speech that are enough for training (GeneFace++ recommends 2 to 5 minutes)."""
FEW_SECONDS = 2.0
"""Seconds below which training is impossible: half a dozen words, at most one turn of the head."""
FEW_SECONDS_OF_A_MEMBER = 0.5
"""The same for a clip that is one of several of a speaker (data.speaker): two syllables."""
TALL_FACE = 200
"""Face height, px, from which training at the full canvas height of 512 is useful (face_scale 0.4)."""
SMALL_FACE = 40
"""Face height, px, below which closed and open lips differ by two or three pixels."""
FIT_GOOD, FIT_POOR = 2.0, 5.0
"""Reprojection error in per cent of the eye distance: a good tracker's own noise is 1 to 2; the lips are 5 thick."""
OFTEN = 0.1
"""Share of frames that is worth a remark: as much as is held out for the test."""
MOSTLY = 0.5
"""Share of frames that is most of a clip."""
OTHERS_SECONDS = 1.0
"""Seconds of speech while the lips do not move: another person's voice."""
CLIPPED_SHARE = 1e-3
"""Share of clipped samples: a few clipped vowels are inaudible, more is heard as distortion."""
NOISY_DB, DEAFENING_DB = 15.0, 5.0
"""Signal-to-noise ratio: below 15 dB consonants are masked, at 5 dB also the pitch (audio.vad finds half of the
speech)."""
STIFF_MOUTH = 0.06
"""Range of the mouth's opening (5th to 95th percentile, inner lips over eye distance); lively speakers have 0.15."""
DIM, GLARING = 30.0, 220.0
"""Grey value of the skin: below the first, coding noise hides the shading of any skin (a dark one in a studio measured
63); above the second, there is no shading left."""
FLICKER = 1.6
"""Brightest / darkest skin (95th / 5th percentile): more than head turns in a lit room cause."""
STIFF_HEAD = 5.0
"""Range of yaw in degrees (5th to 95th percentile) from which an avatar can be rendered slightly from the side."""
