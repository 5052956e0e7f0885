"""Random sentences in several languages, composed of phrases; some phrases are held out."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np

DATA = Path(__file__).parent / "data" / "sentences.json"
HELD_OUT = 4
"""One of this many phrases of each kind is reserved for held-out voices."""
REMARK = 0.2
"""Share of sentences that are fixed remarks, questions and exclamations."""
LARGEST_NUMBER = 1000
BABBLE = 0.5
"""Share of training sentences with invented words, so that sounds are learnt instead of phrases."""
ONSETS = (
    *("b", "b", "p", "p", "m", "m", "f", "v", "w", "t", "d", "n", "l", "r", "s", "k", "g", "h", "j"),
    *("bl", "br", "pl", "pr", "fl", "fr", "tr", "dr", "st", "sp", "sm", "kl", "gr", "sch"),
)
CODAS = ("", "", "", *["m", "n", "p", "b", "l", "r", "s", "t", "k", "f"])
WORDS, SYLLABLES = (3, 8), (1, 4)
"""Ranges of the words per invented sentence and syllables per word; the upper bound is exclusive."""


@dataclass(frozen=True)
class Language:
    """Phrases of a language, and its espeak-ng voices."""

    code: str
    voices: tuple[str, ...]
    vowels: tuple[str, ...]
    """Vowels in the language's spelling."""
    who: tuple[str, ...]
    does: tuple[str, ...]
    when: tuple[str, ...]
    says: tuple[str, ...]

    def sentence(self, rng: np.random.Generator, *, held_out: bool) -> str:
        """Draw a sentence from the training phrases or from the held-out ones; the two sets are disjoint.

        Example:
            >>> languages()["en"].sentence(np.random.default_rng(2), held_out=False)
            'Rowp noot schikboomfaym!'
        """
        if not held_out and rng.random() < BABBLE:
            return self._babble(rng)
        if rng.random() < REMARK:
            return str(rng.choice(_share(self.says, held_out=held_out)))
        parts = [str(rng.choice(_share(phrases, held_out=held_out))) for phrases in (self.who, self.does, self.when)]
        return " ".join(parts).format(n=rng.integers(2, LARGEST_NUMBER)) + "."

    def _babble(self, rng: np.random.Generator) -> str:
        """A sentence of invented words, pronounced by the language's rules."""
        parts = (ONSETS, self.vowels, CODAS)
        words = [
            "".join(str(rng.choice(part)) for _ in range(rng.integers(*SYLLABLES)) for part in parts)
            for _ in range(rng.integers(*WORDS))
        ]
        return " ".join(words).capitalize() + rng.choice([".", ".", "!", "?"])


@cache
def languages() -> dict[str, Language]:
    """All languages by their ISO 639-1 codes."""
    raw = json.loads(DATA.read_text(encoding="utf-8"))
    return {
        code: Language(code, **{name: tuple(phrases) for name, phrases in parts.items()}) for code, parts in raw.items()
    }


def _share(phrases: tuple[str, ...], *, held_out: bool) -> list[str]:
    return [phrase for i, phrase in enumerate(phrases) if (i % HELD_OUT == HELD_OUT - 1) == held_out]
