"""Grades of a clip: the remarks, and the thresholds from which they are made, each with its reason."""

from __future__ import annotations

from dataclasses import dataclass

GOOD, USABLE, NOT_USABLE = "good", "usable", "not usable"
GRADES = (GOOD, USABLE, NOT_USABLE)
"""From best to worst. A good remark is one to know of, nothing to mend."""


@dataclass(frozen=True)
class Remark:
    """One finding."""

    grade: str
    found: str
    """With numbers."""
    remedy: str = ""

    def __str__(self) -> str:
        """Finding and remedy in one line."""
        return f"{self.found}: {self.remedy}" if self.remedy else self.found


ENOUGH_SECONDS = 120.0
"""Of face or speech from which a stage has enough to learn from (GeneFace++ asks for 2 to 5 minutes)."""
FEW_SECONDS = 2.0
"""Below this there is nothing to learn from: half a dozen words, a turn of the head at most."""
TALL_FACE = 200
"""px of face height from which training at the full canvas of 512 is worth while (face_scale 0.4)."""
SMALL_FACE = 40
"""px of face height under which closed and open lips differ by two or three pixels."""
FIT_GOOD, FIT_POOR = 2.0, 5.0
"""Reprojection error in per cent of the eye distance: a good tracker's own noise is 1 to 2; the lips are 5 thick."""
OFTEN = 0.1
"""Share of frames that is worth a word: as much as is held out for the test."""
MOSTLY = 0.5
"""Share of frames that makes up most of a clip."""
OTHERS_SECONDS = 1.0
"""Of speech over still lips: a voice that is not this person's."""
CLIPPED_SHARE = 1e-3
"""Of samples: a clipped vowel now and then passes, more is heard as distortion."""
NOISY_DB, DEAFENING_DB = 15.0, 5.0
"""Signal to noise: below 15 dB consonants drown, at 5 dB the pitch goes too (speech_activity finds half of it)."""
STIFF_MOUTH = 0.06
"""Range of the mouth's opening (5th to 95th percentile, inner lips over eye distance); lively speakers have 0.15."""
DIM, GLARING = 30.0, 220.0
"""Grey value of the skin: below, coding noise drowns the shading of any skin (a dark one in a studio measured 63);
above, there is no shading left."""
FLICKER = 1.6
"""Brightest over darkest skin (95th over 5th percentile): more than a head's turns in a lit room make of it."""
STIFF_HEAD = 5.0
"""Degrees of yaw, 5th to 95th percentile, from which an avatar can be shown from a little aside."""
