"""Flow prior: an invertible map between latent motion and white noise, conditioned on the sound."""

from __future__ import annotations

import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn

from beavervision.stages.audio2motion.wavenet import GatedStack


class Coupling(nn.Module):
    """Affine coupling layer (Dinh et al., "Density estimation using Real NVP", 2017, equation 7).

    The first half of the channels determines a shift (and, unless `mean_only`, a scale) of the second half. It is
    initialised as the identity.
    """

    def __init__(
        self,
        channels: int,
        hidden: int,
        condition: int,
        layers: int,
        kernel: int,
        *,
        mean_only: bool,
        causal: bool = False,
    ) -> None:
        super().__init__()
        self._half = channels // 2
        self._mean_only = mean_only
        self.enter = nn.Conv1d(self._half, hidden, 1)
        self.body = GatedStack(hidden, condition, layers, kernel, causal=causal)
        self.leave = nn.Conv1d(hidden, (channels - self._half) * (1 if mean_only else 2), 1)
        nn.init.zeros_(self.leave.weight)
        assert self.leave.bias is not None
        nn.init.zeros_(self.leave.bias)

    def forward(
        self, x: Float[Tensor, "B C T"], g: Float[Tensor, "B G T"], mask: Bool[Tensor, "B 1 T"], *, inverse: bool
    ) -> tuple[Float[Tensor, "B C T"], Float[Tensor, "B"]]:
        """Transformed channels and log |det| of the transformation's Jacobian."""
        fixed, moved = x[:, : self._half], x[:, self._half :]
        change = self.leave(self.body(self.enter(fixed) * mask, g, mask)) * mask
        if self._mean_only:
            moved = moved - change if inverse else moved + change
            return torch.cat([fixed, moved], 1), x.new_zeros(len(x))
        shift, log_scale = change.chunk(2, dim=1)
        if inverse:
            moved, log_scale = (moved - shift) * torch.exp(-log_scale) * mask, -log_scale
        else:
            moved = (moved * torch.exp(log_scale) + shift) * mask
        return torch.cat([fixed, moved], 1), log_scale.sum((1, 2))


class FlowPrior(nn.Module):
    """Coupling layers with reversals of the channels between them.

    Args:
        channels: channels of the latent.
        condition: channels of the condition.
        couplings: number of couplings (4 in GeneFace++).
        hidden: channels inside a coupling (64).
        layers: gated layers of a coupling (4).
        kernel: width of their convolutions.
        mean_only: couplings shift without scaling, so that the flow preserves volume.
        causal: whether a result depends on past latents only.
    """

    def __init__(
        self,
        channels: int,
        condition: int,
        couplings: int = 4,
        hidden: int = 64,
        layers: int = 4,
        kernel: int = 5,
        *,
        mean_only: bool = True,
        causal: bool = False,
    ) -> None:
        super().__init__()
        chain = [
            Coupling(channels, hidden, condition, layers, kernel, mean_only=mean_only, causal=causal)
            for _ in range(couplings)
        ]
        self.couplings = nn.ModuleList(chain)
        self.past: int = sum(coupling.body.past for coupling in chain)
        """Number of past latents in the receptive field."""
        self.future: int = sum(coupling.body.future for coupling in chain)
        """Number of future latents in the receptive field."""

    def forward(
        self, z: Float[Tensor, "B C T"], g: Float[Tensor, "B G T"], mask: Bool[Tensor, "B 1 T"]
    ) -> tuple[Float[Tensor, "B C T"], Float[Tensor, "B"]]:
        """Map latents to noise; also return log |det| of the Jacobian."""
        log_det = z.new_zeros(len(z))
        for coupling in self.couplings:
            z, change = coupling(z, g, mask, inverse=False)
            z, log_det = z.flip(1), log_det + change
        return z, log_det

    def inverse(
        self, noise: Float[Tensor, "B C T"], g: Float[Tensor, "B G T"], mask: Bool[Tensor, "B 1 T"]
    ) -> Float[Tensor, "B C T"]:
        """Map noise to latents."""
        for coupling in reversed(self.couplings):
            noise, _ = coupling(noise.flip(1), g, mask, inverse=True)
        return noise
