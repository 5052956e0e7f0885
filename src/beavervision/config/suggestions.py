"""Did you mean: names that exist, and the one that was probably meant."""

from __future__ import annotations

import difflib
from collections.abc import Iterable

MOST = 12
"""Names listed at most; more would bury the likely one."""


def suggest(name: str, known: Iterable[str]) -> str:
    """Return half a sentence: what was probably meant, and which names exist.

    Example:
        >>> suggest("frmae", ["data", "frame"])
        'did you mean frame? There are: data, frame'
    """
    names = sorted(set(known))
    hits = difflib.get_close_matches(name, names, n=3, cutoff=0.5)
    if len(names) > MOST:
        # The neighbours of the likely one say more than the alphabet's first dozen.
        parent = (hits[0] if hits else name).rpartition(".")[0]
        names = [n for n in names if n.rpartition(".")[0] == parent][:MOST] or names[:MOST]
    listing = ", ".join(names)
    return f"did you mean {' or '.join(hits)}? There are: {listing}" if hits else f"there are: {listing}"
