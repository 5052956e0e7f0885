"""Rays: against the camera that projects, and slabs by hand."""

import numpy as np
import pytest
import torch

from beavervision.face.camera import FRONTAL, Camera
from beavervision.nerf.rays import UNIT_CM, Rays, box_span, pixel_rays

BOX = torch.tensor([[-10.0, -12.0, -8.0], [10.0, 14.0, 6.0]])


def test_a_ray_passes_through_the_point_that_its_pixel_shows():
    camera = Camera.centred(320, 240).crop(30.5, 12.25, 0.7, 160, 120)
    rotation = torch.linalg.matrix_exp(torch.tensor([[0, -0.2, 0.1], [0.2, 0, -0.3], [-0.1, 0.3, 0]]))
    rotation = (rotation @ torch.tensor(FRONTAL, dtype=torch.float32))[None]
    translation = torch.tensor([[2.0, -3.0, 60.0]])
    point = torch.tensor([3.0, -4.0, 2.0])
    seen = rotation[0] @ point + translation[0]
    pixel = torch.tensor(camera.project(seen.numpy().astype(np.float64)), dtype=torch.float32)[None]
    intrinsics = torch.tensor([[camera.fx, camera.fy, camera.cx, camera.cy]])
    rays = pixel_rays(pixel, intrinsics, rotation, translation, BOX)
    depth = seen.norm() / UNIT_CM  # depths are distances along the ray
    at = (rays.origins + depth * rays.directions)[0] * (BOX[1] - BOX[0]) + BOX[0]
    assert at.tolist() == pytest.approx(point.tolist(), abs=1e-3)
    assert float(rays.view.norm()) == pytest.approx(1, abs=1e-6)


def test_box_span_by_hand():
    origins = torch.tensor([[-1.0, 0.5, 0.5], [0.5, 0.5, -2.0], [0.5, 0.5, 0.5], [-1.0, 2.0, 0.5], [0.5, 0.5, 3.0]])
    directions = torch.tensor([[1.0, 0, 0], [0, 0, 2.0], [0, 1.0, 0], [1.0, 0, 0], [0, 0, 1.0]])
    near, far = box_span(Rays(origins, directions, directions))
    # in at 1 out at 2; twice as fast: 1 to 1.5; from inside: 0.05 (the near plane) to 0.5; beside; behind
    assert near[:3].tolist() == pytest.approx([1.0, 1.0, 0.05])
    assert far[:3].tolist() == pytest.approx([2.0, 1.5, 0.5])
    assert torch.equal(near[3:], far[3:])


def test_slanted_rays_enter_and_leave_on_the_box():
    generator = torch.Generator().manual_seed(0)
    origins = torch.rand(500, 3, generator=generator) * 3 - 1
    directions = torch.rand(500, 3, generator=generator) * 2 - 1
    rays = Rays(origins, directions, directions)
    near, far = box_span(rays)
    hit = far > near
    assert 20 < int(hit.sum()) < 480
    leaves = origins[hit] + directions[hit] * far[hit, None]
    on_face = ((leaves - 0.5).abs().amax(1) - 0.5).abs()
    assert float(on_face.max()) < 1e-5
    middle = origins[hit] + directions[hit] * ((near + far) / 2)[hit, None]
    assert bool(((middle > -1e-5) & (middle < 1 + 1e-5)).all())


def test_pose_gradients_flow():
    rotation = torch.tensor(FRONTAL, dtype=torch.float64)[None].requires_grad_()
    translation = torch.tensor([[0.0, 0.0, 60.0]], dtype=torch.float64, requires_grad=True)
    pixel = torch.tensor([[100.0, 40.0]], dtype=torch.float64)
    camera = torch.tensor([[200.0, 200.0, 80.0, 60.0]], dtype=torch.float64)
    box = BOX.double()

    def point(r, t):
        rays = pixel_rays(pixel, camera, r, t, box)
        return rays.origins + 6.0 * rays.directions

    assert torch.autograd.gradcheck(point, (rotation, translation))
