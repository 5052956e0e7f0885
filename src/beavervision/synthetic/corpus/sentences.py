"""Sentences in several languages, put together from phrases; some phrases are held out."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np

DATA = Path(__file__).parent / "data" / "sentences.json"
HELD_OUT = 4
"""Every so manieth phrase of each kind is said by held-out voices only."""
REMARK = 0.2
"""Share of sentences that are ready-made remarks, questions and exclamations."""
LARGEST_NUMBER = 1000


@dataclass(frozen=True)
class Language:
    """Phrases of a language, and the espeak-ng voices that pronounce it."""

    code: str
    voices: tuple[str, ...]
    who: tuple[str, ...]
    does: tuple[str, ...]
    when: tuple[str, ...]
    says: tuple[str, ...]

    def sentence(self, rng: np.random.Generator, *, held_out: bool) -> str:
        """Draw a sentence of the phrases to learn from, or of those held out; they share none.

        Example:
            >>> languages()["en"].sentence(np.random.default_rng(2), held_out=False)
            'The old baker could not remember the number 814 without saying a word.'
        """
        if rng.random() < REMARK:
            return str(rng.choice(_share(self.says, held_out=held_out)))
        parts = [str(rng.choice(_share(phrases, held_out=held_out))) for phrases in (self.who, self.does, self.when)]
        return " ".join(parts).format(n=rng.integers(2, LARGEST_NUMBER)) + "."


@cache
def languages() -> dict[str, Language]:
    """All languages by their ISO 639-1 codes."""
    raw = json.loads(DATA.read_text(encoding="utf-8"))
    return {
        code: Language(code, **{name: tuple(phrases) for name, phrases in parts.items()}) for code, parts in raw.items()
    }


def _share(phrases: tuple[str, ...], *, held_out: bool) -> list[str]:
    return [phrase for i, phrase in enumerate(phrases) if (i % HELD_OUT == HELD_OUT - 1) == held_out]
