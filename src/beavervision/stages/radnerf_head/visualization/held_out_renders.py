"""Renders held-out frames with the full head and with the distilled one."""

from __future__ import annotations

from collections.abc import Callable

import torch

from beavervision.stages.radnerf_head.batch import FrameBatch
from beavervision.stages.radnerf_head.distilled.head import DistilledHead
from beavervision.stages.radnerf_head.distilled.renderer import DistilledRenderer
from beavervision.stages.radnerf_head.full_frame_renderer import FullFrameRenderer, render_full_frames
from beavervision.stages.radnerf_head.image_window import Pose
from beavervision.stages.radnerf_head.network import HeadNetwork
from beavervision.stages.radnerf_head.pose_optimizer import PoseOptimizer

Render = Callable[[FrameBatch, tuple[int, int]], FullFrameRenderer]
"""Renders a frame with its tracked pose, at a width and height of the canvas's aspect."""


def render_held_out_full(network: HeadNetwork, poses: PoseOptimizer | None = None) -> Render:
    """Render function equal to `hardware.render=full`.

    Args:
        network: the head network, on any device.
        poses: pose optimizer.
    """

    def render(batch: FrameBatch, size: tuple[int, int]) -> FullFrameRenderer:
        with torch.inference_mode():
            batch, pose = _placed(batch, size, poses, network.box.device)
            condition = network.encode(batch.face.windows, batch.face.eye)
            return render_full_frames(network, condition, pose.cameras, pose.rotation, pose.translation, size)

    return render


def render_held_out_distilled(head: DistilledHead, poses: PoseOptimizer | None = None) -> Render:
    """Render function equal to `hardware.render=fast`; it is exact at the canvas's own size only.

    Args:
        head: distilled head on any device; its weights must not change afterwards.
        poses: pose optimizer.
    """
    renderer = DistilledRenderer(head)

    def render(batch: FrameBatch, size: tuple[int, int]) -> FullFrameRenderer:
        with torch.inference_mode():
            batch, pose = _placed(batch, size, poses, head.field.box.device)
            return renderer.render(pose, head.field.encode(batch.face.windows, batch.face.eye), size)

    return render


def _placed(
    batch: FrameBatch, size: tuple[int, int], poses: PoseOptimizer | None, device: torch.device
) -> tuple[FrameBatch, Pose]:
    """The frame on a device, and its corrected pose with the canvas's intrinsics at another size."""
    batch = batch.to(device)
    batch = batch if poses is None else poses.correct(batch)
    return batch, Pose(batch.cameras * (size[0] / batch.labels.shape[1]), batch.rotation, batch.translation)
