"""Mouth shapes over time from phonemes, with coarticulation by dominance functions.

Every phoneme pulls the mouth towards its viseme with a dominance that decays exponentially on both sides in time; the
mouth is the weighted mean (Cohen & Massaro, "Modeling coarticulation in synthetic visual speech", 1993, equations 1-5).
Strong consonants (bilabials, labiodentals) dominate the lips, velars have little effect on them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from jaxtyping import Float

from beavervision.audio.phonemes import longest_matches
from beavervision.synthetic.speech import Phoneme

SHAPES = (
    "jaw_open",
    "lips_press",
    "lips_pucker",
    "lips_funnel",
    "mouth_stretch",
    "upper_lip_raise",
    "lower_lip_drop",
    "lower_lip_roll",
)
"""Semantic shapes of the face model that speech drives."""

OPENING = ("jaw_open", "lips_funnel", "upper_lip_raise", "lower_lip_drop")
"""Shapes that part the lips; a bilabial sets them to zero."""

STRESS = {"ˈ": 1.15, "ˌ": 1.0}
UNSTRESSED = 0.9


@dataclass(frozen=True)
class Viseme:
    """A mouth shape: activation per semantic shape, and dominance over its neighbours."""

    symbols: tuple[str, ...]
    targets: dict[str, float] = field(default_factory=dict)
    dominance: float = 1.0
    closes: bool = False
    ahead: float = 0.0
    """Seconds by which the shape is visible before the phoneme is audible."""
    flat: float | None = None
    """Share of the phoneme's duration around its middle with full dominance; None for the rule's."""


VISEMES = (
    Viseme(("p", "b", "m"), {"lips_press": 0.55, "jaw_open": 0.04}, 2.0, closes=True),
    Viseme(("f", "v", "ʋ"), {"jaw_open": 0.06, "upper_lip_raise": 0.4, "lower_lip_roll": 0.5}, 2.2),
    Viseme(("θ", "ð"), {"jaw_open": 0.16, "mouth_stretch": 0.1, "lower_lip_drop": 0.2}, 0.9),
    Viseme(
        ("t", "d", "n", "l", "ɾ", "ʔ", "ʈ", "ɖ", "ɳ", "ɭ", "ɫ"),
        {"jaw_open": 0.13, "mouth_stretch": 0.15, "lower_lip_drop": 0.2},
        0.6,
    ),
    Viseme(("s", "z"), {"jaw_open": 0.07, "mouth_stretch": 0.3, "lower_lip_drop": 0.35}, 1.0),
    Viseme(("ʃ", "ʒ", "tʃ", "dʒ", "ʂ", "ʐ"), {"jaw_open": 0.1, "lips_funnel": 0.6, "lips_pucker": 0.2}, 1.2),
    Viseme(("ɕ", "ʑ"), {"jaw_open": 0.09, "lips_funnel": 0.25, "mouth_stretch": 0.2, "lower_lip_drop": 0.2}, 1.0),
    Viseme(("β", "ɸ"), {"lips_press": 0.15, "jaw_open": 0.06, "lower_lip_drop": 0.1}, 1.6),
    Viseme(("ɹ", "r"), {"jaw_open": 0.14, "lips_funnel": 0.3, "lips_pucker": 0.25}, 0.8),
    Viseme(("w", "ʍ"), {"jaw_open": 0.06, "lips_pucker": 0.9}, 1.6),
    Viseme(("j", "ʲ", "ʝ", "ç", "ɲ", "ʎ", "c", "ɟ"), {"jaw_open": 0.12, "mouth_stretch": 0.4}, 0.7),
    Viseme(("k", "ɡ", "g", "ŋ", "h", "x", "ɣ", "χ", "ʁ", "ʀ", "ɦ", "q"), {"jaw_open": 0.2}, 0.3),
    Viseme(("i", "ɪ", "ᵻ"), {"jaw_open": 0.2, "mouth_stretch": 0.6, "upper_lip_raise": 0.1}),
    Viseme(("e", "ɛ"), {"jaw_open": 0.42, "mouth_stretch": 0.35, "upper_lip_raise": 0.1}),
    Viseme(("æ", "a"), {"jaw_open": 0.72, "mouth_stretch": 0.25, "upper_lip_raise": 0.1}, 1.1),
    Viseme(("ɑ", "ɒ"), {"jaw_open": 0.82}, 1.1),
    Viseme(("ʌ", "ɐ"), {"jaw_open": 0.52}),
    Viseme(("ə",), {"jaw_open": 0.3}, 0.6),
    Viseme(("ɚ", "ɜ"), {"jaw_open": 0.3, "lips_funnel": 0.35}, 0.9),
    Viseme(("ɔ",), {"jaw_open": 0.6, "lips_funnel": 0.5}, 1.1),
    Viseme(("o",), {"jaw_open": 0.4, "lips_pucker": 0.6}, 1.2),
    Viseme(("u", "ʊ"), {"jaw_open": 0.16, "lips_pucker": 0.85}, 1.3),
    Viseme(("y", "ʏ", "ʉ", "ɥ"), {"jaw_open": 0.14, "lips_pucker": 0.8, "upper_lip_raise": 0.05}, 1.3),
    Viseme(("ø", "œ", "ɵ"), {"jaw_open": 0.32, "lips_pucker": 0.55}, 1.2),
    Viseme(("ɨ", "ɯ", "ɤ"), {"jaw_open": 0.22, "mouth_stretch": 0.3}, 0.9),
)
REST = Viseme(("",), {}, 0.8)


@dataclass(frozen=True)
class ArticulationRule:
    """Numbers of the mouth's motion: the defaults are those of the demo actor, an articulate speaker."""

    visemes: tuple[Viseme, ...] = (*VISEMES, REST)
    lead: float = 14.0
    """Decay of dominance before a phoneme's middle, 1/s: lips anticipate more than they lag."""
    lag: float = 18.0
    """Decay of dominance after it."""
    flat: float = 0.35
    """Share of a phoneme's duration around its middle with full dominance."""
    closed_for: float = 0.022
    """Seconds on either side of a bilabial's middle in which the lips are closed: a whole frame at 25 fps."""
    closing: float = 0.065
    """Seconds in which the lips close, and open again."""
    lively: float = 1.35
    """Gain of all jaw targets."""

    @cached_property
    def by_symbol(self) -> Mapping[str, Viseme]:
        """Viseme of every symbol."""
        return {symbol: viseme for viseme in self.visemes for symbol in viseme.symbols}

    def visemes_of(self, symbol: str) -> list[Viseme]:
        """Visemes of an IPA symbol, longest match first; marks without a mouth shape (stress, length) are ignored."""
        return longest_matches(symbol, self.by_symbol) or [self.by_symbol[""]]


ACTOR = ArticulationRule()


@dataclass(frozen=True)
class Gesture:
    """One viseme in time; diphthongs and r-coloured vowels are two."""

    viseme: Viseme
    start: float
    end: float
    stress: float = 1.0

    @property
    def middle(self) -> float:
        """Middle of the gesture, seconds."""
        return (self.start + self.end) / 2


def gestures_of(phonemes: Sequence[Phoneme], rule: ArticulationRule = ACTOR) -> list[Gesture]:
    """Split phonemes into visemes of equal duration, at their visible times."""
    gestures: list[Gesture] = []
    for phoneme in phonemes:
        stress = next((gain for mark, gain in STRESS.items() if mark in phoneme.symbol), UNSTRESSED)
        shapes = rule.visemes_of(phoneme.symbol)
        step = (phoneme.end - phoneme.start) / len(shapes)
        for i, viseme in enumerate(shapes):
            start = phoneme.start + i * step - viseme.ahead
            gestures.append(Gesture(viseme, start, start + step, stress))
    return gestures


def _dominance(time: np.ndarray, gesture: Gesture, rule: ArticulationRule) -> np.ndarray:
    """Dominance of a gesture over time: alpha exp(-theta |tau|), full over the phoneme's middle part."""
    offset = time - gesture.middle
    flat = rule.flat if gesture.viseme.flat is None else gesture.viseme.flat
    beyond = np.maximum(0.0, np.abs(offset) - flat * (gesture.end - gesture.start))
    return gesture.viseme.dominance * np.exp(-np.where(offset < 0, rule.lead, rule.lag) * beyond)


def _closure(time: np.ndarray, gestures: Sequence[Gesture], rule: ArticulationRule) -> np.ndarray:
    """Closure of the lips by bilabials over time, 0..1."""
    shut = np.zeros_like(time)
    for gesture in gestures:
        if gesture.viseme.closes:
            distance = np.abs(time - gesture.middle) - rule.closed_for
            ramp = np.clip(1 - distance / rule.closing, 0, 1)
            shut = np.maximum(shut, ramp * ramp * (3 - 2 * ramp))
    return shut


def viseme_curves(
    phonemes: Sequence[Phoneme], n_frames: int, fps: float, rule: ArticulationRule = ACTOR
) -> Float[np.ndarray, "T S"]:
    """Activation of each of `SHAPES` at the frames' times 0, 1/fps, 2/fps ...

    Example:
        >>> from beavervision.synthetic.speech import Phoneme
        >>> curves = viseme_curves([Phoneme("ɑː", 0.0, 0.4), Phoneme("m", 0.4, 0.5)], 13, 25)
        >>> float(curves[4, 0]) > 0.6, float(curves[11, 0]) < 0.02
        (True, True)
    """
    time = np.arange(n_frames) / fps
    gestures = gestures_of(phonemes, rule)
    total = np.full(n_frames, 1e-9)
    curves = np.zeros((n_frames, len(SHAPES)))
    for gesture in gestures:
        pull = _dominance(time, gesture, rule)
        total += pull
        target = np.array([gesture.viseme.targets.get(shape, 0.0) for shape in SHAPES])
        target[0] *= rule.lively * gesture.stress
        curves += pull[:, None] * target
    curves /= total[:, None]
    shut = _closure(time, gestures, rule)
    opening = [SHAPES.index(shape) for shape in OPENING]
    curves[:, opening] *= 1 - shut[:, None]
    press = SHAPES.index("lips_press")
    curves[:, press] = np.maximum(curves[:, press], 0.6 * shut)
    return curves
