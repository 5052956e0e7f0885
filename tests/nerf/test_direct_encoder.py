"""The encoder that is mostly linear."""

import torch

from beavervision.nerf.condition import DirectEncoder


def test_it_begins_with_the_middle_frame():
    encoder = DirectEncoder(channels=6, window=5, width=10)
    windows = torch.randn(3, 5, 1, 6)
    other = windows.clone()
    other[:, 2] += 1.0
    moved = (encoder(other) - encoder(windows)).abs().mean()
    other = windows.clone()
    other[:, 0] += 1.0
    assert encoder(windows).shape == (3, 10)
    assert float(moved) > 10 * float((encoder(other) - encoder(windows)).abs().mean()) > 0


def test_without_its_curved_part_it_goes_straight_on():
    encoder = DirectEncoder(channels=4, window=1, width=8)
    torch.nn.init.zeros_(encoder.outer.weight)
    step = torch.randn(1, 1, 1, 4)
    once, thrice, nothing = (encoder(step * n) for n in (1, 3, 0))
    torch.testing.assert_close(thrice - nothing, 3 * (once - nothing), rtol=1e-5, atol=1e-5)


def test_gradients_reach_every_weight():
    encoder = DirectEncoder(channels=4, window=3, width=8)
    encoder(torch.randn(5, 3, 1, 4)).square().sum().backward()
    assert all(float(parameter.grad.abs().sum()) > 0 for parameter in encoder.parameters())


def test_it_begins_by_hes_rule():
    torch.manual_seed(0)
    encoder = DirectEncoder(channels=204, window=1, width=64)
    torch.nn.init.zeros_(encoder.outer.weight)
    made = encoder(torch.randn(400, 1, 1, 204))
    # Of inputs with variance 1 and weights with variance 2 / (1 + SLOPE^2) / 204 each: a variance of 2.
    assert abs(float(made.var(0).mean()) - 2.0) < 0.2
    assert float(encoder(torch.zeros(1, 1, 1, 204)).abs().max()) == 0.0
