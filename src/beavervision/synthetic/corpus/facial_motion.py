"""Facial motion for spoken phonemes, with speaker-dependent amplitude."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float
from scipy.ndimage import gaussian_filter1d

from beavervision.face.morphable_model import FaceModel
from beavervision.face.openness import eye_open
from beavervision.synthetic.corpus.articulation import calibrated_rule
from beavervision.synthetic.corpus.speakers import Speaker
from beavervision.synthetic.curves import blink_curve, smooth_noise
from beavervision.synthetic.speech import Phoneme
from beavervision.synthetic.visemes import SHAPES, gestures_of, viseme_curves

JAW = SHAPES.index("jaw_open")
EFFORT = 0.05
"""Relative increase of the jaw opening per dB of vocal effort: half as wide again for speech that is 10 dB louder
(Schulman, "Articulatory dynamics of loud and normal speech", 1989)."""
CLOSED_FOR = 0.022
"""Seconds on either side of a bilabial's middle that count as closed: a whole frame at 25 fps."""
WIDEST = 1.4
"""Largest activation of the jaw."""
CHUNK = 1000
"""Number of frames whose vertices are in memory together."""


@dataclass(frozen=True)
class Face:
    """Motion of one recording; see `artifacts.synthetic_speech.SyntheticSpeech`."""

    expression: Float[np.ndarray, "T E"]
    eye_open: Float[np.ndarray, "T 2"]
    closed: Bool[np.ndarray, "T"]


def move_face(
    model: FaceModel,
    speaker: Speaker,
    phonemes: Sequence[Phoneme],
    effort_db: Float[np.ndarray, "T"],
    fps: float,
    rng: np.random.Generator,
) -> Face:
    """Generate the facial motion of a speaker.

    Args:
        model: face model of the expression coefficients.
        speaker: speaker, whose amplitudes are used.
        phonemes: phonemes, in seconds from frame 0.
        effort_db: vocal effort relative to the usual one, frame by frame; the mouth opens accordingly.
        fps: frames per second.
        rng: random generator of blinks, brows and smiles.
    """
    n = len(effort_db)
    mouth = spoken_shapes(phonemes, n, fps) * speaker.articulation
    mouth[:, JAW] = np.minimum(mouth[:, JAW] * speaker.jaw * np.maximum(1 + EFFORT * effort_db, 0.3), WIDEST)
    shapes = _liveliness(mouth[:, JAW], n, fps, rng)
    expression = mouth @ np.stack([model.semantic[shape] for shape in SHAPES])
    for shape, curve in shapes.items():
        expression += np.multiply.outer(curve, model.semantic[shape])
    return Face(expression.astype(np.float32), _eyes(model, expression), closures(phonemes, n, fps))


def spoken_shapes(phonemes: Sequence[Phoneme], n: int, fps: float, margin: float = 1.0) -> Float[np.ndarray, "T S"]:
    """`visemes.viseme_curves` of a long recording, computed in pieces.

    Args:
        phonemes: phonemes in ascending order of time.
        n: number of frames.
        fps: frames per second.
        margin: seconds beyond a piece whose phonemes are included; dominance falls to e^-14 there.
    """
    curves = np.zeros((n, len(SHAPES)))
    step = round(20 * fps)
    for first in range(0, n, step):
        stop = min(first + step, n)
        start, end = first / fps, stop / fps
        near = [
            Phoneme(p.symbol, p.start - start, p.end - start)
            for p in phonemes
            if p.end > start - margin and p.start < end + margin
        ]
        curves[first:stop] = viseme_curves(near, stop - first, fps, calibrated_rule())
    return curves


def closures(phonemes: Sequence[Phoneme], n: int, fps: float) -> Bool[np.ndarray, "T"]:
    """Frames in which p, b or m close the lips: at least one for each."""
    closed = np.zeros(n, bool)
    for gesture in gestures_of(phonemes, calibrated_rule()):
        if gesture.viseme.closes:
            first = int(np.ceil((gesture.middle - CLOSED_FOR) * fps))
            last = int((gesture.middle + CLOSED_FOR) * fps)
            closed[max(0, first) : last + 1] = True
    return closed


def _liveliness(jaw: np.ndarray, n: int, fps: float, rng: np.random.Generator) -> dict[str, np.ndarray]:
    """Activations independent of phonemes: lids, brows that follow stress, an occasional smile."""
    blink = blink_curve(n, fps, rng, every=rng.uniform(2.5, 5.0)) + rng.uniform(0.0, 0.15)
    brows = 0.5 * np.clip(gaussian_filter1d(jaw, 0.25 * fps), 0, 0.35) + 0.08 * smooth_noise(n, fps, 1.5, rng)
    return {
        "blink_left": blink,
        "blink_right": blink,
        "brow_up_outer": brows,
        "brow_up_inner": brows,
        "corners_up": rng.uniform(0.0, 0.3) + 0.06 * smooth_noise(n, fps, 3.0, rng),
    }


def _eyes(model: FaceModel, expression: Float[np.ndarray, "T E"]) -> Float[np.ndarray, "T 2"]:
    nobody = np.zeros(len(model.id_basis))
    blocks = [
        eye_open(model.vertices(nobody, expression[i : i + CHUNK])[:, model.landmarks468])
        for i in range(0, len(expression), CHUNK)
    ]
    return np.concatenate(blocks).astype(np.float32)
