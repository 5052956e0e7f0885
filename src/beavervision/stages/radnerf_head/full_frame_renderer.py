"""Renders whole frames with the full head: the rays of all pixels near the head, in chunks."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from beavervision.nerf.backends.registry import resolve
from beavervision.nerf.rays import UNIT_CM, pixel_rays
from beavervision.stages.radnerf_head.frame_threads import FrameThreads
from beavervision.stages.radnerf_head.image_window import Pose, corner_outlines, occupied_corners
from beavervision.stages.radnerf_head.network import HeadNetwork

CHUNK = 4096
"""Number of rays rendered at a time: it bounds memory, and GROUP samples of each ray fit the caches."""


@dataclass(frozen=True)
class FullFrameRenderer:
    """Rendered frames."""

    rgb: Float[Tensor, "B H W 3"]
    """Colour, premultiplied by alpha."""
    alpha: Float[Tensor, "B H W"]
    depth: Float[Tensor, "B H W"]
    """Depth in cm from the camera; 0 where alpha is 0."""


@torch.no_grad()
def render_full_frames(
    network: HeadNetwork,
    condition: Float[Tensor, "B C"],
    cameras: Float[Tensor, "B 4"],
    rotation: Float[Tensor, "B 3 3"],
    translation: Float[Tensor, "B 3"],
    size: tuple[int, int],
    code: Float[Tensor, "code"] | None = None,
    samples: int | None = None,
) -> FullFrameRenderer:
    """Render whole frames.

    Args:
        network: the head network.
        condition: condition of each frame.
        cameras: fx, fy, cx, cy of the canvas.
        rotation: rotation, head to camera.
        translation: translation in camera space, cm.
        size: width and height of the canvas.
        code: appearance code; by default the mean of the training frames.
        samples: samples per ray; by default as in training.
    """
    width, height = size
    count, device = len(condition), condition.device
    code = network.mean_code if code is None else code
    samples = network.budget if samples is None else samples
    out = torch.zeros(count * height * width, 5, device=device)
    frame, pixels = _candidates(network, Pose(cameras, rotation, translation), size)
    flat = (frame * height + pixels[:, 1].long()) * width + pixels[:, 0].long()
    parts = torch.arange(len(frame), device=device).split(CHUNK)
    # Autocast is set per thread, so it is passed on here.
    half = torch.get_autocast_dtype(device.type), torch.is_autocast_enabled(device.type)

    def render_part(i: int) -> None:
        part = parts[i]
        f = frame[part]
        with torch.no_grad(), torch.autocast(device.type, half[0], enabled=half[1]):
            rays = pixel_rays(pixels[part], cameras[f], rotation[f], translation[f], network.box)
            jitter = torch.full((len(part), samples), 0.5, device=device)
            found = network.render(rays, condition if count == 1 else condition[f], code, jitter)
        out[flat[part]] = found * out.new_tensor([1, 1, 1, 1, UNIT_CM])

    if device.type == "cpu":
        FrameThreads(compiled=resolve(network.backend, device) == "numba").each(len(parts), render_part)
    else:
        for i in range(len(parts)):
            render_part(i)
    out = out.reshape(count, height, width, 5)
    return FullFrameRenderer(out[..., :3], out[..., 3], out[..., 4])


def _candidates(network: HeadNetwork, pose: Pose, size: tuple[int, int]) -> tuple[Tensor, Tensor]:
    """(frame, pixel) of every pixel inside the bounding box of the occupied cells' outline."""
    low, high = corner_outlines(occupied_corners(network), pose)
    limit = torch.tensor(size, device=low.device)
    first = torch.minimum(low.floor().long().clamp_min(0), limit)
    last = torch.minimum(high.ceil().long().clamp_min(0), limit)
    frames, pixels = [], []
    for i, (a, b) in enumerate(zip(first.tolist(), last.tolist(), strict=True)):
        y, x = torch.meshgrid(torch.arange(a[1], b[1]), torch.arange(a[0], b[0]), indexing="ij")
        pixels.append(torch.stack([x, y], -1).reshape(-1, 2) + 0.5)
        frames.append(torch.full((len(pixels[-1]),), i))
    return torch.cat(frames).to(low.device), torch.cat(pixels).to(low.device)
