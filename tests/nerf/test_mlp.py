"""The networks: what their structure promises."""

import torch

from beavervision.nerf.condition_encoder import EyeEncoder, WindowEncoder
from beavervision.nerf.mlp import RayMLP


def test_shared_inputs_act_as_if_concatenated():
    torch.manual_seed(0)
    network = RayMLP(of_sample=3, of_ray=2, hidden=8, layers=3, out=4)
    samples, rays = torch.rand(5, 6, 3), torch.rand(5, 2)
    joined = torch.cat([samples, rays[:, None].expand(5, 6, 2)], -1)
    x = joined @ torch.cat([network.first.weight, network.shared.weight], 1).T
    for layer in network.rest:
        x = torch.relu(x) @ layer.weight.T
    torch.testing.assert_close(network(samples, rays), x)


def test_networks_have_no_bias():
    network = RayMLP(of_sample=3, of_ray=0, hidden=8, layers=2, out=1)
    assert network.shared is None
    assert not network(torch.zeros(2, 2, 3)).any()


def test_a_window_of_one_frame_needs_no_attention():
    encoder = WindowEncoder(channels=6, window=1, width=10)
    assert encoder(torch.rand(4, 1, 1, 6)).shape == (4, 10)


def test_attention_blends_frames_of_the_window():
    torch.manual_seed(0)
    encoder = WindowEncoder(channels=6, window=5)
    still = torch.rand(1, 1, 1, 6).expand(2, 5, 1, 6)
    alone = WindowEncoder(channels=6, window=1)
    alone.load_state_dict({k: v for k, v in encoder.state_dict().items() if k[:6] != "scores"}, strict=False)
    # weights sum to one, so five equal frames give what one gives
    torch.testing.assert_close(encoder(still), alone(still[:, :1]))


def test_every_frame_of_the_window_counts():
    torch.manual_seed(0)
    encoder = WindowEncoder(channels=6, window=3)
    windows = torch.rand(1, 3, 1, 6, requires_grad=True)
    encoder(windows).sum().backward()
    assert bool((windows.grad.abs().sum((0, 2, 3)) > 0).all())


def test_different_frames_start_as_different_conditions():
    torch.manual_seed(0)
    encoder = WindowEncoder(channels=204, window=1)
    with torch.no_grad():
        assert float(encoder(torch.randn(200, 1, 1, 204)).std(0).mean()) > 0.5


def test_a_context_is_convolved():
    encoder = WindowEncoder(channels=6, window=3, context=5)
    windows = torch.rand(1, 3, 5, 6, requires_grad=True)
    encoder(windows).sum().backward()
    assert bool((windows.grad.abs().sum((0, 3)) > 0).all())


def test_the_eye_is_heard():
    encoder = EyeEncoder()
    a, b = encoder(torch.tensor([-1.0, 1.0]))
    assert not torch.allclose(a, b)
