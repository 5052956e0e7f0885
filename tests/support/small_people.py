"""People of small networks, two steps each: what films show of them is nonsense, how they are made is not."""

from __future__ import annotations

from pathlib import Path

import lightning
import torch

from beavervision.callbacks.bundle_export import BundleExport
from beavervision.face.framing import FrameSpec
from beavervision.stages.audio2motion.data import Audio2MotionData
from beavervision.stages.audio2motion.module import Audio2Motion
from beavervision.stages.lower_face.data import LowerFaceData
from beavervision.stages.lower_face.module import LowerFace
from beavervision.stages.postnet.data import PostNetData
from beavervision.stages.postnet.module import PostNetTraining
from beavervision.stages.radnerf_head.data import HeadData
from beavervision.stages.radnerf_head.module import HeadModule
from beavervision.stages.radnerf_torso.data import TorsoData
from beavervision.stages.radnerf_torso.module import RadNerfTorso

N_FRAMES, WIDTH, HEIGHT = 40, 96, 72
"""Of the clip that films are made of; size in pixels."""
SPEC = FrameSpec("1x1", 1.0, 48, 0.4)
FIELD = {"levels": 2, "finest": 32, "log2_entries": 8}
STAGES = {
    "audio2motion": (
        Audio2MotionData,
        Audio2Motion,
        {"audio_features": {"kind": "mel", "checkpoint": None}, "augmented_copies": 0},
        {"network": {"hidden": 16, "encoder_layers": 1, "decoder_layers": 1, "couplings": 2, "flow_layers": 1}},
    ),
    "postnet": (PostNetData, PostNetTraining, {"augmented_copies": 0}, {"network": {"widths": [16]}}),
    "radnerf_head": (
        HeadData,
        HeadModule,
        {"frame": SPEC, "rays": 256, "frames": 4, "cells": 16, "val_frames": 1},
        {"field": {**FIELD, "samples": 4, "shell_samples": 2, "hidden": 16, "backend": "torch"}},
    ),
    "radnerf_torso": (
        TorsoData,
        RadNerfTorso,
        {"frame": SPEC, "points_per_frame": 64, "head_frames": 2, "val_frames": 1, "backend": "torch"},
        {**FIELD, "hidden": 16, "canonical": 8, "backend": "torch"},
    ),
    "lower_face": (
        LowerFaceData,
        LowerFace,
        {"largest": 64, "frames_per_step": 2, "val_frames": 1},
        {"widths": (8, 16)},
    ),
}


def train_person(
    runs: Path, name: str, subject: int = 0, look_ahead: int | None = None, stages: tuple[str, ...] = tuple(STAGES)
) -> None:
    """Train stages on clip `runs / name / clip`, as train.py would leave them.

    Args:
        runs: folder of all runs.
        name: of the clip.
        subject: which person; the runs' names tell.
        look_ahead: frames of sound that audio2motion hears ahead; with a number the person can speak live.
        stages: which, in the order of the chain.
    """
    clip = runs / name / "clip"
    upstream: dict[str, Path] = {}
    for stage in stages:
        data_class, module_class, data_options, module_options = STAGES[stage]
        if stage == "audio2motion" and look_ahead is not None:
            module_options = {"network": {**module_options["network"], "look_ahead": look_ahead}}
        built_on = {} if stage == "lower_face" else {"upstream": dict(upstream)}
        data = data_class(clip=clip, **built_on, subject=subject, **data_options)
        data.prepare_data()
        data.setup("fit")
        torch.manual_seed(subject)
        module = module_class(**data.dimensions(), **module_options)
        folder = runs / name / stage / ("default" if subject == 0 else f"default-subject={subject}") / "bundle"
        export = BundleExport(folder, {"clip": clip, **upstream}, "")
        trainer = lightning.Trainer(
            default_root_dir=folder.parent,
            max_steps=2,
            accelerator="cpu",
            logger=False,
            enable_checkpointing=False,
            enable_progress_bar=False,
            enable_model_summary=False,
            limit_val_batches=1,
            num_sanity_val_steps=0,
            val_check_interval=2,
            check_val_every_n_epoch=None,
        )
        trainer.fit(module, datamodule=data)
        export.write(module, data, {})
        upstream[stage] = folder
