"""The compiled network of the lower face draws what the network draws."""

import numpy as np
import pytest
import torch
from torch import nn

from beavervision.stages.lower_face.compiled_network import CompiledLowerFace
from beavervision.stages.lower_face.network import LowerFaceNetwork

SIZE = 96
"""48, 24, 12 and 6 pixels at the four levels: whole tiles of four, and not."""


@pytest.fixture(scope="module")
def network() -> LowerFaceNetwork:
    torch.manual_seed(0)
    network = LowerFaceNetwork(SIZE, (8, 16, 16, 24)).eval()
    nn.init.normal_(network.head.weight, std=0.2)
    place = torch.linspace(-1, 1, SIZE)
    network.ellipse[0, 0] = ((place[None] / 0.8) ** 2 + (place[:, None] / 0.7) ** 2 < 1).float()
    return network


def inputs(seed: int) -> list[np.ndarray]:
    rng = np.random.default_rng(seed)
    pictures = [rng.integers(0, 256, shape, dtype=np.uint8) for shape in ((SIZE, SIZE, 3), (SIZE, SIZE, 3))]
    references = rng.integers(0, 256, (4, SIZE, SIZE, 3), dtype=np.uint8)
    return [*pictures, references, rng.normal(size=4).astype(np.float32)]


def drawn_by(network: LowerFaceNetwork, patch, maps, references, preference) -> np.ndarray:
    pictures = [torch.from_numpy(one)[None].movedim(-1, -3).float() / 255 for one in (patch, maps, references)]
    with torch.no_grad():
        made = network(*pictures, torch.from_numpy(preference)[None])
    return (made[0].clamp(0, 1) * 255).permute(1, 2, 0).numpy()


def test_it_draws_what_the_network_draws(network):
    compiled = CompiledLowerFace(network)
    for seed in range(2):  # the second patch uses the arrays of the first again
        given = inputs(seed)
        np.testing.assert_allclose(compiled.draw(*given), drawn_by(network, *given), atol=0.02)


def test_outside_the_ellipse_the_patch_stays(network):
    given = inputs(3)
    outside = network.ellipse[0, 0].numpy() == 0
    np.testing.assert_array_equal(CompiledLowerFace(network).draw(*given)[outside], given[0][outside])
