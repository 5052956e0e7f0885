"""Closed-form adaptation to one person: ridge regression of the person's motion on the general network's condition.

The strength of the ridge, the share of the general network's motion, whether its opening head helps, and the gain are
chosen on stretches of the training split that are held out in turn (cross-validation). Where the readout does not
predict these better than the general network with the person's mean pose does, the general network is kept.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Bool, Float

from beavervision.metrics.lip_motion import opening_ratio
from beavervision.stages.audio2motion.batch import SpeechMotion
from beavervision.stages.audio2motion.personal import PersonalMotionVAE
from beavervision.stages.audio2motion.ridge_problem import GENERAL, MIN_STD, RidgeProblem, Rows, Setting, Solution
from beavervision.stages.face_geometry import FaceGeometry

STRETCHES = 5
"""Number of stretches that are held out in turn."""
GUARD_FRAMES = 10
"""Frames next to a held-out stretch that are not trained on: neighbouring frames of speech are alike."""
LEAST_FRAMES = 100
"""Known frames (4 s at 25 fps) from which a readout is tried."""
RIDGES = (0.1, 0.3, 1.0, 3.0, 10.0)
"""Strengths of the ridge, relative to the variance of the standardised condition."""
PRIOR_SHARES = (0.0, 0.5, 1.0)
"""Shares of the general network's motion to which the readout is added."""
HEAD_SHARES = (1.0, 0.0)
"""With the general network's opening head, and without it: speech that is made by rule is better foretold without."""
MARGIN = 0.02
"""Smallest advantage in lip correlation over the general network."""
GAINS = np.arange(0.5, 2.52, 0.02)
"""Gains to choose from. A prediction that is right half of the time has half of the range, so 2 is not unusual."""
SILENCE_SHARE = 0.1
"""Frames of silence relative to those of the training split: a clip has few pauses, and lips rest in all of them."""
LOW_PERCENTILE = 2
"""Percentile of the person's gap that counts as the smallest."""


@dataclass(frozen=True)
class Adaptation:
    """Result of the adaptation."""

    kept_general: bool
    """Whether the general network is kept, with the person's mean pose and gain."""
    why: str
    """The reason in one sentence, for the log."""
    lip_correlation: float = 0.0
    """Correlation of the lips' motion on the held-out stretches, of what is used; 0 where it was not measured."""
    general_lip_correlation: float = 0.0
    ridge: float = 0.0
    prior_share: float = 1.0
    head_share: float = 1.0
    gain: float = 1.0

    @property
    def metrics(self) -> dict[str, float]:
        """Numbers for metrics.json."""
        names = ("lip_correlation", "general_lip_correlation", "ridge", "prior_share", "head_share", "gain")
        return {f"adaptation/{name}": float(getattr(self, name)) for name in names} | {
            "adaptation/readout": float(not self.kept_general)
        }


def lip_correlation(
    lip_basis: Float[np.ndarray, "E L"], found: Float[np.ndarray, "N E"], truth: Float[np.ndarray, "N E"]
) -> float:
    """Correlation of all coordinates of the lips' landmarks together, each around its mean; 0 without motion."""
    a, b = ((motion - motion.mean(0)) @ lip_basis for motion in (found, truth))
    size = np.sqrt(np.square(a).sum() * np.square(b).sum())
    return float((a * b).sum() / size) if size > MIN_STD else 0.0


@dataclass(frozen=True)
class LipLimit:
    """Smallest gap between a person's lips; see `PersonalMotionVAE`."""

    normal: Float[np.ndarray, "E"]
    """Change of the gap (upper minus lower lip, upwards) with each coefficient, mm."""
    shape: Float[np.ndarray, "E"]
    """Change of the person's face when the gap grows by 1 mm: normal . shape = 1."""
    low: float
    """Smallest gap relative to that of the mean face, mm."""

    @classmethod
    def of(cls, geometry: FaceGeometry, truth: Float[np.ndarray, "N E"]) -> LipLimit:
        """Measure the limit of a person's motion."""
        normal = geometry.gap_basis[:, 0, 1].numpy().astype(float)
        gap = truth @ normal
        away = gap - gap.mean()
        shape = (truth - truth.mean(0)).T @ away / max(float(away @ away), MIN_STD)
        return cls(normal, shape, float(np.percentile(gap, LOW_PERCENTILE)))

    def __call__(self, motion: Float[np.ndarray, "N E"]) -> Float[np.ndarray, "N E"]:
        """Open lips that would pass through one another."""
        return motion + np.maximum(0.0, self.low - motion @ self.normal)[:, None] * self.shape


def matching_gain(
    geometry: FaceGeometry,
    projector: Float[np.ndarray, "E E"],
    limit: LipLimit,
    found: Float[np.ndarray, "N E"],
    truth: Float[np.ndarray, "N E"],
) -> float:
    """Gain of the mouth's motion around its mean at which the lips' gap has the true range (opening ratio 1).

    Args:
        geometry: of the face model of the coefficients.
        projector: matrix that keeps the mouth's part of a motion (`speaking_style.mouth_projector`).
        limit: smallest gap of the person's lips.
        found: predicted motion of frames that were held out: on training frames, the prediction is too good.
        truth: true motion.
    """
    true_gap, middle = gap_of(geometry, truth), found.mean(0)
    moved = (found - middle) @ projector
    ratios = [opening_ratio(gap_of(geometry, limit(found + (gain - 1) * moved)), true_gap) for gain in GAINS]
    misses = np.abs(np.log(np.maximum(np.nan_to_num(ratios, nan=1e-9), 1e-9)))
    return float(GAINS[int(misses.argmin())])


def gap_of(geometry: FaceGeometry, motion: Float[np.ndarray, "N E"]) -> Float[np.ndarray, "N"]:
    """Gap between the lips, mm."""
    return geometry.gap(geometry.lips(torch.from_numpy(motion))).numpy()


@torch.no_grad()
def gather_rows(
    network: PersonalMotionVAE, speeches: Iterable[SpeechMotion], silences: Iterable[SpeechMotion] = ()
) -> Rows:
    """Condition and motion of all known frames of the training split, and of a share of silence."""
    spoken, start = [], 0
    for speech in speeches:
        spoken.append(_rows_of(network, speech, start))
        start += speech.known.shape[1] + GUARD_FRAMES
    silent = [_rows_of(network, silence, None) for silence in silences]
    count = sum(len(rows.time) for rows in spoken)
    wanted, total = SILENCE_SHARE * count, sum(len(rows.time) for rows in silent)
    step = max(1, int(total / max(1.0, wanted)))
    parts = [*spoken, *(rows.part(np.arange(len(rows.time)) % step == 0) for rows in silent)]
    return Rows(*(np.concatenate([getattr(rows, name) for rows in parts]) for name in vars(parts[0])))


def _rows_of(network: PersonalMotionVAE, speech: SpeechMotion, start: int | None) -> Rows:
    """Known frames of one sample; None for silence."""
    prior, plain, condition = network.prior_motion(speech)
    known = speech.known[0].numpy()
    arrays = (array[0].double().numpy()[known] for array in (condition, prior, plain, speech.expression))
    heard, before, without_head, truth = arrays
    time = np.full(known.sum(), -1) if start is None else start + np.flatnonzero(known)
    return Rows(heard, before, without_head, truth, time)


def held_out_stretches(rows: Rows) -> Iterable[tuple[Bool[np.ndarray, "N"], Bool[np.ndarray, "N"]]]:
    """Masks of training frames and of held-out frames, for each stretch of the training split in turn."""
    spoken = rows.time >= 0
    stretch = np.where(spoken, (np.cumsum(spoken) - 1) * STRETCHES // max(1, spoken.sum()), -1)
    for number in range(STRETCHES):
        held_out = stretch == number
        first, last = rows.time[held_out][[0, -1]]
        near = (rows.time >= first - GUARD_FRAMES) & (rows.time <= last + GUARD_FRAMES)
        yield ~(near & spoken), held_out


def fit_readout(
    network: PersonalMotionVAE,
    speeches: Iterable[SpeechMotion],
    geometry: FaceGeometry,
    projector: Float[np.ndarray, "E E"],
    silences: Iterable[SpeechMotion] = (),
    *,
    spoken: bool = True,
) -> Adaptation:
    """Adapt a network to one person in closed form.

    Args:
        network: network with a general network's weights, changed in place.
        speeches: samples of the training split, without augmentation.
        geometry: of the face model of the coefficients.
        projector: matrix that keeps the mouth's part of a motion.
        silences: samples without speech, in which the face is at rest.
        spoken: whether somebody speaks in the samples; otherwise only the pose is adapted.
    """
    training = network.training
    rows = gather_rows(network.eval(), speeches, silences)
    network.train(training)
    talk, lips = rows.spoken, geometry.lip_basis.numpy().reshape(rows.truth.shape[1], -1).astype(float)
    limit = LipLimit.of(geometry, talk.truth)
    if not spoken or len(talk.time) < LEAST_FRAMES:
        why = f"only {len(talk.time)} frames show the face" if spoken else "nobody speaks in the training split"
        found = Adaptation(kept_general=True, why=why)
        return _install(network, RidgeProblem(talk).solve(GENERAL), talk, projector, limit, found)
    foretold = cross_validate(rows)
    scores = {setting: lip_correlation(lips, motion, talk.truth) for setting, motion in foretold.items()}
    general = scores[GENERAL]
    best = max(scores, key=lambda setting: scores[setting])
    chosen = GENERAL if scores[best] < general + MARGIN else best
    gain = matching_gain(geometry, projector, limit, foretold[chosen], talk.truth)
    why = f"lip correlation {scores[best]:.2f} on held-out stretches of the training split, general {general:.2f}"
    kept = bool(np.isinf(chosen.ridge))
    ridge = 0.0 if kept else chosen.ridge
    found = Adaptation(kept, why, scores[chosen], general, ridge, chosen.prior_share, chosen.head_share, gain)
    solution = RidgeProblem(talk if kept else rows).solve(chosen)
    return _install(network, solution, talk, projector, limit, found)


def cross_validate(rows: Rows) -> dict[Setting, Float[np.ndarray, "N E"]]:
    """Motion of the training split, each stretch predicted while it was held out, for all settings."""
    heads = HEAD_SHARES if (rows.prior != rows.plain).any() else HEAD_SHARES[:1]
    settings = [Setting(ridge, share, head) for ridge in RIDGES for share in PRIOR_SHARES for head in heads]
    poses = [GENERAL._replace(head_share=head) for head in heads]
    found = {setting: np.zeros_like(rows.truth) for setting in (*poses, *settings)}
    for learnt, held_out in held_out_stretches(rows):
        problem, pose, judged = (
            RidgeProblem(rows.part(learnt)),
            RidgeProblem(rows.part(learnt).spoken),
            rows.part(held_out),
        )
        for setting, motion in found.items():
            motion[held_out] = (pose if np.isinf(setting.ridge) else problem).solve(setting).predict(judged)
    return {setting: motion[rows.time >= 0] for setting, motion in found.items()}


@torch.no_grad()
def _install(
    network: PersonalMotionVAE,
    solution: Solution,
    rows: Rows,
    projector: Float[np.ndarray, "E E"],
    limit: LipLimit,
    found: Adaptation,
) -> Adaptation:
    """Write a solution into the network; the gain applies around the mean of the motion."""
    centre = solution.predict(rows).mean(0)
    values: Sequence[tuple[torch.Tensor, np.ndarray | float]] = (
        (network.readout.weight, solution.weight.T),
        (network.readout.bias, solution.bias),
        (network.prior_share, solution.prior_share),
        (network.head_share, solution.head_share),
        (network.centre, centre),
        (network.gain, np.eye(len(centre)) + (found.gain - 1) * projector),
        (network.gap_normal, limit.normal),
        (network.gap_shape, limit.shape),
        (network.gap_low, limit.low),
    )
    for place, value in values:
        place.copy_(torch.as_tensor(value))
    return found
