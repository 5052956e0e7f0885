"""Contents of a postnet bundle, and its metrics on the held-out split."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch

from beavervision.stages.base import BundleContents
from beavervision.stages.postnet.batch import RefinementBatch
from beavervision.stages.postnet.data import PostNetData
from beavervision.stages.postnet.inference import MODES, MotionRefiner
from beavervision.stages.postnet.lip_metrics import LipMetrics
from beavervision.stages.postnet.network import PostNet
from beavervision.stages.postnet.refinement_choice import choose_refinement

MAX_DATABASE = 10_000
"""Largest number of frames in the database (8 MB); of longer footage every n-th frame is used."""
NOTES = {
    "database": ("1/10 cm", "head space, offset from the mean face; training frames"),
    "identity": ("standard deviations", "face model coefficients"),
    "mean": ("1/10 cm", "of the training frames"),
    "std": ("1/10 cm", "of the training frames"),
    "low": ("1/10 cm", "3 % quantile of the training frames"),
    "high": ("1/10 cm", "97 % quantile of the training frames"),
}


def bundle_contents(network: PostNet, hparams: Mapping[str, Any], data: PostNetData) -> BundleContents:
    """Contents of a trained postnet's bundle, with metrics on the held-out split.

    Args:
        network: the selected network.
        hparams: keyword arguments of the network.
        data: DataModule of the training.
    """
    thinned = data.database[:: -(-len(data.database) // MAX_DATABASE)]
    assets = {"database": thinned.astype(np.float32), "identity": data.identity, **vars(data.scale)}
    refiner = MotionRefiner(network, data.face, data.identity, data.scale, assets["database"])
    figures = LipMetrics(data.face, torch.from_numpy(data.database).flatten(1))
    judged = MotionRefiner(network, data.face, data.identity, data.scale, data.selection_database)
    choice = choose_refinement(judged, data.selection, figures)
    print(f"postnet: {choice.why}", flush=True)
    return BundleContents(
        weights=network.state_dict(),
        hparams=dict(hparams),
        facts={**data.facts(), "refine": choice.mode},
        assets=assets,
        notes=NOTES,
        metrics={**choice.metrics, **_measure(refiner, data.held_out(), figures)},
    )


def _measure(refiner: MotionRefiner, speech: RefinementBatch, figures: LipMetrics) -> dict[str, float]:
    """Metrics of every refinement mode on the held-out split."""
    predicted, pitch = speech.predicted[0].numpy(), speech.pitch[0].numpy()
    found = {}
    for mode in MODES:
        refined = refiner.refine_condition(predicted.reshape(-1, 68, 3), pitch, mode)
        values = figures(torch.from_numpy(refined).flatten(1), speech.truth[0], speech.known[0])
        found |= {f"test/{mode}/{name}": float(value) for name, value in values.items()}
    return found
