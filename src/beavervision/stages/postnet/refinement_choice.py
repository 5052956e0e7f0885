"""Choice of the refinement that `refine=auto` uses: the one that helps on speech that was held out from training."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch

from beavervision.stages.postnet.batch import RefinementBatch
from beavervision.stages.postnet.inference import MODES, MotionRefiner
from beavervision.stages.postnet.lip_metrics import LipMetrics

NONE = "none"
ERROR, CLOSURES, RANGE = "lip_vertex_error_mm2", "closure_recall", "opening_ratio"
"""The smallest error among the modes that neither prevent lip closures nor make the mouth open less."""
LEAST_RANGE = 0.95
"""Smallest opening relative to that without refinement. Lips that move less have a smaller error where a prediction is
right half of the time, and do not convince."""
MARGIN = 0.02
"""Smallest relative decrease of the error that counts; less is chance on a few seconds of speech."""


@dataclass(frozen=True)
class RefinementChoice:
    """The chosen mode, and the metrics of all modes."""

    mode: str
    figures: dict[str, dict[str, float]]
    """Mode -> name -> mean over the samples."""

    @property
    def why(self) -> str:
        """The reason in one sentence, for the log."""
        if ERROR not in self.figures[NONE]:
            return f"refine=auto takes {self.mode}: the face is not visible in the speech that decides"
        shown = ", ".join(
            f"{mode} {figures[ERROR]:.1f} ({figures.get(RANGE, float('nan')):.2f})"
            for mode, figures in self.figures.items()
        )
        return f"refine=auto takes {self.mode}: lip error, mm^2, and opening ratio on speech that was held out: {shown}"

    @property
    def metrics(self) -> dict[str, float]:
        """Numbers for metrics.json."""
        return {f"auto/{mode}/{name}": value for mode, of in self.figures.items() for name, value in of.items()}


def choose_refinement(
    refiner: MotionRefiner, speeches: Sequence[RefinementBatch], measure: LipMetrics
) -> RefinementChoice:
    """Choose the mode with the smallest lip error that closes and opens the lips as much as no refinement.

    Args:
        refiner: refiner whose database does not contain the frames of the speeches.
        speeches: speech that was not trained on.
        measure: metrics of the person.
    """
    figures = {mode: _mean_figures(refiner, speeches, measure, mode) for mode in MODES}
    plain = figures[NONE]
    if ERROR not in plain:
        return RefinementChoice(NONE, figures)
    closing = [mode for mode in MODES if figures[mode].get(CLOSURES, 1.0) >= plain.get(CLOSURES, 0.0)]
    wanted = LEAST_RANGE * min(1.0, plain.get(RANGE, 0.0))
    lively = [mode for mode in closing if figures[mode].get(RANGE, 1.0) >= wanted]
    best = min(lively, key=lambda mode: figures[mode][ERROR])
    return RefinementChoice(best if figures[best][ERROR] < (1 - MARGIN) * plain[ERROR] else NONE, figures)


def _mean_figures(
    refiner: MotionRefiner, speeches: Sequence[RefinementBatch], measure: LipMetrics, mode: str
) -> dict[str, float]:
    """Mean of every metric over the samples for which it is defined."""
    found: dict[str, list[float]] = {}
    for speech in speeches:
        predicted, pitch = speech.predicted[0].numpy(), speech.pitch[0].numpy()
        refined = refiner.refine_condition(predicted.reshape(-1, 68, 3), pitch, mode)
        values = measure(torch.from_numpy(refined).flatten(1), speech.truth[0], speech.known[0])
        for name, value in values.items():
            found.setdefault(name, []).append(float(value))
    return {name: sum(values) / len(values) for name, values in found.items()}
