"""Generates the synthetic speech corpus: one recording per speaker."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import soxr
from jaxtyping import Float, Int

from beavervision.artifacts.manifest import MANIFEST, Manifest, sha256_json
from beavervision.artifacts.synthetic_speech import TRAIN, SyntheticSpeechFacts, write_synthetic_speech
from beavervision.audio.acoustics import Acoustics, random_acoustics
from beavervision.audio.features import ROWS_PER_FRAME
from beavervision.audio.level import at_level
from beavervision.audio.mel import FEATURE_RATE
from beavervision.audio.phonemes import phoneme_classes
from beavervision.audio.waveform import SAMPLE_RATE
from beavervision.errors import BeaverError, ConfigError
from beavervision.face.gpmm import load_gpmm
from beavervision.synthetic.corpus.facial_motion import move_face
from beavervision.synthetic.corpus.sentences import languages
from beavervision.synthetic.corpus.speakers import Speaker, cast, neural_cast
from beavervision.synthetic.corpus.stop_consonants import with_closures
from beavervision.synthetic.curves import smooth_noise
from beavervision.synthetic.neural_speech import load_neural_voices
from beavervision.synthetic.speech import Phoneme, Speech, arrange, begin_anew, speak

VERSION = 5
"""Version of the recipe; when it changes, all recordings are generated again."""
FPS = 25
LEVEL_DB = -23.0
"""Level of the speech before room and noise are added (EBU R 128's target for broadcasts)."""
HELD_OUT_VOICES = 6
"""Number of training voices per held-out voice."""
SCENE = (12.0, 30.0)
"""Seconds for which the recording conditions stay the same."""
STUDIO, STUDIO_NOISE_DB = 0.3, -60.0
"""Share of training scenes recorded in a studio, and its noise; half of them, like held-out scenes, have none at all,
as synthetic voices do."""
PAUSE, LONG_PAUSE, LONG = (0.12, 0.9), (1.5, 3.0), 0.12
"""Pauses between sentences in seconds, and the share of long ones, from which the mouth's rest is learnt."""
USUAL_WORDS_PER_MINUTE = 160
"""Rate of a neural voice at speed 1."""
EFFORT_DB, EFFORT_PERIOD = 5.0, 0.6
"""Variation of the vocal effort within a sentence in dB, and its period in seconds."""


@dataclass(frozen=True)
class Recipe:
    """Settings of a corpus.

    Args:
        hours: total duration of all voices.
        voices: number of training voices; held-out voices are added.
        seed: seed of all random numbers.
        neural: folder of the neural voices (`synthetic.neural_speech`); None for none.
        neural_voices: number of additional training voices that are neural, as long as the others.
    """

    hours: float
    voices: int
    seed: int = 1
    neural: Path | None = None
    neural_voices: int = 0

    @property
    def speakers(self) -> list[Speaker]:
        """Training voices, held-out ones, and neural ones."""
        speakers = cast(self.voices, max(1, self.voices // HELD_OUT_VOICES), self.seed)
        if self.neural is None:
            return speakers
        return speakers + neural_cast(sorted(load_neural_voices(self.neural).styles), self.neural_voices, self.seed)

    @property
    def seconds(self) -> float:
        """Length of one recording, seconds."""
        return self.hours * 3600 / (self.voices + max(1, self.voices // HELD_OUT_VOICES))


def missing_talks(folder: Path, recipe: Recipe) -> list[Speaker]:
    """Return the speakers whose recordings are missing in `folder`; recordings outside the recipe are removed.

    Raises:
        ConfigError: when a recording would be shorter than a scene.
    """
    speakers = recipe.speakers
    if recipe.seconds < SCENE[0]:
        least = SCENE[0] * len(speakers) / 3600
        raise ConfigError(
            f"data.hours={recipe.hours} is too little for {len(speakers)} voices; give at least {least:.2f}, or fewer "
            "data.voices."
        )
    names = {speaker.name for speaker in speakers}
    for stale in folder.glob(f"*/{MANIFEST}"):
        if stale.parent.name not in names:
            shutil.rmtree(stale.parent)
    return [speaker for speaker in speakers if not _is_there(folder / speaker.name, _note(speaker, recipe))]


def write_talk_of(folder: Path, speaker: Speaker, recipe: Recipe) -> None:
    """Write one speaker's recording to `folder / <speaker>` atomically.

    Raises:
        ConfigError: when the extra `[synthetic]` is not installed.
    """
    begin_anew()
    rng = np.random.default_rng(speaker.seed)
    n = round(recipe.seconds * FPS)
    speech = _say(speaker, n / FPS, rng, recipe.neural)
    effort_db = _effort(n, rng)
    gain = 10 ** (np.interp(np.arange(len(speech.samples)) * FPS / SAMPLE_RATE, np.arange(n), effort_db) / 20)
    clean = at_level((speech.samples * gain).astype(np.float32), LEVEL_DB)
    sound = _recorded(clean, rng) if speaker.split == TRAIN else clean
    face = move_face(load_gpmm(), speaker, speech.phonemes, effort_db, FPS, rng)
    facts = {
        "speaker": speaker.name,
        "language": speaker.language,
        "split": speaker.split,
        "fps": float(FPS),
        "basis": "gpmm",
        "voice": asdict(speaker),
        "recipe": _note(speaker, recipe),
    }
    write_synthetic_speech(
        *(folder / speaker.name, facts, sound),
        *(face.expression, face.eye_open, face.closed, phoneme_rows(speech.phonemes, ROWS_PER_FRAME * n)),
    )


def _note(speaker: Speaker, recipe: Recipe) -> str:
    """Hash that identifies this recording."""
    return sha256_json({"version": VERSION, "seconds": recipe.seconds, **asdict(speaker)})


def _is_there(folder: Path, note: str) -> bool:
    try:
        return Manifest.read(folder, SyntheticSpeechFacts).facts.recipe == note
    except BeaverError:
        return False


def phoneme_rows(phonemes: Sequence[Phoneme], rows: int) -> Int[np.ndarray, "R"]:
    """Phoneme class (`audio.phonemes`) at the centre of every row of the audio features.

    The classes of a diphthong last equally long.
    """
    classes = np.zeros(rows, np.uint8)
    for phoneme in phonemes:
        parts = phoneme_classes(phoneme.symbol)
        edges = np.linspace(phoneme.start, phoneme.end, len(parts) + 1) * FEATURE_RATE
        for index, first, stop in zip(parts, edges, edges[1:], strict=False):
            classes[int(np.ceil(max(0.0, first))) : int(np.ceil(max(0.0, stop)))] = index
    return classes


def _say(speaker: Speaker, seconds: float, rng: np.random.Generator, neural: Path | None) -> Speech:
    """Speak sentences with pauses between them, at 16 kHz, exactly `seconds` long."""
    language = languages()[speaker.language]
    placed: list[tuple[float, Speech]] = []
    at = rng.uniform(0.2, 1.0)
    while True:
        text = language.sentence(rng, held_out=speaker.split != TRAIN)
        sentence = _sentence(speaker, text, rng, neural)
        if placed and at + sentence.duration > seconds - 0.1:
            return arrange(placed, seconds)
        placed.append((at, sentence))
        at += sentence.duration + rng.uniform(*(LONG_PAUSE if rng.random() < LONG else PAUSE))


def _sentence(speaker: Speaker, text: str, rng: np.random.Generator, neural: Path | None) -> Speech:
    """Speak one sentence with the speaker's voice; return sound at 16 kHz and phonemes."""
    if speaker.style is not None and neural is not None:
        voices = load_neural_voices(neural)
        speed = speaker.words_per_minute / USUAL_WORDS_PER_MINUTE * rng.uniform(0.88, 1.14) / speaker.tract
        spoken = voices.speak(text, voices.blend(speaker.style), speaker.voice, speed)
    else:
        spoken = _synthesised(speaker, text, rng)
    # Faster playback simulates a shorter vocal tract (Jaitly & Hinton, "Vocal tract length perturbation", 2013).
    samples = soxr.resample(spoken.samples, spoken.rate * speaker.tract, SAMPLE_RATE).astype(np.float32)
    phonemes = tuple(Phoneme(p.symbol, p.start / speaker.tract, p.end / speaker.tract) for p in spoken.phonemes)
    return Speech(samples, SAMPLE_RATE, phonemes)


def _synthesised(speaker: Speaker, text: str, rng: np.random.Generator) -> Speech:
    """Speak one sentence with espeak-ng."""
    return with_closures(
        speak(
            text,
            voice=speaker.voice,
            words_per_minute=round(speaker.words_per_minute * rng.uniform(0.88, 1.14) / speaker.tract),
            pitch=int(np.clip(speaker.pitch + rng.normal(0, 5), 0, 99)),
            melody=speaker.melody,
        )
    )


def _effort(n: int, rng: np.random.Generator) -> Float[np.ndarray, "T"]:
    """Vocal effort over time, dB relative to the usual one."""
    return EFFORT_DB * (
        0.6 * smooth_noise(n, FPS, EFFORT_PERIOD, rng) + 0.6 * smooth_noise(n, FPS, 8 * EFFORT_PERIOD, rng)
    )


def _recorded(clean: Float[np.ndarray, "N"], rng: np.random.Generator) -> Float[np.ndarray, "N"]:
    """Apply recording conditions that change from scene to scene."""
    sound, first = np.empty_like(clean), 0
    while first < len(clean):
        stop = first + round(rng.uniform(*SCENE) * SAMPLE_RATE)
        place = _studio(rng) if rng.random() < STUDIO else random_acoustics(rng)
        sound[first:stop] = place.heard(clean[first:stop])
        first = stop
    return sound


def _studio(rng: np.random.Generator) -> Acoustics:
    noise_db = STUDIO_NOISE_DB if rng.random() < 0.5 else -np.inf
    return Acoustics(noise_db=noise_db, seed=int(rng.integers(1 << 31)))
