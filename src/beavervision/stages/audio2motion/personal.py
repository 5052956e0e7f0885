"""A general audio2motion network adapted to one person: its motion plus a linear readout of its condition."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn
from torch.nn.functional import pad

from beavervision.stages.audio2motion.network import STRIDE, MotionVAE, SpeechFeatures


class PersonalMotionVAE(MotionVAE):
    """MotionVAE whose motion is corrected for one person.

    motion = centre + (prior_share * prior + readout(g_t, ..., g_{t - taps + 1}) - centre) @ gain, where prior is the
    motion of the general network, with `head_share` of its opening head, and g its condition. Then lips that would pass
    through one another are opened to the person's smallest gap: motion + max(0, gap_low - motion . gap_normal)
    gap_shape. A new one has a readout of zero, a gain of one and no limit, so that its motion is that of the general
    network. `readout_fit.fit_readout` computes the values in closed form.

    Args:
        content_dim: number of channels of the audio feature.
        motion_dim: number E of motion coefficients.
        taps: number of frames of the condition that the readout uses: the frame itself and those before it.
        settings: further arguments of MotionVAE.
    """

    centre: Tensor
    gain: Tensor
    prior_share: Tensor
    head_share: Tensor
    gap_normal: Tensor
    gap_shape: Tensor
    gap_low: Tensor

    def __init__(self, content_dim: int, motion_dim: int, taps: int, **settings: Any) -> None:
        super().__init__(content_dim, motion_dim, **settings)
        self.taps = taps
        self.readout = nn.Linear(taps * self.listen.merge.out_channels, motion_dim)
        nn.init.zeros_(self.readout.weight)
        nn.init.zeros_(self.readout.bias)
        self.register_buffer("prior_share", torch.ones(()))
        self.register_buffer("head_share", torch.ones(()))
        self.register_buffer("centre", torch.zeros(motion_dim))
        self.register_buffer("gain", torch.eye(motion_dim))
        self.register_buffer("gap_normal", torch.zeros(motion_dim))
        self.register_buffer("gap_shape", torch.zeros(motion_dim))
        self.register_buffer("gap_low", torch.zeros(()))
        self.past += STRIDE * -(-(taps - 1) // STRIDE)

    def prior_motion(
        self, speech: SpeechFeatures
    ) -> tuple[Float[Tensor, "B T E"], Float[Tensor, "B T E"], Float[Tensor, "B T F"]]:
        """Most probable motion of the general network, the same without opening head, and the input of the readout."""
        g, g_slow = self.condition(speech)
        z = self.imagine(g.new_zeros(len(g), self.latent, g_slow.shape[2]), g_slow, speech.inside)
        decoded = self.decode(z, g, speech.inside)
        return super().finish(decoded, g, speech), decoded, self._tapped(g, speech.inside)

    def finish(
        self, motion: Float[Tensor, "B T E"], g: Float[Tensor, "B G T"], speech: SpeechFeatures
    ) -> Float[Tensor, "B T E"]:
        """Turn a decoded motion into the person's; zero outside the sequences."""
        prior = motion.lerp(super().finish(motion, g, speech), self.head_share)
        motion = self.prior_share * prior + self.readout(self._tapped(g, speech.inside))
        motion = self.centre + (motion - self.centre) @ self.gain
        missing = (self.gap_low - motion @ self.gap_normal).clamp(min=0)
        return (motion + missing[..., None] * self.gap_shape) * speech.inside[..., None]

    def _tapped(self, g: Float[Tensor, "B G T"], inside: Bool[Tensor, "B T"]) -> Float[Tensor, "B T F"]:
        """Condition of every frame and of the frames before it; zero before the sequence."""
        frames = inside.shape[1]
        padded = pad(g[..., :frames], (self.taps - 1, 0))
        shifts = range(self.taps - 1, -1, -1)
        return torch.cat([padded[..., shift : shift + frames] for shift in shifts], 1).mT


def build_motion_network(arguments: Mapping[str, Any]) -> MotionVAE:
    """Build the network of an audio2motion bundle from its arguments; `taps` above 0 makes a personal one."""
    settings = dict(arguments)
    taps = settings.pop("taps", 0)
    return PersonalMotionVAE(taps=taps, **settings) if taps else MotionVAE(**settings)
