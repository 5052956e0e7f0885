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
from beavervision.stages.config_validation import build_checked


def load_initial_weights(
    init: str | None, settings: Mapping[str, Any], content_dim: int, motion_dim: int
) -> tuple[MotionVAE, dict[str, Any]]:
    """The network that training begins with, and the arguments that build it again.

    Args:
        init: folder of a bundle, whose sizes, scales and weights are taken over; None for a new network.
        settings: of `model.network`; of one that is taken over only `dropout` counts.
        content_dim: channels of the audio feature.
        motion_dim: coefficients of the motion.

    Raises:
        BundleError: when the bundle hears or moves otherwise.
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
    return build_network(bundle, lambda: MotionVAE(**hparams)), hparams


@torch.no_grad()
def adopt_scale(network: MotionVAE, motion_std: Float[Tensor, "E"]) -> None:
    """Give the network the person's scale where the person moves more than it knows; what it says stays the same.

    Made speech moves both sides of the face alike; a person's sides differ, and would be huge in units of nothing.

    Args:
        network: changed in place.
        motion_std: of the person's motion.
    """
    wider = torch.maximum(network.motion_std, motion_std.to(network.motion_std))
    narrower = network.motion_std / wider
    network.leave.weight.mul_(narrower[:, None, None])
    assert network.leave.bias is not None
    network.leave.bias.mul_(narrower)
    network.motion_std.copy_(wider)


@torch.inference_mode()
def adopt_rest_pose(network: MotionVAE, speeches: Iterable[SpeechMotion]) -> None:
    """Shift the network's mean face so that what it says is, on average, this person's: the rest, in closed form.

    Args:
        network: changed in place.
        speeches: of the training split, undisturbed.
    """
    training = network.training
    network.eval()
    total, count = torch.zeros_like(network.motion_mean, dtype=torch.float64), 0
    for speech in speeches:
        away = (speech.expression - network(speech))[speech.known]
        total, count = total + away.double().sum(0), count + len(away)
    network.motion_mean += (total / max(1, count)).to(network.motion_mean.dtype)
    network.train(training)
