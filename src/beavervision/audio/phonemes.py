"""Phoneme classes: what the speech encoder tells apart.

Every symbol of the IPA that the synthetic voices use belongs to one of CLASSES; symbols that sound alike across
languages share a class.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeVar

T = TypeVar("T")

CLASSES: tuple[tuple[str, ...], ...] = (
    ("",),
    ("p",),
    ("b", "β"),
    ("m",),
    ("f", "ɸ"),
    ("v", "ʋ"),
    ("θ",),
    ("ð",),
    ("t", "ʈ", "ʔ"),
    ("d", "ɖ"),
    ("n", "ɳ"),
    ("l", "ɭ", "ɫ"),
    ("ɾ", "r"),
    ("ɹ", "ɻ"),
    ("s", "ɕ", "ʂ"),
    ("z", "ʑ", "ʐ"),
    ("ʃ", "tʃ", "ʧ", "ʨ"),
    ("ʒ", "dʒ", "ʤ", "ʥ"),
    ("j", "ʝ", "ç", "ɲ", "ʎ", "c", "ɟ"),
    ("k", "q"),
    ("ɡ", "g", "ɣ"),
    ("ŋ",),
    ("h", "x", "χ", "ɦ"),
    ("ʁ", "ʀ"),
    ("w", "ʍ", "ɥ"),
    ("i",),
    ("ɪ", "ᵻ", "ɨ"),
    ("e",),
    ("ɛ",),
    ("æ",),
    ("a",),
    ("ɑ", "ɒ"),
    ("ʌ", "ɐ"),
    ("ə", "ɤ"),
    ("ɚ", "ɜ"),
    ("ɔ",),
    ("o",),
    ("u", "ɯ"),
    ("ʊ",),
    ("y", "ʏ", "ʉ"),
    ("ø", "œ", "ɵ"),
)
"""Symbols of every class; the first class is silence."""
SILENCE = 0
BILABIALS = (1, 2, 3)
"""Classes that close the lips."""
_CLASS_OF = {symbol: index for index, symbols in enumerate(CLASSES) for symbol in symbols}


def phoneme_classes(symbol: str) -> list[int]:
    """Classes of an IPA symbol in order, longest match first; a diphthong has two, unknown marks have none.

    Example:
        >>> [CLASSES[index][0] for index in phoneme_classes("ˈaɪ")]
        ['a', 'ɪ']
    """
    return longest_matches(symbol, _CLASS_OF) or [SILENCE]


def longest_matches(symbol: str, table: Mapping[str, T]) -> list[T]:
    """Entries of a table whose keys, of one or two characters, make up an IPA symbol; longer keys first."""
    found: list[T] = []
    at = 0
    while at < len(symbol):
        for length in (2, 1):
            if (entry := table.get(symbol[at : at + length])) is not None:
                found.append(entry)
                at += length
                break
        else:
            at += 1
    return found
