"""Trains the package's speech encoder.

    python scripts/train_speech_encoder.py <whisper folder> <talks> [<sound> ...]

The talks are synthetic speech with exact phonemes (`beavervision prepare data=synthetic_speech`); further sounds, as
those of the GRID corpus, have no phonemes. The states of Whisper base's encoder (a folder for `audio_features=whisper`)
are the first target, the phonemes the second. The result is written to `audio/data/speech_encoder.safetensors`; the
accuracy on held-out voices is printed every 300 steps.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soxr
import torch
from jaxtyping import Float, Int
from safetensors.torch import save_file
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from beavervision.artifacts.synthetic_speech import TEST, SyntheticSpeech
from beavervision.audio.level import at_level
from beavervision.audio.mel import HIGH_HZ, LOW_HZ, N_MELS, log_mel
from beavervision.audio.phonemes import SILENCE
from beavervision.audio.speech_encoder import LOOK_AHEAD_ROWS, WEIGHTS, WIDTH, SpeechEncoder
from beavervision.audio.waveform import SAMPLE_RATE, load_waveform
from beavervision.audio.whisper import whisper_encoder

LEVEL_DB = -23.0
STEPS = (1500, 1500)
"""Steps without and with augmentation of the spectrum."""
RATES = (2.0e-3, 1.5e-3)
BATCH, ROWS = 8, 256
WARM_UP_ROWS = 64
"""Rows at the start of a window that are not scored: their past is missing."""
PHONEME_WEIGHT = 0.4
AVERAGE = 0.995
SPEEDS = (1.0, 0.88, 1.12)
"""Playback speeds of sounds without phonemes: other voices."""
UNKNOWN = -1
WARP, EQUALISER, NOISE = 0.18, 0.25, (-4.5, -1.8)
"""Largest log factor of the frequency axis (vocal tract length perturbation, Jaitly & Hinton 2013), standard deviation
of the equaliser in log10, and range of the noise in log10."""
PUBLISHED = 300


@dataclass(frozen=True)
class Recording:
    """Sound with its targets, row by row."""

    mel: Float[np.ndarray, "R 80"]
    states: Float[np.ndarray, "R S"]
    phonemes: Int[np.ndarray, "R"]
    held_out: bool
    weight: float
    """Relative probability of a row: real and neural voices are rare."""


def open_recordings(teacher: str, talks: Path, sounds: Sequence[Path]) -> Iterator[Recording]:
    """Recordings of all talks and sounds."""
    listen = whisper_encoder(teacher)
    for folder in sorted(talks.iterdir()):
        talk = SyntheticSpeech.load(folder)
        samples = at_level(talk.audio(), LEVEL_DB)
        weight = 2.0 if talk.facts.voice.get("style") else 1.0
        yield _recording(samples, listen(samples), talk.phoneme, held_out=talk.facts.split == TEST, weight=weight)
    for path in sounds:
        for speed in SPEEDS:
            heard = soxr.resample(load_waveform(path).samples, SAMPLE_RATE * speed, SAMPLE_RATE).astype(np.float32)
            samples = at_level(heard, LEVEL_DB)
            yield _recording(samples, listen(samples), None, held_out=False, weight=3.0)


def _recording(
    samples: np.ndarray, states: np.ndarray, phonemes: np.ndarray | None, *, held_out: bool, weight: float
) -> Recording:
    mel = log_mel(samples)
    rows = min(len(mel), len(states))
    known = np.full(rows, UNKNOWN) if phonemes is None else phonemes[:rows]
    return Recording(mel[:rows].astype(np.float16), states[:rows].astype(np.float16), known, held_out, weight)


def warped(mel: Float[np.ndarray, "R 80"], factor: float) -> Float[np.ndarray, "R 80"]:
    """Move the spectrum along the frequency axis, as a vocal tract of another length does."""
    centres = _mel_to_hz(np.linspace(*_hz_to_mel(np.array([LOW_HZ, HIGH_HZ])), N_MELS + 2)[1:-1])
    place = np.interp(centres * factor, centres, np.arange(N_MELS))
    low = place.astype(int)
    share = (place - low).astype(np.float32)
    return mel[:, low] * (1 - share) + mel[:, np.minimum(low + 1, N_MELS - 1)] * share


def _hz_to_mel(hz: np.ndarray) -> np.ndarray:
    """Slaney's scale: linear below 1 kHz, logarithmic above."""
    return np.where(hz < 1000, 3 * hz / 200, 15 + 27 * np.log(np.maximum(hz, 1) / 1000) / np.log(6.4))


def _mel_to_hz(mel: np.ndarray) -> np.ndarray:
    return np.where(mel < 15, 200 * mel / 3, 1000 * np.exp((mel - 15) * np.log(6.4) / 27))


def augmented(mel: Float[np.ndarray, "R 80"], rng: np.random.Generator, *, voices: bool) -> Float[np.ndarray, "R 80"]:
    """Another microphone, level and noise; with `voices`, another vocal tract and missing bands and moments too."""
    bands = np.arange(N_MELS)
    mel = mel.astype(np.float32)
    if voices and rng.random() < 0.8:
        mel = warped(mel, float(np.exp(rng.uniform(-WARP, WARP))))
    if rng.random() < 0.7:
        mel = mel + np.interp(bands, np.linspace(0, N_MELS - 1, 6), rng.normal(0, EQUALISER, 6))
    if rng.random() < 0.5:
        mel = mel + rng.uniform(-0.4, 0.3)
    if rng.random() < 0.4:
        colour = np.interp(bands, np.linspace(0, N_MELS - 1, 4), rng.normal(0, 0.3, 4))
        mel = np.log10(10**mel + 10 ** (colour + rng.uniform(*NOISE) + rng.normal(0, 0.15, mel.shape)))
    if rng.random() < 0.2:  # A line with a lower band limit.
        cut = int(rng.uniform(N_MELS / 2, 0.9 * N_MELS))
        mel = np.where(bands >= cut, np.minimum(mel, -4.0), mel)
    if voices and rng.random() < 0.4:
        for first in rng.integers(0, N_MELS - 10, rng.integers(1, 4)):
            mel = np.where((bands >= first) & (bands < first + rng.integers(2, 10)), mel.mean(), mel)
    return np.maximum(mel, -6.0).astype(np.float32)


class Student(nn.Module):
    """The encoder with a second head for the teacher's states."""

    def __init__(self, recordings: Sequence[Recording]) -> None:
        super().__init__()
        states = np.concatenate([recording.states[::7] for recording in recordings]).astype(np.float32)
        self.encoder, self.to_states = SpeechEncoder(), nn.Linear(WIDTH, states.shape[1])
        self.mean, self.std = torch.tensor(states.mean(0)), torch.tensor(states.std(0) + 1e-3)

    def loss(self, mel: Tensor, states: Tensor, phonemes: Tensor) -> Tensor:
        """Loss of a batch of windows: error of the standardised states, and cross-entropy of the phonemes."""
        features = self.encoder(mel)[:, LOOK_AHEAD_ROWS:][:, WARM_UP_ROWS:]
        wanted, named = (states - self.mean) / self.std, phonemes[:, WARM_UP_ROWS:]
        error = (self.to_states(features) - wanted[:, WARM_UP_ROWS:]).square().mean()
        if (named == UNKNOWN).all():
            return error
        logits = self.encoder.to_phonemes(features)
        return error + PHONEME_WEIGHT * cross_entropy(logits.flatten(0, 1), named.flatten(), ignore_index=UNKNOWN)


def draw(recordings: Sequence[Recording], rng: np.random.Generator, *, voices: bool) -> tuple[Tensor, Tensor, Tensor]:
    """Draw a batch of random windows."""
    weights = np.array([recording.weight * len(recording.mel) for recording in recordings])
    mels, states, phonemes = [], [], []
    for index in rng.choice(len(recordings), BATCH, p=weights / weights.sum()):
        one, length = recordings[index], ROWS + LOOK_AHEAD_ROWS
        first = int(rng.integers(0, max(1, len(one.mel) - length)))
        mel = augmented(one.mel[first : first + length], rng, voices=voices)
        mels.append(np.pad(mel, ((0, length - len(mel)), (0, 0)), constant_values=-6.0))
        seen = one.states[first : first + ROWS].astype(np.float32)
        states.append(np.pad(seen, ((0, ROWS - len(seen)), (0, 0))))
        named = one.phonemes[first : first + ROWS]
        phonemes.append(np.pad(named, (0, ROWS - len(named)), constant_values=UNKNOWN))
    return tuple(torch.tensor(np.stack(part)) for part in (mels, states, np.array(phonemes, np.int64)))


@torch.no_grad()
def accuracy(encoder: SpeechEncoder, recordings: Sequence[Recording]) -> float:
    """Share of the rows with speech whose phoneme is right."""
    right = []
    for one in recordings:
        found = encoder.to_phonemes(encoder.encode(torch.tensor(one.mel.astype(np.float32))[None]))[0].argmax(-1)
        spoken = one.phonemes > SILENCE
        right.append((found.numpy() == one.phonemes)[spoken].mean())
    return float(np.mean(right))


def train(recordings: Sequence[Recording]) -> SpeechEncoder:
    """Train; return the encoder with averaged weights."""
    torch.manual_seed(0)
    rng = np.random.default_rng(0)
    learnt, held_out = ([one for one in recordings if one.held_out is flag] for flag in (False, True))
    student, averaged, begun = Student(learnt), SpeechEncoder().eval(), time.time()
    average = {name: value.clone() for name, value in student.encoder.state_dict().items()}
    for steps, rate, voices in zip(STEPS, RATES, (False, True), strict=True):
        optimizer = torch.optim.AdamW(student.parameters(), rate, betas=(0.9, 0.98), weight_decay=0.03)
        schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, rate, total_steps=steps, pct_start=0.08)
        for step in range(steps):
            loss = student.loss(*draw(learnt, rng, voices=voices))
            optimizer.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(student.parameters(), 1.0)
            optimizer.step()
            schedule.step()
            decay = min(AVERAGE, (step + 1) / (step + 20))
            for name, value in student.encoder.state_dict().items():
                average[name].lerp_(value, 1 - decay)
            if step % PUBLISHED == PUBLISHED - 1:
                averaged.load_state_dict(average)
                print(
                    f"{step + 1}/{steps}: {accuracy(averaged, held_out):.3f}, {time.time() - begun:.0f} s", flush=True
                )
    averaged.load_state_dict(average)
    return averaged


def main(teacher: str, talks: str, *sounds: str) -> None:
    """Train and write the weights in half precision."""
    encoder = train(list(open_recordings(teacher, Path(talks), [Path(sound) for sound in sounds])))
    save_file({name: value.half().contiguous() for name, value in encoder.state_dict().items()}, WEIGHTS)


if __name__ == "__main__":
    main(*sys.argv[1:])
