"""The torso's 2-D field: a deformation to the canonical pose, and its colour and opacity."""

from __future__ import annotations

import math

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from beavervision.nerf.grid import GridEncoding
from beavervision.nerf.grid_layout import GridLayout
from beavervision.nerf.precision import full_precision

REST_EXTENT = 1.25
"""The texture covers +-REST_EXTENT half-heights (times the aspect in x), so that points outside the canvas stay
distinct."""


class TorsoField(nn.Module):
    """Colour and opacity of the torso at canvas points (RAD-NeRF, Tang et al. 2022, section 3.3, modified).

    RAD-NeRF learns the deformation as a free function of the head's pose, and its colour network also depends on the
    pose. Here two rigid motions, of the head and of the shoulders, are given, and a small low-frequency network learns
    their blend, a residual and a shading; all sharp detail is a texture in the canonical pose. Therefore the neck
    follows the head above and the shoulders below from the first step on, new poses stay plausible, and `baked`
    rendering evaluates the network on a coarse lattice only.

    Args:
        condition: width of the condition vector.
        n_frames: rows of the appearance table, one per training frame.
        aspect: canvas width / height.
        frequencies: octaves of the deformation's frequency encoding.
        hidden: width of the deformation's two hidden layers.
        canonical: width of the texture's two hidden layers.
        code: width of the appearance code; 0 for none.
        levels, finest, log2_entries: sizes of the texture's grid.
        backend: backend of the grid.
    """

    def __init__(
        self,
        condition: int,
        n_frames: int,
        aspect: float,
        frequencies: int = 4,
        hidden: int = 64,
        canonical: int = 32,
        code: int = 8,
        levels: int = 16,
        finest: int = 2048,
        log2_entries: int = 16,
        backend: str = "auto",
    ) -> None:
        super().__init__()
        self.aspect, self.frequencies = aspect, frequencies
        self.codes = nn.Parameter(torch.zeros(n_frames, code))
        self.movement = _mlp(2 + 4 * frequencies + condition + code, hidden, 6)
        last = self.movement[-1]
        assert isinstance(last, nn.Linear)
        nn.init.zeros_(last.weight)  # start from the plain blend of the two rigid motions
        nn.init.zeros_(last.bias)
        layout = GridLayout(dims=2, levels=levels, finest=finest, log2_entries=log2_entries)
        self.grid = GridEncoding(layout, backend)
        self.canonical = _mlp(self.grid.width, canonical, 4)

    def move(
        self,
        points: Float[Tensor, "B P 2"],
        condition: Float[Tensor, "B C"],
        head: Float[Tensor, "B 2 3"],
        body: Float[Tensor, "B 2 3"],
        frames: Int[Tensor, "B"] | None = None,
    ) -> tuple[Float[Tensor, "B P 2"], Float[Tensor, "B P 3"]]:
        """Canonical positions of canvas points, and the shading there (added to the colour's logits).

        Args:
            points: canvas points in the field's coordinates (see `conditioner`).
            condition: normalised keypoints.
            head: similarity that maps the head's points to the canonical pose.
            body: the same for the shoulders.
            frames: rows of the appearance table; None for the mean appearance (inference).
        """
        code = self.codes.mean(0).expand(len(points), -1) if frames is None else self.codes[frames]
        context = torch.cat([condition, code], -1)[:, None].expand(-1, points.shape[1], -1)
        # Half precision is for the layers only: coordinates of a fine grid need more.
        out = self.movement(torch.cat([self._encode(points), context], -1)).float()
        share, residual, shading = out.split([1, 2, 3], -1)
        share = torch.sigmoid(share)
        return share * _carry(head, points) + (1 - share) * _carry(body, points) + residual, shading

    def texture(self, rest: Float[Tensor, "*n 2"]) -> Float[Tensor, "*n 4"]:
        """Logits of colour and opacity of points in the canonical pose; the border is repeated outside the extent."""
        extent = rest.new_tensor([self.aspect * REST_EXTENT, REST_EXTENT])
        return self.canonical(self.grid(((rest / extent + 1) / 2).clamp(0, 1))).float()

    def forward(
        self,
        points: Float[Tensor, "B P 2"],
        condition: Float[Tensor, "B C"],
        head: Float[Tensor, "B 2 3"],
        body: Float[Tensor, "B 2 3"],
        frames: Int[Tensor, "B"] | None = None,
    ) -> tuple[Float[Tensor, "B P 3"], Float[Tensor, "B P"]]:
        """Colour and opacity at canvas points, both in [0, 1]; arguments as for `move`."""
        rest, shading = self.move(points, condition, head, body, frames)
        logits = self.texture(rest)
        return torch.sigmoid(logits[..., :3] + shading), torch.sigmoid(logits[..., 3])

    def _encode(self, points: Float[Tensor, "B P 2"]) -> Float[Tensor, "B P F"]:
        """Frequency encoding (Mildenhall et al. 2020, equation 4)."""
        octaves = 2.0 ** torch.arange(self.frequencies, device=points.device)
        angles = (points[..., None] * octaves * torch.pi / 2).flatten(-2)
        return torch.cat([points, angles.sin(), angles.cos()], -1)


def cells(side: float, step: float) -> int:
    """Number of cells of `step` that cover a side."""
    # A small tolerance: 100 / (100 / 96) must not need a 97th cell.
    return math.ceil(side / step - 1e-6)


def canvas_points(width: int, height: int, step: float = 1.0) -> Float[Tensor, "H W 2"]:
    """Centres of cells of `step` canvas pixels that cover a canvas, in the field's coordinates."""
    columns, rows = (torch.arange(cells(side, step)) for side in (width, height))
    u, v = (columns + 0.5) * step, (rows + 0.5) * step
    y, x = torch.meshgrid((v - height / 2) / (height / 2), (u - width / 2) / (height / 2), indexing="ij")
    return torch.stack([x, y], -1)


def _mlp(inside: int, hidden: int, outside: int) -> nn.Sequential:
    """Two hidden layers with ReLU."""
    return nn.Sequential(
        nn.Linear(inside, hidden), nn.ReLU(), nn.Linear(hidden, hidden), nn.ReLU(), nn.Linear(hidden, outside)
    )


@full_precision
def _carry(transform: Float[Tensor, "B 2 3"], points: Float[Tensor, "B P 2"]) -> Float[Tensor, "B P 2"]:
    return points @ transform[..., :2].transpose(-1, -2) + transform[:, None, :, 2]
