"""Compares a prepared clip with the ground truth of its scene."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np
from jaxtyping import Bool, Float, Int, UInt8

from beavervision.artifacts.clip import Clip, Subject
from beavervision.face.landmarks import EYE_OUTER
from beavervision.face.pose import rotation_angle
from beavervision.synthetic.ground_truth import Truth
from beavervision.types import Label

HEAD = (Label.HAIR, Label.FACE)
SHORTEST = 10
"""Smallest number of frames for a correlation."""


@dataclass
class Evidence:
    """Values collected per person, from which the measures are computed."""

    landmarks: list[np.ndarray] = field(default_factory=list)
    degrees: list[np.ndarray] = field(default_factory=list)
    jaw: list[float] = field(default_factory=list)
    heads: list[tuple[int, int]] = field(default_factory=list)
    hands: list[tuple[int, int]] = field(default_factory=list)
    """Pixels labelled as hand in both label maps, and in either."""
    occluded: list[np.ndarray] = field(default_factory=list)
    """Pairs of (predicted, true)."""
    missed: int = 0
    expected: int = 0
    visibility_errors: int = 0
    switches: int = 0


@dataclass(frozen=True)
class Score:
    """Measures of one clip; NaN where a measure does not apply."""

    landmarks_median: float
    """In % of the distance between the outer corners of the eyes."""
    landmarks_p95: float
    rotation_median: float
    """In degrees."""
    jaw: float
    """Correlation of the mouth opening while the face is not occluded, of the worst person."""
    head_iou: float
    hand_iou: float
    occlusion_f1: float
    visibility_errors: int
    """Number of wrong frames that are more than LENIENT frames from every change."""
    switches: int
    """Number of times that a subject changes to another person."""
    found: float
    """Share of the frames with a visible face in which it was found."""
    sound_lag: float
    """Delay of the clip's sound, milliseconds."""


Labelled = Iterable[tuple[int, UInt8[np.ndarray, "H W"]]]


def measure(
    clip: Clip,
    people: Sequence[Truth],
    labels: Sequence[Callable[[], Labelled]],
    *,
    cuts: Sequence[int] = (),
    sound: Float[np.ndarray, "N"] | None = None,
    everybody: bool = False,
) -> Score:
    """Compare a clip with the ground truth of its people.

    Args:
        clip: clip prepared from the scene, with the frames of the ground truth.
        people: ground truth of each person.
        labels: for each person a function that yields (frame, true label map) in ascending order.
        cuts: first frames of later shots.
        sound: the true sound, 16 kHz, sample 0 at frame 0.
        everybody: whether people without a subject count as missed (data.subject=all).
    """
    evidence, met = Evidence(), set()
    for index, subject in enumerate(clip.subjects):
        seen = who_is_it(subject, people)
        named = seen[seen != NOBODY]
        evidence.switches += int((np.diff(named) != 0).sum())
        person = int(np.bincount(named).argmax()) if len(named) else min(index, len(people) - 1)
        met.add(person)
        _compare(evidence, subject, people[person], cuts)
        _compare_labels(evidence, clip, index, people[person], labels[person]())
    for person in set(range(len(people))) - met if everybody else ():
        expected = int((people[person].visible & clear_of_changes(people[person].visible, cuts)).sum())
        evidence.expected, evidence.missed = evidence.expected + expected, evidence.missed + expected
        evidence.visibility_errors += expected
    return _numbers(evidence, np.nan if sound is None or not clip.has_audio else _lag(clip.audio(), sound))


def _compare(evidence: Evidence, subject: Subject, truth: Truth, cuts: Sequence[int]) -> None:
    """Compare everything except label maps, for one person."""
    both = subject.visible & truth.visible
    clear = clear_of_changes(truth.visible, cuts)
    evidence.visibility_errors += int((subject.visible != truth.visible)[clear].sum())
    evidence.expected += int((truth.visible & clear).sum())
    evidence.missed += int((truth.visible & ~subject.visible & clear).sum())
    evidence.occluded.append(np.stack([subject.occluded[both], truth.occluded[both]], axis=1))
    if both.sum() < 2:
        return
    true = truth.landmarks[both]
    error = np.linalg.norm(subject.landmarks[both][..., :2] - true[..., :2], axis=-1)
    evidence.landmarks.append(100 * (error / eye_distance(true)[:, None]).ravel())
    angle = rotation_angle(subject.rotation[both].astype(float), truth.rotation[both].astype(float))
    evidence.degrees.append(np.degrees(angle))
    bare = both & ~truth.occluded  # behind a hand, the mouth is not evaluated
    if bare.sum() >= SHORTEST:
        evidence.jaw.append(float(np.corrcoef(subject.mouth_open[bare], truth.mouth_open[bare])[0, 1]))


def _compare_labels(evidence: Evidence, clip: Clip, index: int, truth: Truth, labels: Labelled) -> None:
    """Compare the label maps of one person, in the frames that show the face."""
    for k, true in labels:
        if truth.visible[k] and clip.subjects[index].visible[k]:
            found = next(clip.labels([k], index))[1]
            for wanted, counts in ((HEAD, evidence.heads), ((Label.HAND,), evidence.hands)):
                a, b = np.isin(found, wanted), np.isin(true, wanted)
                counts.append((int((a & b).sum()), int((a | b).sum())))


def _numbers(evidence: Evidence, lag: float) -> Score:
    landmarks = np.concatenate(evidence.landmarks) if evidence.landmarks else np.array([np.nan])
    degrees = np.concatenate(evidence.degrees) if evidence.degrees else np.array([np.nan])
    occluded = np.concatenate(evidence.occluded)
    agreed, marked = int(occluded.all(axis=1).sum()), int(occluded.sum())
    return Score(
        landmarks_median=float(np.median(landmarks)),
        landmarks_p95=float(np.percentile(landmarks, 95)),
        rotation_median=float(np.median(degrees)),
        jaw=min(evidence.jaw, default=np.nan),
        head_iou=_iou(evidence.heads),
        hand_iou=_iou(evidence.hands),
        occlusion_f1=2 * agreed / marked if marked else np.nan,
        visibility_errors=evidence.visibility_errors,
        switches=evidence.switches,
        found=1 - evidence.missed / evidence.expected if evidence.expected else np.nan,
        sound_lag=lag,
    )


def _iou(counts: list[tuple[int, int]]) -> float:
    both, either = np.array(counts).sum(axis=0) if counts else (0, 0)
    return float(both / either) if either else np.nan


def _lag(found: Float[np.ndarray, "N"], true: Float[np.ndarray, "N"], rate: int = 16_000) -> float:
    """Delay of `found` relative to `true` with the best correlation, milliseconds; at most half a second."""
    n = min(len(found), len(true))
    size = 2 * n
    product = np.fft.irfft(np.fft.rfft(found[:n], size) * np.conj(np.fft.rfft(true[:n], size)), size)
    reach = rate // 2
    around = np.concatenate([product[-reach:], product[: reach + 1]])
    return float((around.argmax() - reach) / rate * 1000)


LENIENT = 2
"""Number of frames around each change of visibility in which both answers are accepted."""
NEAR = 0.5
"""Largest distance between the faces' centres of a subject and its person, in eye distances."""
NOBODY = -1


def eye_distance(landmarks: Float[np.ndarray, "T 478 C"]) -> Float[np.ndarray, "T"]:
    """Distance between the outer corners of the eyes in the image, px."""
    right, left = (landmarks[:, corner, :2] for corner in EYE_OUTER)
    return np.linalg.norm(right - left, axis=1)


def clear_of_changes(visible: Bool[np.ndarray, "T"], cuts: Sequence[int] = ()) -> Bool[np.ndarray, "T"]:
    """Frames that are more than LENIENT frames from every change of visibility and every cut."""
    changes = np.concatenate([np.flatnonzero(np.diff(visible.astype(int))), np.array(cuts, int) - 1]) + 0.5
    index = np.arange(len(visible))
    return (np.abs(index[:, None] - changes) > LENIENT).all(axis=1)


def who_is_it(subject: Subject, people: Sequence[Truth]) -> Int[np.ndarray, "T"]:
    """The person that a subject is in each frame; NOBODY where no face is near, or the subject has none."""
    middle = subject.landmarks[..., :2].mean(axis=1)
    gaps = []
    for person in people:
        gap = np.linalg.norm(middle - person.landmarks[..., :2].mean(axis=1), axis=1) / eye_distance(person.landmarks)
        gaps.append(np.where(person.visible & subject.visible, gap, np.inf))
    gap = np.nan_to_num(np.stack(gaps), nan=np.inf)
    return np.where(gap.min(axis=0) < NEAR, gap.argmin(axis=0), NOBODY)
