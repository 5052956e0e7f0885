"""Spherical harmonics and frequencies: what defines them."""

import math

import pytest
import torch

from beavervision.nerf.encodings import WIDTH, frequency_encoding, frequency_width, spherical_harmonics


def test_harmonics_are_orthonormal_on_the_sphere():
    # Gauss-Legendre in z, even steps in azimuth: exact for the products of bands up to 3
    nodes = torch.tensor([-0.9602898565, -0.7966664774, -0.5255324099, -0.1834346425], dtype=torch.float64)
    shares = torch.tensor([0.1012285363, 0.2223810345, 0.3137066459, 0.3626837834], dtype=torch.float64)
    z = torch.cat([nodes, -nodes])[:, None]
    weight = torch.cat([shares, shares])[:, None].expand(8, 16) * 2 * math.pi / 16
    azimuth = torch.arange(16, dtype=torch.float64) * 2 * math.pi / 16
    radius = (1 - z * z).sqrt()
    view = torch.stack([radius * azimuth.cos(), radius * azimuth.sin(), z.expand(8, 16)], -1)
    values = spherical_harmonics(view).reshape(-1, WIDTH)
    gram = values.T @ (values * weight.reshape(-1, 1))
    torch.testing.assert_close(gram, torch.eye(WIDTH, dtype=torch.float64), atol=1e-8, rtol=0)


def test_first_bands_by_hand():
    values = spherical_harmonics(torch.tensor([0.0, 0.0, 1.0]))
    assert values[:4].tolist() == pytest.approx([0.5 / math.sqrt(math.pi), 0, math.sqrt(3 / (4 * math.pi)), 0])


def test_frequencies_by_hand():
    encoded = frequency_encoding(torch.tensor([[math.pi / 2, 0.0]]), 2)
    # x, then sin and cos of x and of 2 x
    expected = [math.pi / 2, 0, 1, 0, 0, 1, 0, 0, -1, 1]
    assert encoded[0].tolist() == pytest.approx(expected, abs=1e-6)
    assert encoded.shape[-1] == frequency_width(2, 2)
