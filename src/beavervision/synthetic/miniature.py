"""Miniature clip: a small, short clip with exact ground truth, rendered within seconds for tests."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

import numpy as np
from jaxtyping import Float
from PIL import Image

from beavervision.artifacts.atomic_write import atomic_folder
from beavervision.artifacts.clip import AUDIO, LABELS, PLATE, Clip, write_clip
from beavervision.artifacts.manifest import sha256_file
from beavervision.audio.waveform import Waveform, save_waveform
from beavervision.synthetic.actor import Actor, actor_identity
from beavervision.synthetic.annotation import known_truth
from beavervision.synthetic.performance import perform
from beavervision.synthetic.render import film
from beavervision.synthetic.speech import Phoneme
from beavervision.synthetic.texture_canvas import COARSE

FPS, RATE = 25, 16_000
BABBLE = ("m", "ɑː", "b", "iː", "p", "oʊ", "f", "æ", "w", "ɛ", "s", "ʌ")
"""Phonemes of the miniature actor, 0.12 s each, repeated."""
NEAR = np.array([0.0, -3.0, 72.0])
"""Position of the head in a miniature, cm: the face fills nearly half of the frame's height."""
PITCH = 120.0
"""Pitch of the voice, Hz."""


def babble_phonemes(duration: float) -> tuple[Phoneme, ...]:
    """Syllables that fill `duration` seconds."""
    starts = np.arange(0, duration, 0.12)
    return tuple(Phoneme(BABBLE[i % len(BABBLE)], float(s), float(s) + 0.12) for i, s in enumerate(starts))


def babble_sound(opening: Float[np.ndarray, "T"], fps: float = FPS, rate: int = RATE) -> Float[np.ndarray, "N"]:
    """A buzz that grows louder and brighter as the mouth opens: sound correlated with the mouth, without espeak-ng."""
    time = np.arange(round(len(opening) * rate / fps)) / rate
    wide = np.interp(time, np.arange(len(opening)) / fps, opening / max(1e-6, float(opening.max())))
    sound = np.zeros_like(time)
    for k in range(1, 25):
        formant = np.exp(-(((k * PITCH - 300 - 500 * wide) / 350) ** 2)) + 0.15 / k
        sound += formant * np.sin(2 * np.pi * k * PITCH * time)
    return (0.15 * (0.1 + 0.9 * wide) * sound).astype(np.float32)


@lru_cache(maxsize=2)
def small_actor(width: int, height: int) -> Actor:
    """The actor for a small image, with fewer hairs and a coarser mesh."""
    return Actor(actor_identity(), width=width, height=height, strands=1200, levels=1, texels_per_cm=COARSE)


def miniature_clip(
    folder: Path, n_frames: int = 24, width: int = 160, height: int = 120, *, sound: bool = True
) -> Clip:
    """Render a few small frames of the actor as a Clip made directly from the ground truth.

    The footage is `<folder>.mp4`, beside the folder. No detector or speech synthesiser is used.

    Args:
        folder: folder of the Clip; it is replaced when it exists.
        n_frames: number of frames.
        width: width of the image, px.
        height: height of the image, px.
        sound: whether the clip has sound.
    """
    folder = Path(folder).absolute()
    actor = small_actor(width, height)
    performance = perform(
        actor.model, babble_phonemes(n_frames / FPS), n_frames, FPS, seed=7, turns=(14, 7, 4), place=NEAR
    )
    video = folder.with_suffix(".mp4")
    with atomic_folder(folder) as part:
        opening = known_truth(actor, performance, np.zeros(n_frames)).mouth_open_frontal
        speech = babble_sound(opening)
        truth = film(actor, performance, video, part / LABELS.format(0), (speech, RATE), quality=12, preset="veryfast")
        if sound:
            save_waveform(part / AUDIO, Waveform(speech, RATE))
        Image.fromarray(actor.plate()).save(part / PLATE)
        facts = {
            "name": folder.name,
            "video": str(video),
            "width": width,
            "height": height,
            "fps": float(FPS),
            "n_frames": n_frames,
            "start": 0.0,
            "end": None,
            "focal": truth.focal,
            "basis": actor.model.name,
            "subject": "largest",
            "has_audio": sound,
            "background": "still",
            "report": {},
        }
        footage = {"video": {"path": str(video), "sha256": sha256_file(video)}}
        write_clip(part, facts, np.arange(n_frames) / FPS, [truth.subject()], footage)
    return Clip.load(folder)
