"""Fits the opening head of an audio2motion bundle to tracked lips of many people.

    python scripts/fit_opening_head.py 'runs/grid/*/clip' runs/general_bundle [--bundle <folder>]

The clips are those of `beavervision prepare -m data=grid`, or any others with data.speaker=. The gap comes from a ridge
regression in which every speaker counts by the square root of the frames, the gate from a logistic regression on the
same frames, clean and in noise, against pauses, silence, noises and hums. The result is the given bundle with an
opening head (`scripts/ship_general.py` makes it the network of `model.init=general`). A table of the agreement with
speakers who were left out is printed.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from glob import glob
from pathlib import Path

import numpy as np
import torch
from jaxtyping import Bool, Float
from scipy.ndimage import binary_dilation
from torch.nn.functional import binary_cross_entropy_with_logits

from beavervision.artifacts.bundle import CONFIG, Bundle, BundleFacts, save_bundle
from beavervision.artifacts.manifest import Manifest
from beavervision.audio.level import at_level
from beavervision.audio.vad import detect_voice_activity
from beavervision.audio.waveform import SAMPLE_RATE
from beavervision.data.recording import Recording, open_recording
from beavervision.face.model_registry import load_face_model
from beavervision.metrics.lip_motion import curve_correlation, opening_ratio
from beavervision.stages.audio2motion.adaptation import with_new_readout
from beavervision.stages.audio2motion.bundle_schema import SCHEMA
from beavervision.stages.audio2motion.inference import AudioToMotion
from beavervision.stages.audio2motion.opening_head import OpeningHead
from beavervision.stages.audio2motion.personal import build_motion_network
from beavervision.stages.audio2motion.speaking_style import measure_style
from beavervision.stages.face_geometry import FaceGeometry
from beavervision.workflows.initial_weights import GENERAL

RIDGE = 3.0e-4
"""Strength of the ridge relative to the variance of all inputs together; best of 3e-4, 1e-3 and 3e-3."""
GATE_RIDGE = 1.0e-3
"""Weight of the squared weights of the gate."""
GATE_SHARES = (0.45, 0.05, 0.5, 0.25)
"""Weights of clean speech, speech in noise, silence and noise, and pauses in the fit of the gate."""
GAIN, OFFSET = 2.0, -0.3
"""Applied to the prediction before its limit. A prediction that is right half of the time has half of the range, and
its smallest values are not those of closed lips: with the offset, three times as many closures are found, at the
same r."""
SNR_DB = (20.0, 10.0)
"""Noise in which the gate still hears speech."""
NOISE_DB = (-75.0, -25.0)
"""Levels of noise that must not open the lips, dB of full scale."""
MAX_COLOUR = 1.3
"""Largest slope of the noises' amplitude spectra: 0 is white, 1 brown."""
NOISES, HUM_EVERY = 60, 6
"""Number of noises, and how many of them are hums."""
HUMS_HZ = (50, 60, 100, 120, 220, 440)
REACH = 4
"""Frames (160 ms) by which lips open before a sound and close after it."""
LOW_PERCENTILE = 2
SECONDS = 2.0


@dataclass(frozen=True)
class Speaker:
    """Frames of one speaker."""

    inputs: Float[np.ndarray, "N F"]
    """Inputs of the opening head."""
    gap: Float[np.ndarray, "N"]
    """Gap relative to the resting face and the amplitude."""
    motion: Float[np.ndarray, "N E"]
    """Motion relative to the resting face."""
    spoken: Bool[np.ndarray, "N"]
    """Whether somebody speaks within REACH frames."""
    noisy: Float[np.ndarray, "M F"]
    """Inputs of the spoken frames in noise."""


def heard(person: AudioToMotion, samples: Float[np.ndarray, "N"], fps: float) -> Float[np.ndarray, "T F"]:
    """Inputs of the opening head for a sound, as `AudioToMotion.predict` hears it."""
    features = person.features.extract(at_level(samples.astype(np.float32), person.speech_level_db), fps)
    return person.opening_inputs(features)


def noise(rng: np.random.Generator, count: int, colour: float) -> Float[np.ndarray, "N"]:
    """Noise of a power of 1."""
    spectrum = np.fft.rfft(rng.standard_normal(count))
    sound = np.fft.irfft(spectrum / np.maximum(1, np.arange(len(spectrum))) ** colour, count)
    return sound / np.sqrt(np.square(sound).mean())


def gather(person: AudioToMotion, recordings: Sequence[Recording]) -> dict[str, Speaker]:
    """Frames of every speaker of the training split."""
    parts: dict[str, list[Speaker]] = {}
    for name in dict.fromkeys(recording.speaker for recording in recordings):
        own = [recording for recording in recordings if recording.speaker == name]
        style = measure_style(np.concatenate([r.expression[learnt(r)] for r in own]), load_face_model(own[0].basis))
        parts[name] = [frames_of(person, recording, style.rest, style.mouth_amp) for recording in own]
    return {
        name: Speaker(*(np.concatenate([getattr(part, field) for part in own]) for field in vars(own[0])))
        for name, own in parts.items()
    }


def learnt(recording: Recording) -> Bool[np.ndarray, "T"]:
    """Known frames of the training split."""
    frames = np.zeros(recording.n_frames, bool)
    for part in recording.train_ranges:
        frames[part.start : part.stop] = True
    return frames & recording.known


def frames_of(person: AudioToMotion, recording: Recording, rest: Float[np.ndarray, "E"], amp: float) -> Speaker:
    """Frames of one recording, clean and in noise."""
    face, known = load_face_model(recording.basis), learnt(recording)
    sound = recording.sound(range(recording.n_frames))
    voice = detect_voice_activity(sound).frames(recording.n_frames, recording.fps)
    spoken = binary_dilation(voice, iterations=REACH)
    rng, level = np.random.default_rng(len(sound)), np.sqrt(np.square(sound).mean())
    noisy = [
        heard(person, sound + noise(rng, len(sound), colour) * level * 10 ** (-snr / 20), recording.fps)[known & spoken]
        for snr, colour in zip(SNR_DB, rng.uniform(0, MAX_COLOUR, len(SNR_DB)), strict=True)
    ]
    moved = recording.expression[known].astype(np.float64) - rest
    gap = moved @ normal_of(FaceGeometry(face)) / amp
    inputs = heard(person, sound, recording.fps)[known]
    return Speaker(inputs, gap, moved, spoken[known], np.concatenate(noisy))


def normal_of(geometry: FaceGeometry) -> Float[np.ndarray, "E"]:
    """Change of the gap with each coefficient, cm."""
    return geometry.gap_basis[:, 0, 1].double().numpy() / 10


def hum(rng: np.random.Generator, count: int) -> Float[np.ndarray, "N"]:
    """Harmonics of a mains or fan frequency, in a little noise, of a power of about 1."""
    time, hertz, slope = np.arange(count) / SAMPLE_RATE, rng.choice(HUMS_HZ), rng.uniform(0.5, 2)
    tones = [np.sin(2 * np.pi * hertz * k * time + rng.uniform(0, 6)) / k**slope for k in range(1, 8)]
    sound = np.sum(tones, 0)
    return sound / np.sqrt(np.square(sound).mean()) + 0.1 * noise(rng, count, rng.uniform(0, MAX_COLOUR))


def quiet_inputs(person: AudioToMotion, seed: int = 0) -> Iterator[Float[np.ndarray, "T F"]]:
    """Inputs of digital silence, noises and hums."""
    rng, count = np.random.default_rng(seed), round(SECONDS * SAMPLE_RATE)
    yield heard(person, np.zeros(count), person.fps)
    for number in range(NOISES):
        steady = hum(rng, count) if number % HUM_EVERY == 0 else noise(rng, count, rng.uniform(0, MAX_COLOUR))
        yield heard(person, steady * 10 ** (rng.uniform(*NOISE_DB) / 20), person.fps)


def ridge(speakers: Mapping[str, Speaker]) -> tuple[Float[np.ndarray, "F"], float]:
    """Weights and bias of the gap."""
    rows = [(own.inputs, own.gap) for own in speakers.values()]
    shares = np.array([len(gap) ** 0.5 for _, gap in rows])
    shares /= shares.sum()
    level = np.sum([share * gap.mean() for share, (_, gap) in zip(shares, rows, strict=True)])
    centre = np.sum([share * inputs.mean(0) for share, (inputs, _) in zip(shares, rows, strict=True)], axis=0)
    product, target = np.zeros((len(centre), len(centre))), np.zeros(len(centre))
    for share, (inputs, gap) in zip(shares, rows, strict=True):
        away = (inputs - centre).astype(np.float64)
        product += share / len(gap) * (away.T @ away)
        target += share / len(gap) * (away.T @ (gap - gap.mean()))
    product[np.diag_indices_from(product)] += RIDGE * np.trace(product)
    found = np.linalg.solve(product, target)
    return found, float(level - centre @ found)


def fit_gate(
    head: OpeningHead, speakers: Mapping[str, Speaker], quiet: Float[np.ndarray, "N F"]
) -> tuple[Float[np.ndarray, "V"], float]:
    """Weights and bias of the logistic regression of speech, by L-BFGS."""
    own = speakers.values()
    spoken, noisy, pauses = (
        np.concatenate(parts)
        for parts in ([s.inputs[s.spoken] for s in own], [s.noisy for s in own], [s.inputs[~s.spoken] for s in own])
    )
    labelled = zip((spoken, noisy, quiet, pauses), (1.0, 1.0, 0.0, 0.0), GATE_SHARES, strict=True)
    groups = [(gate_inputs(head, rows), label, share) for rows, label, share in labelled]
    inputs = np.concatenate([rows for rows, _, _ in groups])
    centre, size = inputs.mean(0), inputs.std(0).mean()
    x = torch.from_numpy((inputs - centre) / size)
    label = torch.cat([torch.full((len(rows),), value) for rows, value, _ in groups])
    weight = torch.cat([torch.full((len(rows),), share / max(1, len(rows))) for rows, _, share in groups])
    gate = torch.zeros(x.shape[1] + 1, requires_grad=True)
    optimizer = torch.optim.LBFGS([gate], max_iter=100, line_search_fn="strong_wolfe")

    def closure() -> torch.Tensor:
        optimizer.zero_grad()
        loss = binary_cross_entropy_with_logits(x @ gate[:-1] + gate[-1], label, weight, reduction="sum")
        loss = loss + GATE_RIDGE * gate[:-1].square().sum()
        loss.backward()
        return loss

    optimizer.step(closure)
    found = gate.detach().double().numpy()
    return found[:-1] / size, float(found[-1] - centre @ found[:-1] / size)


def gate_inputs(head: OpeningHead, inputs: Float[np.ndarray, "N F"]) -> Float[np.ndarray, "N V"]:
    """Inputs of the gate."""
    return head.voice_inputs(torch.from_numpy(inputs)).numpy()


def set_weights(head: OpeningHead, gap: tuple[np.ndarray, float], gate: tuple[np.ndarray, float]) -> None:
    """Write gap and gate into a head."""
    with torch.no_grad():
        head.gap.weight.copy_(torch.from_numpy(GAIN * gap[0])[None])
        head.gap.bias.fill_(GAIN * gap[1] + OFFSET)
        head.voice.weight.copy_(torch.from_numpy(gate[0])[None])
        head.voice.bias.fill_(gate[1])


@torch.no_grad()
def opened(head: OpeningHead, inputs: Float[np.ndarray, "N F"]) -> Float[np.ndarray, "N"]:
    """Predicted gap, relative to the resting face and the amplitude."""
    return head.opened(torch.from_numpy(inputs)).numpy()


def judge_left_out(head: OpeningHead, speakers: Mapping[str, Speaker], quiet: Float[np.ndarray, "N F"]) -> None:
    """Predict every speaker from all others, and print how well."""
    agreements = []
    for name, own in speakers.items():
        others = {other: part for other, part in speakers.items() if other != name}
        set_weights(head, ridge(others), fit_gate(head, others, quiet))
        found = opened(head, own.inputs)
        agreements.append(curve_correlation(found, own.gap))
        print(f"{name}: r {agreements[-1]:.2f}, opening ratio {opening_ratio(found, own.gap):.2f}", flush=True)
    print(f"mean r {np.mean(agreements):.3f}")


def mean_shape(speakers: Mapping[str, Speaker], normal: Float[np.ndarray, "E"]) -> Float[np.ndarray, "E"]:
    """Mean change of a face when its gap grows by 1 cm."""
    total, size = np.zeros(len(normal)), 0.0
    for own in speakers.values():
        away = own.motion - own.motion.mean(0)
        gap, share = away @ normal, len(own.gap) ** -0.5
        total, size = total + share * away.T @ gap, size + share * float(gap @ gap)
    return total / size


def main() -> None:
    """Fit, judge on left-out speakers, write the bundle."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("clips", help="pattern of prepared clips")
    parser.add_argument("out", type=Path, help="folder of the new bundle")
    parser.add_argument(
        "--bundle", type=Path, default=GENERAL / "audio2motion", help="audio2motion bundle to begin with"
    )
    args = parser.parse_args()
    bundle = Bundle.load(args.bundle, SCHEMA)
    hparams = {**bundle.hparams, "opening": True}
    person = AudioToMotion.from_bundle(args.bundle)
    rest = person.resting()
    person.network = network = with_new_readout(build_motion_network(bundle.hparams | {"opening": False}), hparams)
    network.load_state_dict(bundle.weights, strict=False)
    network.eval()
    recordings = [open_recording(Path(folder)) for folder in sorted(glob(args.clips))]
    speakers = gather(person, [recording for recording in recordings if learnt(recording).any()])
    quiet = np.concatenate(list(quiet_inputs(person)))
    head, normal = network.opening, normal_of(FaceGeometry(load_face_model(person.basis)))
    assert head is not None
    with torch.no_grad():
        head.normal.copy_(torch.from_numpy(normal))
        head.shape.copy_(torch.from_numpy(mean_shape(speakers, normal)))
        head.low.fill_(float(np.percentile(np.concatenate([s.gap for s in speakers.values()]), LOW_PERCENTILE)))
        head.rest.fill_(float((rest - network.motion_mean.numpy()) @ normal))
    judge_left_out(head, speakers, quiet)
    set_weights(head, ridge(speakers), fit_gate(head, speakers, quiet))
    unheard = [np.abs(opened(head, inputs)).max() for inputs in quiet_inputs(person, seed=1)]
    print(f"opening in other noises, share of the amplitude: mean {np.mean(unheard):.3f}, largest {max(unheard):.3f}")
    facts = bundle.facts.model_dump(exclude={"hparams", "weights_sha256"})
    config = (args.bundle / CONFIG).read_text(encoding="utf-8")
    origin = {name: source.model_dump() for name, source in Manifest.read(args.bundle, BundleFacts).inputs.items()}
    extras = {"inputs": origin, "metrics": bundle.metrics, "config": config}
    save_bundle(args.out, "audio2motion", network.state_dict(), hparams, facts, **extras)
    print(args.out)


if __name__ == "__main__":
    main()
