"""Articulation rule of the corpus, calibrated on tracked footage of real speakers.

The numbers of `visemes.ArticulationRule` (targets and dominance of every viseme, anticipation, decay, closure) are
fitted by `scripts/calibrate_articulation.py` to 111 clips of 11 speakers of the GRID corpus (Cooke, Barker, Cunningham
and Shao, JASA 120(5), 2006; CC BY 4.0). Visemes that English lacks keep the actor's numbers.
"""

from __future__ import annotations

import json
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

from beavervision.synthetic.visemes import ACTOR, REST, ArticulationRule, Viseme

REST_FLAT = 0.5
"""A pause has full dominance throughout, or the mouth would open long before the sound."""
DATA = Path(__file__).parent / "data" / "articulation.json"


@cache
def calibrated_rule() -> ArticulationRule:
    """Load the calibrated rule of the package."""
    numbers = json.loads(DATA.read_text(encoding="utf-8"))
    visemes = tuple(_calibrated(viseme, numbers["visemes"]) for viseme in ACTOR.visemes)
    return ArticulationRule(visemes, **{name: float(value) for name, value in numbers["rule"].items()})


def name_of(viseme: Viseme) -> str:
    """Name of a viseme in the file: its first symbol, `rest` for silence."""
    return viseme.symbols[0] or "rest"


def _calibrated(viseme: Viseme, numbers: dict[str, Any]) -> Viseme:
    own = numbers[name_of(viseme)]
    flat = REST_FLAT if viseme is REST else None
    return replace(viseme, targets=own["targets"], dominance=own["dominance"], ahead=own["ahead"], flat=flat)
