"""Calibrates the articulation rule of the synthetic corpus on clips of the GRID corpus.

    python scripts/calibrate_articulation.py 'runs/grid_*/clip'

The clips are those of `beavervision prepare -m data=grid`. The words of a clip follow from its file name (Cooke et al.,
JASA 120(5), 2006, table I); espeak-ng pronounces them, and `audio.alignment` finds the time of every phoneme. The
numbers of the rule, and a gain and a rest pose for each speaker, are then fitted to the tracked lips by gradient
descent. The result is written to `synthetic/corpus/data/articulation.json`; a table of the agreement is printed.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from glob import glob
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from beavervision.artifacts.clip import Clip
from beavervision.audio.alignment import align, phoneme_log_probabilities, symbol_classes
from beavervision.audio.level import at_level
from beavervision.audio.mel import FEATURE_RATE
from beavervision.audio.phonemes import CLASSES, SILENCE
from beavervision.data.recording import tracked_frames
from beavervision.face.gpmm import load_gpmm
from beavervision.synthetic.corpus.articulation import DATA, REST_FLAT, name_of
from beavervision.synthetic.speech import Phoneme, pronunciation
from beavervision.synthetic.visemes import ACTOR, OPENING, REST, SHAPES, gestures_of

WORDS = (
    {"b": "bin", "l": "lay", "p": "place", "s": "set"},
    {"b": "blue", "g": "green", "r": "red", "w": "white"},
    {"a": "at", "b": "by", "i": "in", "w": "with"},
    {letter: letter.upper() for letter in "abcdefghijklmnopqrstuvxyz"},
    dict(
        zip("z123456789", ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"], strict=True)
    ),
    {"a": "again", "n": "now", "p": "please", "s": "soon"},
)
"""Words of a GRID sentence by the letters of its code: command, colour, preposition, letter, digit, adverb."""
LEVEL_DB = -23.0
POINTS = (13, 14, 82, 87, 312, 317, 61, 291, 78, 308, 0, 17, 37, 267, 84, 314, 152)
"""Mesh points that are compared: inner and outer lips, corners, chin. The first two are the middles of the inner lips,
the seventh and eighth the corners."""
DEPTH, CHIN = 0.5, 0.5
"""Weights of depth, which a single camera measures poorly, and of the chin."""
STEPS, CLIPS_PER_STEP = 400, 16
FPS = 25.0


@dataclass(frozen=True)
class Sample:
    """One clip: its speaker, phonemes, and tracked expression."""

    speaker: str
    phonemes: Sequence[Phoneme]
    expression: np.ndarray
    known: np.ndarray


def phonemes_of(code: str, samples: np.ndarray) -> list[Phoneme]:
    """Phonemes of a GRID sentence in its sound, with silence in between."""
    spoken = " ".join(pronunciation(words[letter], "en") for words, letter in zip(WORDS, code, strict=True))
    classes = symbol_classes(spoken)
    certain = np.maximum(phoneme_log_probabilities(at_level(samples, LEVEL_DB)), -8.0)
    found, end = list[Phoneme](), 0
    for index, (first, stop) in zip(classes, align(certain, classes), strict=True):
        if index == SILENCE or stop == first:
            continue
        if first > end:
            found.append(Phoneme("", end / FEATURE_RATE, first / FEATURE_RATE))
        found.append(Phoneme(CLASSES[index][0], first / FEATURE_RATE, stop / FEATURE_RATE))
        end = int(stop)
    return [*found, Phoneme("", end / FEATURE_RATE, len(certain) / FEATURE_RATE)]


def open_clips(pattern: str) -> Iterable[Sample]:
    """Samples of prepared clips."""
    for folder in sorted(glob(pattern)):
        clip = Clip.load(Path(folder))
        speaker, _, code = clip.name.removeprefix("grid_").rpartition("_")
        person = clip.subject(0)
        yield Sample(speaker, phonemes_of(code, clip.audio()), person.expression, tracked_frames(person))


class Rule(nn.Module):
    """The articulation rule as a differentiable function; see `visemes.viseme_curves`."""

    def __init__(self, speakers: Sequence[str]) -> None:
        super().__init__()
        visemes = ACTOR.visemes
        targets = [[viseme.targets.get(shape, 0.0) for shape in SHAPES] for viseme in visemes]
        self.targets = nn.Parameter(torch.tensor(targets) * torch.tensor([ACTOR.lively] + [1.0] * (len(SHAPES) - 1)))
        self.dominance = nn.Parameter(torch.tensor([viseme.dominance for viseme in visemes]).log())
        self.ahead = nn.Parameter(torch.tensor([0.0 if v.closes or v is REST else 0.08 for v in visemes]))
        self.decay = nn.Parameter(torch.tensor([ACTOR.lead, ACTOR.lag]).log())
        self.flat = nn.Parameter(torch.tensor(ACTOR.flat))
        self.closed_for = nn.Parameter(torch.tensor(ACTOR.closed_for))
        self.closing = nn.Parameter(torch.tensor(ACTOR.closing))
        self.gain = nn.Parameter(torch.zeros(len(speakers), 2))
        self.rest = nn.Parameter(torch.zeros(len(speakers), len(load_gpmm().exp_basis)))
        self.prior = {name: value.detach().clone() for name, value in self.named_parameters()}
        self._number = {name: i for i, name in enumerate(speakers)}
        self._viseme = {id(viseme): i for i, viseme in enumerate(visemes)}
        self._closes = torch.tensor([viseme.closes for viseme in visemes])
        model = load_gpmm()
        self._shapes = torch.tensor(np.stack([model.semantic[shape] for shape in SHAPES])).float()
        weights = np.ones((len(POINTS), 3)) * [1, 1, DEPTH]
        weights[-1] *= CHIN
        basis = 10 * model.exp_basis[:, model.landmarks468[list(POINTS)]] * weights
        self.basis = torch.tensor(basis.reshape(len(basis), -1)).float()

    def curves(self, sample: Sample) -> Tensor:
        """Activations [T, S] of the shapes, without the speaker's gains."""
        gestures = gestures_of(sample.phonemes)
        which = torch.tensor([self._viseme[id(gesture.viseme)] for gesture in gestures])
        spans = torch.tensor([[g.start, g.end, g.stress] for g in gestures], dtype=torch.float32)
        time = (torch.arange(len(sample.expression)) / FPS)[:, None]
        offset = time - (spans[:, :2].mean(1) - self.ahead[which])
        lead, lag = self.decay.exp()
        flat = torch.where(which == len(ACTOR.visemes) - 1, REST_FLAT, self.flat)
        beyond = (offset.abs() - flat * (spans[:, 1] - spans[:, 0])).clamp(min=0)
        pull = self.dominance[which].exp() * torch.exp(-torch.where(offset < 0, lead, lag) * beyond)
        target = torch.cat([self.targets[which, :1] * spans[:, 2:], self.targets[which, 1:]], 1)
        curves = pull @ target / (pull.sum(1, keepdim=True) + 1e-9)
        closing = self._closes[which]
        if not closing.any():
            return curves
        ramp = (1 - (offset[:, closing].abs() - self.closed_for) / self.closing).clamp(0, 1)
        # Complete: with a factor, the fit would choose .2, because the alignment is uncertain by some frames.
        shut = (ramp * ramp * (3 - 2 * ramp)).amax(1, keepdim=True)
        opens = torch.tensor([shape in OPENING for shape in SHAPES])
        press = torch.tensor([shape == "lips_press" for shape in SHAPES])
        curves = torch.where(opens, curves * (1 - shut), curves)
        return torch.where(press, torch.maximum(curves, 0.6 * shut), curves)

    def forward(self, sample: Sample) -> Tensor:
        """Coordinates [T, 3 P] of POINTS relative to the mean face, weighted, mm."""
        number = self._number[sample.speaker]
        everything, jaw = self.gain[number].exp()
        gains = everything * torch.cat([jaw[None], torch.ones(len(SHAPES) - 1)])
        return (self.curves(sample) * gains @ self._shapes + self.rest[number]) @ self.basis

    def truth(self, sample: Sample) -> Tensor:
        """The tracked coordinates."""
        return torch.tensor(np.where(sample.known[:, None], sample.expression, 0)).float() @ self.basis

    def strain(self) -> Tensor:
        """Distance of the numbers from the actor's, weighted: visemes that the clips lack stay as they are."""
        moved = {name: (value - self.prior[name]).square() for name, value in self.named_parameters()}
        return 3e-3 * moved["targets"].sum() + 1e-3 * moved["dominance"].sum() + 0.05 * moved["gain"].mean()

    @torch.no_grad()
    def limit(self) -> None:
        """Keep the numbers in plausible ranges."""
        self.targets.clamp_(-0.6, 1.6)
        self.targets[-1] = 0  # REST: the rest pose is that of the speaker.
        self.ahead.clamp_(-0.05, 0.2)
        self.ahead[-1] = 0  # A pause begins when the voice ends.
        self.flat.clamp_(0.05, 0.5)
        self.closed_for.clamp_(0.02, 0.05)
        self.closing.clamp_(0.02, 0.15)


def gap(points: Tensor) -> Tensor:
    """Vertical distance of the inner lips, relative to the mean face's, mm."""
    return points[:, 1] - points[:, 4]


def width(points: Tensor) -> Tensor:
    """Distance of the corners, relative to the mean face's, mm."""
    return points[:, 3 * 7] - points[:, 3 * 6]


def fit(samples: Sequence[Sample], steps: int = STEPS) -> Rule:
    """Fit the rule; clips of speakers with many clips are drawn less often."""
    torch.manual_seed(1)
    rng = np.random.default_rng(1)
    speakers = [sample.speaker for sample in samples]
    rule = Rule(sorted(set(speakers)))
    with torch.no_grad():
        for name, number in rule._number.items():
            away = [
                torch.tensor(s.expression[s.known]).float() - (rule.curves(s) @ rule._shapes)[torch.tensor(s.known)]
                for s in samples
                if s.speaker == name
            ]
            rule.rest[number] = torch.cat(away).mean(0)
    slow = {"ahead", "flat", "closed_for", "closing"}
    groups = [
        {"params": [p for n, p in rule.named_parameters() if (n in slow) == is_slow], "lr": rate}
        for is_slow, rate in ((False, 0.02), (True, 0.002))
    ]
    optimizer = torch.optim.Adam(groups)
    weights = np.array([speakers.count(name) ** -0.5 for name in speakers])
    for _ in range(steps):
        loss = rule.strain()
        for index in rng.choice(len(samples), CLIPS_PER_STEP, p=weights / weights.sum()):
            known = torch.tensor(samples[index].known)
            found, truth = rule(samples[index])[known], rule.truth(samples[index])[known]
            error = (found - truth).square().mean() / truth.var(0).mean()
            opening = (gap(found) - gap(truth)).square().mean() / gap(truth).var()
            loss = loss + (error + 0.5 * opening) / CLIPS_PER_STEP
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        rule.limit()
    return rule


@torch.no_grad()
def agreement(rule: Rule, samples: Sequence[Sample]) -> str:
    """Mean correlation of gap and width over the clips, and the median ratio of the openings."""
    figures = []
    for sample in samples:
        known = torch.tensor(sample.known)
        found, truth = rule(sample)[known], rule.truth(sample)[known]
        spread = [float(gap(points).quantile(0.95) - gap(points).quantile(0.05)) for points in (found, truth)]
        pairs = [torch.stack([of(found), of(truth)]) for of in (gap, width)]
        figures.append([*(float(torch.corrcoef(pair)[0, 1]) for pair in pairs), spread[0] / spread[1]])
    r_gap, r_width, _ = np.nanmean(figures, axis=0)
    return f"gap r {r_gap:.3f}, width r {r_width:.3f}, opening {np.median(np.array(figures)[:, 2]):.2f}"


def save(rule: Rule, path: Path = DATA) -> None:
    """Write the numbers."""
    lead, lag = (round(float(value), 2) for value in rule.decay.detach().exp())
    numbers = {
        "rule": {
            **{"lead": lead, "lag": lag, "lively": 1.0},
            **{name: round(float(getattr(rule, name).detach()), 3) for name in ("flat", "closed_for", "closing")},
        },
        "visemes": {
            name_of(viseme): {
                "dominance": round(float(rule.dominance.detach()[i].exp()), 3),
                "ahead": round(float(rule.ahead.detach()[i]), 3),
                "targets": {
                    shape: round(float(value), 3)
                    for shape, value in zip(SHAPES, rule.targets.detach()[i], strict=True)
                    if abs(float(value)) > 0.005
                },
            }
            for i, viseme in enumerate(ACTOR.visemes)
        },
    }
    path.write_text(json.dumps(numbers, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def main(pattern: str) -> None:
    """Calibrate on all clips; see the module docstring."""
    samples = list(open_clips(pattern))
    held_out = sorted({sample.speaker for sample in samples})[::3]
    learnt = [sample for sample in samples if sample.speaker not in held_out]
    print("the actor's rule:", agreement(fit(samples, 0), samples))
    print(f"fitted without {', '.join(held_out)}:", agreement(fit(learnt), learnt))
    rule = fit(samples)
    print("fitted to all:", agreement(rule, samples))
    save(rule)


if __name__ == "__main__":
    main(sys.argv[1])
