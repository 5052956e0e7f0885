"""Speakers of the corpus: language, voice, and amplitude of the facial motion."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from beavervision.artifacts.synthetic_speech import TEST, TRAIN
from beavervision.synthetic.corpus.sentences import languages

VARIANTS = (
    *("m1", "f1", "klatt", "Alex", "f2", "m2", "adam", "Alicia", "klatt2", "Andy", "belinda", "m3", "Annie", "caleb"),
    *("f5", "david", "Denis", "klatt3", "linda", "ed", "m4", "Gene", "steph", "Hugo", "ian", "anika", "john", "Jacky"),
    *("marcelo", "Lee", "f3", "max", "Marco", "michel", "m6", "pablo", "klatt4", "shelby", "Mike", "norbert", "m7"),
    *("quincy", "victor", "zac", "benjamin", "travis", "antonio", "rob"),
)
"""Human-sounding espeak-ng variants for training: formants, tilt and two synthesis methods."""
HELD_OUT_VARIANTS = ("f4", "m5", "Andrea", "Reed", "paul", "steph2", "robert", "klatt5")
"""Variants reserved for held-out voices."""

BLEND, EXAGGERATION = 0.7, 0.3
"""Concentration of the weights with which neural voices are blended, and how far they are moved from the mean voice."""


@dataclass(frozen=True)
class Speaker:
    """One voice with its facial motion."""

    name: str
    language: str
    voice: str
    """espeak-ng voice and variant."""
    split: str
    """train | test"""
    words_per_minute: int
    pitch: int
    melody: int
    """Speed, pitch and melody, as in `synthetic.speech.speak`."""
    tract: float
    """Factor of formants and pitch: below 1 for a longer vocal tract."""
    articulation: float
    """Gain of all shapes that speech drives; 1 for the demo actor."""
    jaw: float
    """Additional gain of the jaw."""
    seed: int
    """Seed of all other random choices of this speaker."""
    style: Mapping[str, float] | None = None
    """Weights of the neural voices that are blended; None for espeak-ng."""


def cast(n_train: int, n_test: int, seed: int) -> list[Speaker]:
    """Draw training and held-out speakers; the synthesiser variants of the latter are used nowhere else.

    Args:
        n_train: number of training speakers.
        n_test: number of held-out speakers.
        seed: seed of the draw.
    """
    learnt = [_speaker(i, VARIANTS[i % len(VARIANTS)], TRAIN, seed) for i in range(n_train)]
    held_out = [_speaker(i, HELD_OUT_VARIANTS[i % len(HELD_OUT_VARIANTS)], TEST, seed) for i in range(n_test)]
    return learnt + held_out


def neural_cast(voices: Sequence[str], count: int, seed: int) -> list[Speaker]:
    """Draw training speakers with neural voices: blends of `voices`, each with its own vocal tract and motion.

    Args:
        voices: names of the voices to blend.
        count: number of speakers.
        seed: seed of the draw.
    """
    return [_neural_speaker(i, voices, seed) for i in range(count)]


def _neural_speaker(index: int, voices: Sequence[str], seed: int) -> Speaker:
    rng = np.random.default_rng((seed, 2, index))
    weights = rng.dirichlet(np.full(len(voices), BLEND))
    weights += EXAGGERATION * (weights - weights.mean())  # Away from the mean voice; the sum stays 1.
    base = _speaker(index, "neural", TRAIN, seed)
    style = {name: round(float(weight), 3) for name, weight in zip(voices, weights, strict=True)}
    voice = base.voice.partition("+")[0]
    return replace(base, name=f"{TRAIN}_neural{index:02d}_{base.language}", voice=voice, style=style)


def _speaker(index: int, variant: str, split: str, seed: int) -> Speaker:
    rng = np.random.default_rng((seed, split == TEST, index))
    codes = list(languages())
    language = languages()[codes[index % len(codes)]]
    voice = language.voices[index // len(codes) % len(language.voices)]
    return Speaker(
        name=f"{split}{index:02d}_{language.code}_{variant.lower()}",
        language=language.code,
        voice=f"{voice}+{variant}",
        split=split,
        words_per_minute=int(rng.integers(120, 200)),
        pitch=int(rng.integers(15, 85)),
        melody=int(rng.integers(20, 90)),
        tract=float(np.exp(rng.uniform(-0.16, 0.16))),
        articulation=float(np.exp(rng.uniform(-0.35, 0.25))),
        jaw=float(np.exp(rng.uniform(-0.25, 0.2))),
        seed=int(rng.integers(1 << 31)),
    )
