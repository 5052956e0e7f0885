"""No tensor of the head is made on the wrong device: shown without a GPU, on a device whose tensors hold nothing."""

import pytest
import torch
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from beavervision.nerf import grid
from beavervision.nerf.backends.torch import TorchBackend
from beavervision.nerf.rays import box_span, pixel_rays
from beavervision.nerf.volume_rendering import accumulate_along_rays, median_depth, render_weight_from_density
from beavervision.stages.radnerf_head.averaging import WeightAverage
from beavervision.stages.radnerf_head.batch import FaceBatch, RayBatch
from beavervision.stages.radnerf_head.distilled.head import DistilledHead, DistilledSizes
from beavervision.stages.radnerf_head.image_window import ImageWindows, Pose, corner_outlines
from beavervision.stages.radnerf_head.loss_terms import LossWeights, compute_losses
from beavervision.stages.radnerf_head.network import HeadNetwork, RayRendering
from beavervision.stages.radnerf_head.perceptual import PerceptualLoss
from beavervision.stages.radnerf_head.pose_optimizer import WIDTH, PoseOptimizer

ARGS = {
    "box": [-11.0, -14, -11, 11, 14, 7], "n_codes": 3, "window": 3, "cells": 8, "levels": 3, "finest": 24,
    "ambient_finest": 12, "log2_entries": 8, "ambient_dims": 2, "hidden": 16, "geometry": 8, "backend": "torch",
}  # fmt: skip
PLANES = {key: ARGS[key] for key in ("box", "n_codes", "window", "cells", "hidden", "geometry", "backend")}
COUNT, SAMPLES = 6, 2


AWAY = torch.device("meta")
"""Stands for a GPU."""
MOVES = {torch.ops.aten._to_copy.default, torch.ops.aten.copy_.default}


class OneDevice(TorchDispatchMode):
    """Refuses operations on tensors of two devices, but for moves and for numbers; some meta kernels would not."""

    def __torch_dispatch__(self, operation, types, args=(), kwargs=None):
        given = [leaf for leaf in tree_leaves((args, kwargs or {})) if isinstance(leaf, torch.Tensor) and leaf.ndim]
        if operation not in MOVES and len({tensor.device for tensor in given}) > 1:
            raise RuntimeError(f"{operation} on tensors of different devices")
        return operation(*args, **(kwargs or {}))


@pytest.fixture(autouse=True)
def one_device():
    with OneDevice():
        yield


def rand(*shape):
    return torch.rand(*shape, device=AWAY)


@pytest.fixture
def unchecked(monkeypatch):
    """What is not there cannot be looked at; nor does autocast know the device."""
    monkeypatch.setattr(grid, "_check", lambda points: None)
    monkeypatch.setattr(torch, "is_autocast_enabled", lambda _: False)


def poses(count=COUNT):
    return Pose(rand(count, 4), rand(count, 3, 3), rand(count, 3))


def test_a_mistake_is_found():
    with pytest.raises(RuntimeError, match="different devices"):
        torch.where(torch.ones(3, dtype=torch.bool), rand(3), rand(3))


@pytest.mark.parametrize("args", [ARGS, {**PLANES, "kind": "triplane", "planes": {"levels": 2, "base": 8}}])
def test_the_field_and_its_gradients(unchecked, args):
    network = HeadNetwork(**args).to(AWAY)
    condition = network.encode(rand(COUNT, 3, 1, 204), rand(COUNT))
    points, view = rand(COUNT, SAMPLES, 3), rand(COUNT, 3)
    shaded = network.shade(points, view, condition, network.codes(torch.zeros(COUNT, dtype=torch.long, device=AWAY)))
    weights = render_weight_from_density(shaded.density, rand(COUNT))
    seen = accumulate_along_rays(weights, shaded.rgb)
    assert {value.device for value in (*vars(shaded).values(), seen, median_depth(weights, shaded.density))} == {AWAY}
    seen.sum().backward()
    assert all(weight.grad is None or weight.grad.device == AWAY for weight in network.parameters())
    WeightAverage(network, 0.9).to(AWAY)


def test_rays_and_marching():
    rays = pixel_rays(rand(COUNT, 2), *vars(poses()).values(), rand(2, 3))
    near, far = box_span(rays)
    occupied, jitter = torch.ones(8, 8, 8, dtype=torch.bool, device=AWAY), rand(COUNT, SAMPLES)
    found = TorchBackend().march(rays.origins, rays.directions, near, far, occupied, jitter, 16, 0.3)
    assert {value.device for value in found} == {AWAY}


def ray_batch(frames=2, count=COUNT):
    face = FaceBatch(rand(frames, 3, 1, 204), rand(frames), rand(frames, WIDTH))
    kinds, moves = torch.zeros(frames, count, dtype=torch.uint8), torch.ones(frames, count, dtype=torch.bool)
    pose = poses(frames)
    return RayBatch(
        face=face, frame=torch.zeros(frames, dtype=torch.long, device=AWAY), pixels=rand(frames, count, 2),
        rgb=rand(frames, count, 3), behind=rand(frames, count, 3), matte=rand(frames, count), shown=(0,) * frames,
        target=kinds.to(AWAY), moves=moves.to(AWAY), **vars(pose),
    )  # fmt: skip


def test_losses_and_poses():
    correction = PoseOptimizer().to(AWAY)
    batch = correction.correct(ray_batch())
    assert batch.rotation.device == AWAY
    rgb, alpha = rand(2 * COUNT, 3).requires_grad_(), rand(2 * COUNT)
    shown = RayRendering(rgb, alpha, alpha, alpha)
    judged = compute_losses(shown, batch, torch.Generator(), LossWeights())
    (judged.loss + correction.penalty(batch.face.tracked)).backward()
    assert rgb.grad.device == AWAY


def test_patches():
    batch = ray_batch(2, 24 * 24)
    shown = rand(2 * 24 * 24, 4).requires_grad_()
    loss = PerceptualLoss()(shown, batch)
    loss.backward()
    assert {loss.device, shown.grad.device} == {AWAY}


def test_the_fast_head_s_windows_and_upsampler():
    head = DistilledHead(ARGS, DistilledSizes(factor=2, samples=2, width=8, layers=2, features=4)).to(AWAY)
    windows = ImageWindows(torch.zeros(2, 2, dtype=torch.long, device=AWAY), (4, 3), 2)
    low, high = corner_outlines(rand(5, 3), poses(2))
    fine = head.upsampler(rand(2, 4 + head.features, 3, 4))
    assert {value.device for value in (windows.centres(), low, high, fine)} == {AWAY}
