import math

import pytest
import torch

from beavervision.stages.audio2motion.flow import FlowPrior
from beavervision.stages.audio2motion.losses import (
    acceleration_error,
    cyclic_weight,
    learning_rate_factor,
    masked_mean,
    sampled_kl,
)

# --- flow ---


@pytest.mark.parametrize("mean_only", [True, False])
@pytest.mark.parametrize("causal", [True, False])
def test_flow_inverts_and_its_log_determinant_is_the_jacobian_s(mean_only, causal):
    torch.manual_seed(0)
    flow = FlowPrior(4, 3, couplings=3, hidden=4, layers=2, mean_only=mean_only, causal=causal).double()
    for parameter in flow.parameters():
        torch.nn.init.normal_(parameter, std=0.3)
    z, g = torch.randn(1, 4, 3).double(), torch.randn(1, 3, 3).double()
    mask = torch.tensor([[[True, True, False]]])
    z = z * mask
    noise, log_det = flow(z, g, mask)
    torch.testing.assert_close(flow.inverse(noise, g, mask), z)
    inside = torch.arange(12).reshape(4, 3)[:, :2].flatten()  # channels x the two latents inside
    jacobian = torch.autograd.functional.jacobian(lambda v: flow(v, g, mask)[0], z).reshape(12, 12)
    expected = torch.linalg.slogdet(jacobian[inside][:, inside]).logabsdet
    torch.testing.assert_close(log_det[0], expected)
    assert (log_det[0] == 0) == mean_only


def test_a_new_flow_only_reverses_channels():
    flow = FlowPrior(4, 3, couplings=3)
    z = torch.randn(2, 4, 5)
    mask = torch.ones(2, 1, 5, dtype=torch.bool)
    torch.testing.assert_close(flow(z, torch.randn(2, 3, 5), mask)[0], z.flip(1))


# --- losses ---


def test_sampled_kl_approaches_the_closed_form():
    # KL(N(m, s) || N(0, 1)) = (m^2 + s^2 - 1) / 2 - ln s; m = 0.7, s = 0.5: (0.49 + 0.25 - 1) / 2 + 0.6931 = 0.5631
    torch.manual_seed(0)
    shape = (64, 16, 200)
    mean, log_sigma = torch.full(shape, 0.7), torch.full(shape, math.log(0.5))
    z = mean + torch.randn(shape) * 0.5
    mask = torch.ones(64, 1, 200, dtype=torch.bool)
    found = sampled_kl(z, mean, log_sigma, z, torch.zeros(64), mask)
    assert float(found) == pytest.approx(0.5631, abs=0.005)


def test_sampled_kl_counts_the_volume_and_leaves_masked_latents_out():
    # z -> 2 z: log |det| = ln 2 a value; q = N(0, 1/2) maps to N(0, 1), so that the divergence vanishes.
    torch.manual_seed(0)
    z = torch.randn(32, 4, 100) * 0.5
    mask = torch.ones(32, 1, 100, dtype=torch.bool)
    mask[:, :, 50:] = False
    log_det = torch.full((32,), math.log(2.0) * 4 * 50)
    log_sigma = torch.full_like(z, math.log(0.5))
    z[:, :, 50:] = 1e3
    found = sampled_kl(z, torch.zeros_like(z), log_sigma, 2 * z, log_det, mask)
    assert float(found) == pytest.approx(0.0, abs=1e-5)


def test_acceleration_error_by_hand():
    # error (0, 1, 0, 0): bends 1 - 0 = 1 and 0 - .5 = -.5; squared 1 and .25; mean .625
    motion, truth = torch.tensor([0.0, 1, 0, 0])[None, :, None], torch.zeros(1, 4, 1)
    known = torch.ones(1, 4, dtype=torch.bool)
    assert float(acceleration_error(motion, truth, known)) == pytest.approx(0.625)
    known[0, 3] = False  # only the first triple is known
    assert float(acceleration_error(motion, truth, known)) == pytest.approx(1.0)
    assert float(acceleration_error(motion[:, :2], truth[:, :2], known[:, :2])) == 0.0


def test_masked_mean_of_nothing_is_zero():
    assert float(masked_mean(torch.ones(1, 3), torch.zeros(1, 3))) == 0.0


def test_cyclic_weight_by_hand():
    found = [cyclic_weight(step, 0.02, 4, 2) for step in range(8)]
    assert found == pytest.approx([0, 0.005, 0.01, 0.015, 0.02, 0.02, 0, 0.005])


def test_learning_rate_rises_and_decays():
    found = [learning_rate_factor(step, 10, 0.1, 100) for step in (0, 9, 100, 200)]
    assert found == pytest.approx([0.1, 10 ** (-0.09), 0.1, 0.01], rel=1e-6)
