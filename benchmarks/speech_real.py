"""Accuracy of audio2motion bundles on prepared clips of real people.

    python benchmarks/speech_real.py runs/*/clip --bundle general=<folder> --bundle adapted=<folder> --json out.json

A clip is judged for all its subjects; `<clip>:<subject>` selects one. A bundle that was adapted to a clip is judged on
the held-out end of that clip only, and on no other clip. A general bundle is judged on all frames, and on the held-out
end as well where an adapted bundle is. It gets what a user can give it: the amplitude of the person's mouth and the
person's mean pose, both measured on the training split.

gap and width are distances between landmarks of the mean face with the fitted expression, mm. Closures are those of p,
b and m where `--aligner module:function` names a function that returns (start, stop, phoneme) in seconds for mono sound
at 16 kHz; otherwise they are the moments in speech at which the true gap is below 15 % of the person's range.
Intervals are 95 % intervals by bootstrap over blocks of one second.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path

import numpy as np
import torch
from jaxtyping import Bool, Float
from scipy.ndimage import binary_dilation

from beavervision.artifacts.clip import Clip
from beavervision.artifacts.manifest import Manifest
from beavervision.audio.phonemes import BILABIALS, phoneme_classes
from beavervision.audio.vad import detect_voice_activity
from beavervision.data.recording import tracked_frames
from beavervision.errors import BundleError, ClipError
from beavervision.face.model_registry import load_face_model
from beavervision.face.morphable_model import FaceModel
from beavervision.metrics.jitter import landmark_jitter
from beavervision.metrics.lip_motion import (
    best_lag,
    block_resamples,
    bootstrap,
    closures_found,
    curve_correlation,
    interval,
    opening_ratio,
)
from beavervision.metrics.mouth import spoken_closures
from beavervision.preprocess.report.av_sync import own_speech
from beavervision.stages.audio2motion.bundle_schema import Audio2MotionFacts
from beavervision.stages.audio2motion.inference import AudioToMotion
from beavervision.stages.audio2motion.speaking_style import SpeakingStyle, measure_style
from beavervision.stages.face_geometry import FaceGeometry, lip_distance, lip_width

MM = 10
"""mm per cm."""
PAUSE_MARGIN = 5
"""Frames next to speech that do not count as silence, because the mouth is still closing or opens already."""
STATISTICS = {"gap_r": curve_correlation, "width_r": curve_correlation, "opening": opening_ratio}
"""Figures with an interval."""
Aligner = Callable[[np.ndarray], Iterable[tuple[float, float, str]]]


@dataclass(frozen=True)
class Person:
    """One subject of a clip as the judge needs it; curves in mm, NaN where the face is not judged."""

    name: str
    clip: Clip
    subject: int
    sound: Float[np.ndarray, "N"]
    learnt: Bool[np.ndarray, "T"]
    """Tracked frames of the training split, from which the person's amplitude, pose and range come."""
    judged: Bool[np.ndarray, "T"]
    silent: Bool[np.ndarray, "T"]
    closures: Sequence[tuple[int, int]] | None
    """Closures of p, b, m by the aligner; None without one."""
    style: SpeakingStyle

    @property
    def gap_range(self) -> tuple[float, float]:
        """Gap at rest and its 95th percentile, mm."""
        low, high = self.style.mouth_range
        return MM * low, MM * high

    @property
    def expression(self) -> Float[np.ndarray, "T E"]:
        """True expression; NaN where the face is not visible."""
        return self.clip.subjects[self.subject].expression


def open_person(clip: Clip, subject: int, aligner: Aligner | None) -> Person:
    """Measure what a user can know of a person: everything from the training split."""
    face, person, n = load_face_model(clip.facts.basis), clip.subject(subject), clip.n_frames
    sound, tracked = clip.audio(), tracked_frames(clip.subject(subject))
    learnt = tracked & (np.arange(n) < clip.train_range.stop)
    if not learnt.any():
        raise ClipError(f"{clip.folder}: subject {subject} is in no frame of the training split; choose another one.")
    speech = detect_voice_activity(sound).frames(n, clip.fps)
    return Person(
        name=clip.name if len(clip.subjects) == 1 else f"{clip.name}:{subject}",
        clip=clip,
        subject=subject,
        sound=sound,
        learnt=learnt,
        judged=tracked & ~others_speak(clip, subject, speech),
        silent=~np.asarray(binary_dilation(speech, iterations=PAUSE_MARGIN), bool),
        closures=None if aligner is None else closed_frames(aligner(sound), clip.fps, n),
        style=measure_style(person.expression[learnt], face),
    )


def others_speak(clip: Clip, subject: int, speech: Bool[np.ndarray, "T"]) -> Bool[np.ndarray, "T"]:
    """Frames with speech in which another subject's lips move and this one's do not."""
    moving = [own_speech(person, speech, clip.fps) for person in clip.subjects]
    others = [moves for number, moves in enumerate(moving) if number != subject]
    return np.any([np.zeros(clip.n_frames, bool), *others], axis=0) & ~moving[subject]


def closed_frames(phonemes: Iterable[tuple[float, float, str]], fps: float, n_frames: int) -> list[tuple[int, int]]:
    """First frame and end of every p, b and m."""
    lips = [(a, b) for a, b, name in phonemes if set(phoneme_classes(name)) & set(BILABIALS)]
    spans = ((int(np.floor(a * fps)), max(int(np.ceil(b * fps)), int(np.floor(a * fps)) + 1)) for a, b in lips)
    return [(start, min(stop, n_frames)) for start, stop in spans if start < n_frames]


def predict(person: Person, bundle: Path, *, adapted: bool) -> Float[np.ndarray, "T E"]:
    """Motion of the whole clip; a general network gets the person's amplitude and mean pose."""
    facts, predictor = Manifest.read(bundle, Audio2MotionFacts).facts, AudioToMotion.from_bundle(bundle)
    if (facts.basis, facts.fps) != (person.clip.facts.basis, person.clip.fps):
        raise BundleError(f"{bundle} has face model {facts.basis} at {facts.fps:g} fps, {person.clip.folder} has not.")
    amp = 1.0 if adapted else person.style.mouth_amp / facts.mouth_amp
    motion = predictor.predict(person.sound, mouth_amp=amp).expression
    motion = np.concatenate([motion, motion[-1:].repeat(max(0, person.clip.n_frames - len(motion)), 0)])
    motion = motion[: person.clip.n_frames].astype(np.float64)
    if adapted:
        return motion
    # As `adaptation.adopt_rest_pose` does.
    return motion + (person.expression[person.learnt] - motion[person.learnt]).mean(0)


def curves(face: FaceModel, motion: Float[np.ndarray, "T E"], judged: Bool[np.ndarray, "T"]) -> dict[str, np.ndarray]:
    """Gap and width in mm over all frames, NaN where not judged."""
    with np.errstate(invalid="ignore"):
        found = {"gap": lip_distance(face, motion), "width": lip_width(face, motion)}
    return {name: np.where(judged, MM * curve, np.nan) for name, curve in found.items()}


def judge(
    person: Person, motion: Float[np.ndarray, "T E"], frames: range
) -> tuple[dict[str, float], dict[str, np.ndarray]]:
    """Figures of a motion over some frames, and bootstrapped values of those that have an interval."""
    face, part = load_face_model(person.clip.facts.basis), slice(frames.start, frames.stop)
    judged = person.judged & (np.arange(person.clip.n_frames) >= frames.start)
    found, truth = curves(face, motion, judged), curves(face, person.expression, judged)
    pairs = {name: (found[curve][part], truth[curve][part]) for name, curve in curve_of().items()}
    resamples = block_resamples(len(frames), round(person.clip.fps))
    drawn = {name: bootstrap(STATISTICS[name], *pair, resamples) for name, pair in pairs.items()}
    hits, total = closures(person, found["gap"], truth["gap"], frames)
    hits_true, _ = closures(person, truth["gap"], truth["gap"], frames)
    silent = judged & person.silent
    figures = {
        "frames": int(judged.sum()),
        **{name: STATISTICS[name](*pair) for name, pair in pairs.items()},
        "lag": best_lag(*pairs["gap_r"]),
        "closures_found": hits,
        "closures": total,
        "closures_of_the_footage": hits_true,
        "silence_mm": spread(found["gap"][silent]),
        "silence_of_the_footage_mm": spread(truth["gap"][silent]),
        "jitter": jitter(face, motion, judged) / jitter(face, person.expression, judged),
    }
    return figures, drawn


def curve_of() -> dict[str, str]:
    """Curve from which each figure with an interval comes."""
    return {"gap_r": "gap", "width_r": "width", "opening": "gap"}


def closures(
    person: Person, gap: Float[np.ndarray, "T"], truth: Float[np.ndarray, "T"], frames: range
) -> tuple[int, int]:
    """Number of closures that are found, and number of all, within the frames."""
    spans = person.closures
    if spans is None:
        opening = torch.from_numpy(np.nan_to_num(truth, nan=np.inf))
        spans = list(runs(spoken_closures(opening, *person.gap_range).numpy()))
    inside = [(a, b) for a, b in spans if frames.start <= a and b <= frames.stop]
    return closures_found(gap, inside, *person.gap_range)


def runs(marks: Bool[np.ndarray, "T"]) -> Iterator[tuple[int, int]]:
    """First frame and end of every run of True."""
    edges = np.diff(np.concatenate([[0], marks.astype(int), [0]]))
    yield from zip(np.flatnonzero(edges == 1).tolist(), np.flatnonzero(edges == -1).tolist(), strict=True)


def spread(gap: Float[np.ndarray, "t"]) -> float:
    """Standard deviation of the gap, mm; NaN for less than two frames."""
    return float(gap.std()) if len(gap) > 1 else float("nan")


def jitter(face: FaceModel, motion: Float[np.ndarray, "T E"], judged: Bool[np.ndarray, "T"]) -> float:
    """Jitter of the lips' landmarks, mm."""
    masked = np.where(judged[:, None], motion, np.nan)
    return float(landmark_jitter(FaceGeometry(face).lips(torch.tensor(masked, dtype=torch.float32))))


def row_of(network: str, person: str, what: str, figures: dict[str, float], drawn: dict[str, np.ndarray]) -> dict:
    """A row of the result."""
    intervals = {f"{name}_interval": interval(values) for name, values in drawn.items()}
    return {"network": network, "clip": person, "judged": what, **figures, **intervals}


def mean_row(network: str, what: str, rows: Sequence[dict], drawn: Sequence[dict[str, np.ndarray]]) -> dict:
    """Mean over clips; its interval is that of the mean over the clips' bootstrapped values."""
    sums = ("frames", "closures_found", "closures", "closures_of_the_footage")
    shown = [name for name in rows[0] if isinstance(rows[0][name], (int, float))]
    figures = {name: sum(row[name] for row in rows) if name in sums else _mean(rows, name) for name in shown}
    together = {name: np.nanmean([one[name] for one in drawn], axis=0) for name in STATISTICS}
    return row_of(network, f"mean of {len(rows)}", what, figures, together)


def _mean(rows: Sequence[dict], name: str) -> float:
    known = [row[name] for row in rows if np.isfinite(row[name])]
    return float(np.mean(known)) if known else float("nan")


def results(people: Sequence[Person], bundles: Sequence[tuple[str, Path]]) -> list[dict]:
    """Rows of all networks and people, each network's mean after its clips."""
    facts = {bundle: Manifest.read(bundle, Audio2MotionFacts).facts for _, bundle in bundles}
    owner = {bundle: (fact.clip_sha256, fact.subject) for bundle, fact in facts.items()}
    adapted_to = {whose for whose in owner.values() if whose[1] is not None}
    judged: dict[tuple[str, str], list[tuple[dict, dict]]] = {}
    for person in people:
        this = (person.clip.sha256, person.subject)
        for name, bundle in bundles:
            adapted = owner[bundle][1] is not None
            if adapted and owner[bundle] != this:
                continue
            motion = predict(person, bundle, adapted=adapted)
            parts = {"all": range(person.clip.n_frames), "end": person.clip.test_range}
            for what in ("all",) * (not adapted) + ("end",) * (this in adapted_to):
                figures, drawn = judge(person, motion, parts[what])
                judged.setdefault((name, what), []).append((row_of(name, person.name, what, figures, drawn), drawn))
    rows = []
    for (name, what), found in judged.items():
        rows += [row for row, _ in found]
        rows.append(mean_row(name, what, [row for row, _ in found], [drawn for _, drawn in found]))
    return rows


HEAD = (
    "network | clip | judged | frames | gap r | width r | opening | lag | closures (footage) of all "
    "| silence, mm (footage) | jitter"
)


def table(rows: Sequence[dict]) -> str:
    """Markdown table of the rows."""
    lines = [f"| {HEAD} |", "|" + "---|" * (HEAD.count("|") + 1)]
    for row in rows:
        spans = {name: "{:.2f} to {:.2f}".format(*row[f"{name}_interval"]) for name in STATISTICS}
        cells = [
            *(row["network"], row["clip"], row["judged"], row["frames"]),
            *(f"{row[name]:.2f} ({spans[name]})" for name in STATISTICS),
            f"{row['lag']:.1f}" if isinstance(row["lag"], float) else row["lag"],
            f"{row['closures_found']} ({row['closures_of_the_footage']}) of {row['closures']}",
            f"{row['silence_mm']:.2f} ({row['silence_of_the_footage_mm']:.2f})",
            f"{row['jitter']:.2f}",
        ]
        lines.append("| " + " | ".join(str(cell) for cell in cells) + " |")
    return "\n".join(lines)


def load_people(names: Sequence[str], aligner: Aligner | None) -> list[Person]:
    """Open the people named by `<clip>` or `<clip>:<subject>`."""
    people = []
    for name in names:
        folder, _, number = name.rpartition(":") if name.rpartition(":")[2].isdigit() else (name, "", "")
        clip = Clip.load(Path(folder))
        subjects = [int(number)] if number else range(len(clip.subjects))
        people += [open_person(clip, subject, aligner) for subject in subjects]
    return people


def load_aligner(name: str | None) -> Aligner | None:
    """Import `module:function`."""
    if name is None:
        return None
    module, _, function = name.partition(":")
    return getattr(import_module(module), function)


def main() -> None:
    """Print the table and write the JSON; see the module docstring."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("clips", nargs="+", help="folder of a clip, or folder:subject")
    parser.add_argument("--bundle", action="append", required=True, metavar="NAME=FOLDER")
    parser.add_argument("--aligner", metavar="MODULE:FUNCTION")
    parser.add_argument("--json", type=Path)
    given = parser.parse_args()
    bundles = [(name, Path(folder)) for name, _, folder in (pair.partition("=") for pair in given.bundle)]
    rows = results(load_people(given.clips, load_aligner(given.aligner)), bundles)
    print(table(rows))
    if given.json:
        given.json.write_text(json.dumps(rows, indent=1, default=float))


if __name__ == "__main__":
    main()
