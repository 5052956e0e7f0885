"""Contents of a trained head's bundle."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import numpy as np
import torch
from torch import Tensor

from beavervision.artifacts.clip import PLATE
from beavervision.nerf.condition_normalizer import fill_gaps
from beavervision.stages.base import BundleContents
from beavervision.stages.radnerf_head.data import HeadData
from beavervision.stages.radnerf_head.distilled.head import FAST, DistilledHead
from beavervision.stages.radnerf_head.network import HeadNetwork
from beavervision.stages.radnerf_head.pose_optimizer import PoseOptimizer

NOTES = {
    "condition_mean": ("1/10 cm", "head space"),
    "condition_std": ("1/10 cm", "head space"),
    "condition_low": ("1/10 cm", "head space; 3 % quantile"),
    "condition_high": ("1/10 cm", "head space; 97 % quantile"),
    "eye_scale": ("lid distance / eye width", "mean, std, shut, open"),
    "visible": ("", ""),
    "rotation": ("", "head to camera; corrected; gaps filled"),
    "translation": ("cm", "camera space; corrected; gaps filled"),
    "eye": ("lid distance / eye width", "mean of both; gaps filled"),
    "crop_path": ("px", "full frame: x0, y0, canvas pixels per source pixel"),
    "cameras": ("px", "canvas: fx, fy, cx, cy"),
}

SHUT, OPEN = 0.01, 0.75
"""Quantiles of the training frames' eye openness that define shut and open eyes."""


def head_bundle_contents(
    network: HeadNetwork,
    args: dict[str, Any],
    data: HeadData,
    fast: DistilledHead | None = None,
    poses: PoseOptimizer | None = None,
) -> BundleContents:
    """All data that rendering needs, except the footage.

    Args:
        network: network to export.
        args: keyword arguments of the network.
        data: DataModule of the training.
        fast: distilled head, if it was trained.
        poses: pose optimizer; the bundle contains the corrected poses.
    """
    eye = data.raw_eye[data.train_frames]
    shut, wide = np.quantile(eye, [SHUT, OPEN])
    rotation, translation = _corrected(data, poses)
    assets = {
        "condition_mean": data.scale.mean,
        "condition_std": data.scale.std,
        "condition_low": data.scale.low,
        "condition_high": data.scale.high,
        "eye_scale": np.array([data.eye_mean, data.eye_std, shut, wide], np.float32),
        "visible": data.subject.visible,
        "rotation": rotation,
        "translation": translation,
        "eye": data.raw_eye.astype(np.float32),
        "crop_path": data.crops.path,
        "cameras": data.crops.cameras.astype(np.float32),
    }
    plate = data.clip.folder / PLATE
    return BundleContents(
        weights={**network.state_dict(), **_prefixed(fast)},
        hparams=args,
        facts={
            **data.facts(),
            "train_frames": data.clip.train_range.stop,
            "fast": None if fast is None else asdict(fast.sizes),
        },
        assets=assets,
        notes=NOTES,
        files={PLATE: plate} if plate.exists() else {},
    )


@torch.no_grad()
def _corrected(data: HeadData, poses: PoseOptimizer | None) -> tuple[np.ndarray, np.ndarray]:
    tracked = fill_gaps(data.rotation), fill_gaps(data.translation)
    if poses is None:
        return tracked
    device = poses.rule.weight.device
    found = poses(*(torch.tensor(values, device=device) for values in (data.tracked, *tracked)))
    rotation, translation = (values.cpu().numpy() for values in found)
    return rotation, translation


def _prefixed(fast: DistilledHead | None) -> dict[str, Tensor]:
    return {} if fast is None else {FAST + name: value for name, value in fast.state_dict().items()}
