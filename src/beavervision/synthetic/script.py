"""Script of the shipped clip and of the second speech."""

from __future__ import annotations

import numpy as np

from beavervision.face.morphable_model import FaceModel
from beavervision.face.openness import mouth_open
from beavervision.synthetic.curves import Moment
from beavervision.synthetic.ground_truth import SpeechTruth
from beavervision.synthetic.performance import Performance, perform, speak_and_blink
from beavervision.synthetic.speech import Speech, arrange, speak

FPS = 25
N_FRAMES = 615
SEED = 4
CLIP_LINES = (
    (
        0.4,
        "Hello! My name is Robin, and I was never born. Every hair and every smile of mine is made by a page of code.",
    ),
    (
        10.4,
        "Watch my lips when I say maple, butter, five, or blue moon. "
        "People move their mouths far more than they believe.",
    ),
    (
        18.15,
        "Give me a new voice and I will follow it. We could speak about beavers, rivers, and the weather.",
    ),
)
"""Start time in seconds and text."""
AWAY = Moment(8.4, 10.4)
"""Time during which the actor is outside the image."""
HAND = Moment(15.1, 16.6)
"""Time during which a hand is in front of the chin. Both are in the training part of the clip (before 10/11)."""
SPEECH_LINES = (
    (
        0.2,
        "Good morning! Nobody showed me this sentence before. "
        "If my mouth keeps up with the words, then the whole machine works.",
    ),
)
SPEECH_DURATION = 8.4


def clip_speech() -> Speech:
    """Speech of the clip; needs the extra `[synthetic]`."""
    return arrange([(start, speak(words)) for start, words in CLIP_LINES], N_FRAMES / FPS)


def second_speech() -> Speech:
    """Speech that is not in the clip; needs the extra `[synthetic]`."""
    return arrange([(start, speak(words)) for start, words in SPEECH_LINES], SPEECH_DURATION)


def clip_performance(model: FaceModel, phonemes: tuple) -> Performance:
    """Performance of the clip for the given phonemes."""
    return perform(model, phonemes, N_FRAMES, FPS, SEED, away=AWAY, hand=HAND)


def speech_truth_of(model: FaceModel, identity: np.ndarray, speech: Speech) -> SpeechTruth:
    """Ground truth of the actor speaking `speech`."""
    n = round(speech.duration * FPS)
    expression = speak_and_blink(model, speech.phonemes, n, FPS, np.random.default_rng(SEED + 1))
    opening = mouth_open(np.stack([model.vertices(identity, row) for row in expression]))
    return SpeechTruth(opening.astype(np.float32), expression.astype(np.float32), speech.phonemes, float(FPS))
