"""Suggestions for unknown names ("did you mean"): the most similar name, and the existing names."""

from __future__ import annotations

import difflib
from collections.abc import Iterable

MOST = 12
"""Largest number of listed names."""


def suggest(name: str, known: Iterable[str]) -> str:
    """Return a phrase for error messages: the most similar name, and the existing names.

    Example:
        >>> suggest("frmae", ["data", "frame"])
        'did you mean frame? There are: data, frame'
    """
    names = sorted(set(known))
    hits = difflib.get_close_matches(name, names, n=3, cutoff=0.5)
    if len(names) > MOST:
        # Names near the similar one are more useful than the first dozen of the alphabet.
        parent = (hits[0] if hits else name).rpartition(".")[0]
        names = [n for n in names if n.rpartition(".")[0] == parent][:MOST] or names[:MOST]
    listing = ", ".join(names)
    return f"did you mean {' or '.join(hits)}? There are: {listing}" if hits else f"there are: {listing}"
