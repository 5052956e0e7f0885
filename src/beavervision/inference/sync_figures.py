"""Figures of lip sync of a film, beside the same figures of the person's own footage."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from jaxtyping import Float

from beavervision.audio.bilabials import bilabial_times
from beavervision.audio.vad import detect_voice_activity
from beavervision.audio.waveform import SAMPLE_RATE
from beavervision.inference.lip_record import MEASURED_S
from beavervision.metrics.lip_motion import HIGH, LOW, closures_found
from beavervision.metrics.sound_lag import sound_lag

REST, WIDE = 2, 95
"""Percentiles of the footage's lip gap that count as shut and as wide open (`speaking_style.SpeakingStyle`)."""
SHIFTS = 40
"""Shifts of the lips against the sound that tell how many closures chance would find."""
LEAST_SPEECH = 12
"""Smallest number of frames of speech in which an opening is measured."""


@dataclass(frozen=True)
class SyncFigures:
    """Lip sync of one person; None where there is too little to measure."""

    seconds: float
    """Of video and sound that were measured."""
    lag_ms: float | None
    """At which the sound predicts the mouth best; positive: the sound is late. 0 is natural speech."""
    confidence: float | None
    """Correlation of the mouth with its prediction from the sound at that lag."""
    certain: bool
    """Whether the lag is significant."""
    opening_mm: float | None
    """Range of the lip gap in speech, 95th minus 5th percentile, mm."""
    closures: int
    """Number of p, b and m that were heard."""
    closures_found: int
    """Those during which the lips are shut."""
    closures_by_chance: float | None
    """Share that would be found if lips and sound had nothing to do with each other."""


@dataclass(frozen=True)
class LipMotion:
    """Lips and speech of one person, from which figures are measured and the card is drawn."""

    gap: Float[np.ndarray, "T"]
    """Distance of the inner lips in each frame, mm; NaN where it is not known."""
    samples: Float[np.ndarray, "N"]
    """Mono speech at 16 kHz; sample 0 is at frame 0."""
    fps: float
    closures: Sequence[tuple[int, int]]
    """First frame and end of every p, b and m that was heard."""

    @classmethod
    def of(cls, gap: Float[np.ndarray, "T"], samples: Float[np.ndarray, "N"], fps: float) -> LipMotion:
        """Take the first MEASURED_S seconds, and listen for p, b and m.

        Args:
            gap: distance of the inner lips, mm.
            samples: mono speech at 16 kHz.
            fps: frames per second.
        """
        n = min(len(gap), int(np.ceil(len(samples) / SAMPLE_RATE * fps)), round(MEASURED_S * fps))
        gap, samples = gap[:n], samples[: round(n / fps * SAMPLE_RATE)]
        spans = [(int(a * fps), max(int(np.ceil(b * fps)), int(a * fps) + 1)) for a, b in bilabial_times(samples)]
        return cls(gap, samples, fps, [(a, min(b, n)) for a, b in spans if a < n])

    def figures(self, shut: float, wide: float) -> SyncFigures:
        """Measure.

        Args:
            shut: lip gap of the person at rest, mm.
            wide: lip gap of the person that counts as wide open, mm.
        """
        n = len(self.gap)
        lag = sound_lag(self.gap, self.samples, self.fps)
        found, judged = closures_found(self.gap, self.closures, shut, wide)
        speech = detect_voice_activity(self.samples).frames(n, self.fps) & np.isfinite(self.gap)
        enough = speech.sum() >= LEAST_SPEECH
        return SyncFigures(
            seconds=n / self.fps,
            lag_ms=None if lag is None else 1000 * lag.frames / self.fps,
            confidence=None if lag is None else lag.correlation,
            certain=lag is not None and lag.certain,
            opening_mm=float(np.diff(np.percentile(self.gap[speech], [LOW, HIGH]))[0]) if enough else None,
            closures=judged,
            closures_found=found,
            closures_by_chance=self._by_chance(speech, shut, wide),
        )

    def shut_in(self, shut: float, wide: float) -> list[bool | None]:
        """Whether the lips are shut in each closure; None where they are not known."""
        found = [closures_found(self.gap, [span], shut, wide) for span in self.closures]
        return [bool(hits) if judged else None for hits, judged in found]

    def _by_chance(self, speech: np.ndarray, shut: float, wide: float) -> float | None:
        """Share of closures that the lips' motion in speech hits when it is shifted in time."""
        spoken = np.flatnonzero(speech)
        if not self.closures or len(spoken) < 2 * LEAST_SPEECH:
            return None
        # Pauses, in which everybody's lips are shut, are left out of what is shifted.
        lips, place = self.gap[spoken], np.clip(np.searchsorted(spoken, [a for a, _ in self.closures]), 0, len(spoken))
        lengths = [b - a for a, b in self.closures]
        shares = []
        for shift in np.arange(1, SHIFTS) * len(spoken) // SHIFTS:
            starts = (place + shift) % len(spoken)
            spans = [(int(a), int(a) + length) for a, length in zip(starts, lengths, strict=True)]
            found, judged = closures_found(lips, spans, shut, wide)
            shares.append(found / max(judged, 1))
        return float(np.mean(shares))


@dataclass(frozen=True)
class SyncComparison:
    """One person of a film, beside their own footage."""

    subject: int
    film: LipMotion
    footage: LipMotion | None
    """None where the footage or its sound is not here."""
    shut: float
    """Lip gap of the person at rest, mm."""
    wide: float
    """Lip gap of the person that counts as wide open, mm."""
    figures: SyncFigures
    footage_figures: SyncFigures | None

    @classmethod
    def of(
        cls, subject: int, film: LipMotion, footage: LipMotion | None, own_gap: Float[np.ndarray, "N"]
    ) -> SyncComparison:
        """Measure both.

        Args:
            subject: number of the person.
            film: what was drawn, and what was said.
            footage: what was tracked, and what was said there.
            own_gap: lip gap of all visible frames of the footage, mm.
        """
        shut, wide = (float(value) for value in np.percentile(own_gap, [REST, WIDE]))
        own = None if footage is None else footage.figures(shut, wide)
        return cls(subject, film, footage, shut, wide, film.figures(shut, wide), own)

    @property
    def opening_ratio(self) -> float | None:
        """Range of the film's lip gap relative to that of the footage."""
        ours, theirs = self.figures.opening_mm, self.footage_figures and self.footage_figures.opening_mm
        return ours / theirs if ours is not None and theirs else None

    @property
    def line(self) -> str:
        """The figures in one line."""
        film = self.figures
        lag = "lag not measured" if film.lag_ms is None else f"lag {film.lag_ms:+.0f} ms"
        ratio = "" if self.opening_ratio is None else f", opening {self.opening_ratio:.2f} of the footage"
        return f"{lag}{ratio}, {film.closures_found} of {film.closures} closures"

    def as_json(self) -> dict[str, Any]:
        """All figures."""
        own = None if self.footage_figures is None else asdict(self.footage_figures)
        film = asdict(self.figures)
        return {"subject": self.subject, "film": film, "footage": own, "opening_ratio": self.opening_ratio}

    def metrics(self) -> dict[str, float]:
        """What was measured, as numbers with names: `sync/<figure>` and `sync/footage/<figure>`."""
        found: dict[str, float] = {}
        for name, figures in (("sync", self.figures), ("sync/footage", self.footage_figures)):
            values = {} if figures is None else asdict(figures)
            found |= {f"{name}/{key}": float(value) for key, value in values.items() if value is not None}
        return found if self.opening_ratio is None else {**found, "sync/opening_ratio": self.opening_ratio}
