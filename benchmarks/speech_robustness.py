"""How an audio2motion bundle copes with speech that it was not made for.

    python benchmarks/speech_robustness.py runs/*/clip --bundle <folder>

The sound of prepared clips is changed (telephone, noise, echo, another voice, a child's voice, shouting, a stream whose
level is unknown), and the motion is compared with the tracked lips. Sung vowels and languages of espeak-ng (extra
`[synthetic]`) that were never learnt from have no tracked lips: their opening and jitter are compared with those of
the clips' own speech. Jitter is relative to the prediction for the clean sound.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np
import torch
from jaxtyping import Float
from scipy.signal import butter, resample_poly, sosfiltfilt
from speech_real import Person, curves, load_people

from beavervision.audio.acoustics import apply_reverb, mu_law
from beavervision.audio.waveform import SAMPLE_RATE
from beavervision.errors import DependencyError
from beavervision.face.model_registry import load_face_model
from beavervision.metrics.jitter import landmark_jitter
from beavervision.metrics.lip_motion import curve_correlation, opening_ratio
from beavervision.stages.audio2motion.inference import AudioToMotion
from beavervision.stages.audio2motion.streaming import MotionStream
from beavervision.stages.face_geometry import FaceGeometry
from beavervision.synthetic.speech import speak

CHILD = (5, 4)
"""A child's voice: pitch and formants, and with them the rate, a quarter higher."""
LANGUAGES = {
    "Swahili": ("sw", "Watoto wanacheza mpira nje ya nyumba kila siku asubuhi na jioni, halafu wanakula chakula."),
    "Turkish": (
        "tr",
        "Bugün hava çok güzel, arkadaşlarımla birlikte parkta uzun bir yürüyüş yapacağız ve çay içeceğiz.",
    ),
    "Hindi": ("hi", "आज मौसम बहुत अच्छा है और हम सब मिलकर बाज़ार जाएंगे, फिर घर लौटकर खाना खाएंगे।"),
}
FORMANTS = {"a": (750, 1200), "e": (450, 1900), "i": (300, 2300), "o": (450, 800), "u": (320, 700)}
"""First two formants of sung vowels, Hz."""
NOTES_HZ = (220, 247, 262, 294, 330)
Change = Callable[[Float[np.ndarray, "N"], np.random.Generator, Float[np.ndarray, "M"]], Float[np.ndarray, "N"]]


def telephone(sound: Float[np.ndarray, "N"], *_: object) -> Float[np.ndarray, "N"]:
    """8 kHz, 300 to 3400 Hz, mu-law."""
    band = sosfiltfilt(butter(4, (300, 3400), "bandpass", fs=SAMPLE_RATE, output="sos"), sound)
    line = mu_law(resample_poly(band, 1, 2).astype(np.float32))
    return resample_poly(line, 2, 1)[: len(sound)]


def in_noise(snr_db: float) -> Change:
    """White noise at a ratio to the whole sound."""

    def change(sound: Float[np.ndarray, "N"], rng: np.random.Generator, _: object) -> Float[np.ndarray, "N"]:
        level = np.sqrt(np.square(sound).mean())
        return sound + rng.standard_normal(len(sound)) * level * 10 ** (-snr_db / 20)

    return change


def in_a_hall(sound: Float[np.ndarray, "N"], rng: np.random.Generator, _: object) -> Float[np.ndarray, "N"]:
    """Echo that falls by 60 dB in 0.8 s, 3 dB below the direct sound."""
    return apply_reverb(sound, 0.8, 3.0, rng)


def shouted(sound: Float[np.ndarray, "N"], *_: object) -> Float[np.ndarray, "N"]:
    """20 dB too loud and clipped softly, as in front of a microphone that is shouted at."""
    return np.tanh(10 * sound / np.abs(sound).max())


def beside_another(sound: Float[np.ndarray, "N"], _: object, other: Float[np.ndarray, "M"]) -> Float[np.ndarray, "N"]:
    """Another voice as loud as this one."""
    voice = np.resize(other, len(sound))
    return sound + voice * np.sqrt(np.square(sound).mean() / np.square(voice).mean())


CHANGES: Mapping[str, Change] = {
    "clean": lambda sound, *_: sound,
    "telephone, 8 kHz": telephone,
    "white noise, 20 dB": in_noise(20),
    "white noise, 10 dB": in_noise(10),
    "hall, 0.8 s": in_a_hall,
    "shouted, clipped": shouted,
    "two voices at once": beside_another,
}


def sung(rng: np.random.Generator) -> Float[np.ndarray, "N"]:
    """Ten sung vowels of 0.8 s with vibrato, by source and formants."""
    notes = [sung_vowel(name, float(rng.choice(NOTES_HZ))) for name in [*FORMANTS, *FORMANTS]]
    return 0.3 * np.concatenate(notes)


def sung_vowel(name: str, hertz: float) -> Float[np.ndarray, "N"]:
    """One vowel: harmonics under two resonances, with a vibrato of 5.5 Hz."""
    time = np.arange(round(0.8 * SAMPLE_RATE)) / SAMPLE_RATE
    phase = 2 * np.pi * hertz * (time + 0.015 / (2 * np.pi * 5.5) * np.sin(2 * np.pi * 5.5 * time))
    harmonics = np.arange(1, int(4000 / hertz))
    gains = np.sum([1 / (1 + ((harmonics * hertz - formant) / 80) ** 2) for formant in FORMANTS[name]], 0)
    sound = (gains[:, None] * np.sin(harmonics[:, None] * phase)).sum(0)
    return np.hanning(len(time)) ** 0.25 * sound / np.abs(sound).max()


def motion_of(predictor: AudioToMotion, person: Person, sound: Float[np.ndarray, "N"]) -> Float[np.ndarray, "T E"]:
    """Motion with the person's amplitude."""
    return predictor.predict(
        sound.astype(np.float32), mouth_amp=person.style.mouth_amp / predictor.mouth_amp
    ).expression


def streamed(predictor: AudioToMotion, person: Person) -> Float[np.ndarray, "T E"]:
    """Motion of a stream whose level is estimated while it is heard, in blocks of 20 ms."""
    stream = MotionStream(predictor, mouth_amp=person.style.mouth_amp / predictor.mouth_amp)
    sound = person.sound.astype(np.float32)
    blocks = [stream.push(sound[i : i + 320]) for i in range(0, len(sound), 320)]
    return np.concatenate([*blocks, stream.finish()])


def compared(person: Person, motion: Float[np.ndarray, "T E"], stretch: float = 1.0) -> tuple[float, float, float]:
    """R of the gap, of the width, and opening ratio; `stretch` is the length of the clip relative to the motion's."""
    face, count = load_face_model(person.clip.facts.basis), person.clip.n_frames
    if stretch != 1:
        places = np.clip(np.arange(count) / stretch, 0, len(motion) - 1)
        motion = np.stack([np.interp(places, np.arange(len(motion)), column) for column in motion.T], 1)
    motion = np.concatenate([motion, motion[-1:].repeat(max(0, count - len(motion)), 0)])[:count]
    motion = motion + (person.expression[person.learnt] - motion[person.learnt]).mean(0)  # The person's mean pose.
    found, truth = (curves(face, e.astype(np.float64), person.judged) for e in (motion, person.expression))
    r = [curve_correlation(found[name], truth[name]) for name in ("gap", "width")]
    return r[0], r[1], opening_ratio(found["gap"], truth["gap"])


def jitter(motion: Float[np.ndarray, "T E"], basis: str) -> float:
    """Jitter of the lips, mm."""
    lips = FaceGeometry(load_face_model(basis)).lips(torch.tensor(motion, dtype=torch.float32))
    return float(landmark_jitter(lips))


def opening(motion: Float[np.ndarray, "T E"], basis: str) -> float:
    """Distance between the 5th and the 95th percentile of the gap, mm."""
    every = np.ones(len(motion), bool)
    gap = curves(load_face_model(basis), motion.astype(np.float64), every)["gap"]
    return float(np.diff(np.percentile(gap, (5, 95)))[0])


def changed_rows(predictor: AudioToMotion, people: Sequence[Person]) -> dict[str, list[tuple[float, ...]]]:
    """Figures of every change: one tuple for each person."""
    rows: dict[str, list[tuple[float, ...]]] = {}
    for number, person in enumerate(people):
        predictor.fps = person.clip.fps
        rng, other = np.random.default_rng(number), people[number - 1].sound
        clean = jitter(motion_of(predictor, person, person.sound), predictor.basis)
        motions = {
            name: motion_of(predictor, person, change(person.sound, rng, other)) for name, change in CHANGES.items()
        }
        motions["stream, level unknown"] = streamed(predictor, person)
        for name, motion in motions.items():
            figures = *compared(person, motion), jitter(motion, predictor.basis) / clean
            rows.setdefault(name, []).append(figures)
        small = motion_of(predictor, person, resample_poly(person.sound, CHILD[1], CHILD[0]))
        figures = *compared(person, small, CHILD[0] / CHILD[1]), jitter(small, predictor.basis) / clean
        rows.setdefault("a child's pitch and rate, 1.25", []).append(figures)
    return rows


def unseen_rows(predictor: AudioToMotion, people: Sequence[Person]) -> dict[str, tuple[float, float]]:
    """Opening and jitter of singing and of languages, relative to those of the clips' speech."""
    predictor.fps = 25.0
    own = [predictor.predict(person.sound.astype(np.float32)).expression for person in people]
    usual = [float(np.mean([measure(motion, predictor.basis) for motion in own])) for measure in (opening, jitter)]
    sounds = {"sung vowels": sung(np.random.default_rng(0))}
    try:
        for name, (voice, text) in LANGUAGES.items():
            spoken = speak(text, voice=voice)
            sounds[name] = resample_poly(spoken.samples, SAMPLE_RATE, spoken.rate)
    except DependencyError as error:
        print(error)
    rows = {}
    for name, sound in sounds.items():
        motion = predictor.predict(sound.astype(np.float32)).expression
        rows[name] = (opening(motion, predictor.basis) / usual[0], jitter(motion, predictor.basis) / usual[1])
    return rows


def main() -> None:
    """Print both tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("clips", nargs="+", help="folder of a clip, or folder:subject")
    parser.add_argument("--bundle", type=Path, required=True)
    given = parser.parse_args()
    predictor, people = AudioToMotion.from_bundle(given.bundle), load_people(given.clips, None)
    print("| sound | gap r | width r | opening ratio | jitter, relative to clean |\n|---|---|---|---|---|")
    for name, figures in changed_rows(predictor, people).items():
        print(f"| {name} | " + " | ".join(f"{value:.2f}" for value in np.mean(figures, 0)) + " |")
    print("\n| sound | opening, relative to the clips' | jitter |\n|---|---|---|")
    for name, (open_share, shaking) in unseen_rows(predictor, people).items():
        print(f"| {name} | {open_share:.2f} | {shaking:.2f} |")


if __name__ == "__main__":
    main()
