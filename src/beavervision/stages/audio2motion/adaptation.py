"""Adaptation of a pretrained audio2motion network to one person."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor

from beavervision.artifacts.bundle import Bundle
from beavervision.artifacts.bundle_network import build_network
from beavervision.errors import BundleError
from beavervision.stages.audio2motion.batch import SpeechMotion
from beavervision.stages.audio2motion.bundle_schema import SCHEMA
from beavervision.stages.audio2motion.network import MotionVAE
from beavervision.stages.audio2motion.personal import build_motion_network
from beavervision.stages.hparam_bounds import build_checked

TAPS = 5
"""Frames of the readout: 160 ms of the past. Better than one frame and than wider steps on two clips
(docs/explanation/corpus.md)."""
READOUT = ("readout.", "prior_share", "head_share", "centre", "gain", "gap_")
"""Names of what a personal network has in addition."""


def load_initial_weights(
    init: str | None, settings: Mapping[str, Any], content_dim: int, motion_dim: int, *, one_person: bool = True
) -> tuple[MotionVAE, dict[str, Any]]:
    """Return the initial network of a training run, and the keyword arguments of its constructor.

    Args:
        init: folder of a bundle whose sizes, scales and weights are used; None for a new network.
        settings: settings of `model.network`; with `init`, only `dropout` is used.
        content_dim: number of channels of the audio feature.
        motion_dim: number of motion coefficients.
        one_person: whether the network is adapted to one person: it gets a readout. Otherwise its training continues.

    Raises:
        BundleError: when the bundle has other audio features or another motion.
    """
    widths = {"content_dim": content_dim, "motion_dim": motion_dim}
    if init is None:
        return build_checked(MotionVAE, settings, "model.network", **widths), {**widths, **settings}
    bundle = Bundle.load(Path(init), SCHEMA)
    for name, width in widths.items():
        if bundle.hparams[name] != width:
            raise BundleError(
                f"model.init: {init} has {name} {bundle.hparams[name]}, this clip needs {width}; give model.init=none."
            )
    hparams = {**bundle.hparams, **{name: settings[name] for name in ("dropout",) if name in settings}}
    network = build_network(bundle, lambda: build_motion_network(hparams))
    arguments = {
        **{name: value for name, value in hparams.items() if name != "taps"},
        **({"taps": TAPS} if one_person else {}),
    }
    return with_new_readout(network, arguments), arguments


def with_new_readout(network: MotionVAE, arguments: Mapping[str, Any]) -> MotionVAE:
    """Return a network with the same weights and a readout of zero; the readout of another person is dropped.

    Args:
        network: trained network.
        arguments: arguments of `build_motion_network`; without `taps` the result has no readout.
    """
    general = build_motion_network(arguments)
    weights = network.state_dict()
    kept = {name: weights[name] for name in weights if not name.startswith(READOUT)}
    general.load_state_dict({**general.state_dict(), **kept})
    return general


@torch.no_grad()
def adopt_scale(network: MotionVAE, motion_std: Float[Tensor, "E"]) -> None:
    """Enlarge the network's scales to the person's where those are larger; the predicted motion does not change.

    Synthetic motion is symmetric, a person's is not: its asymmetric coefficients would be huge in units of a tiny
    scale.

    Args:
        network: network, changed in place.
        motion_std: standard deviation of the person's motion.
    """
    wider = torch.maximum(network.motion_std, motion_std.to(network.motion_std))
    narrower = network.motion_std / wider
    network.leave.weight.mul_(narrower[:, None, None])
    assert network.leave.bias is not None
    network.leave.bias.mul_(narrower)
    network.motion_std.copy_(wider)


@torch.inference_mode()
def adopt_rest_pose(network: MotionVAE, speeches: Iterable[SpeechMotion]) -> None:
    """Shift the network's mean motion so that its mean prediction is this person's, in closed form.

    Args:
        network: network, changed in place.
        speeches: samples of the training split, without augmentation.
    """
    training = network.training
    network.eval()
    total, count = torch.zeros_like(network.motion_mean, dtype=torch.float64), 0
    for speech in speeches:
        away = (speech.expression - network(speech))[speech.known]
        total, count = total + away.double().sum(0), count + len(away)
    network.motion_mean += (total / max(1, count)).to(network.motion_mean.dtype)
    network.train(training)
