"""A remark on a clip: how much it matters, what was found, what to do about it."""

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
