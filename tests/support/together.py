"""Each stage for a few steps, alone or as one of several processes: `python together.py <folder> <out.json>`.

Dropout is off: processes cannot draw the masks that one process draws for the whole batch.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import lightning
import torch

from beavervision.face.framing import FrameSpec
from beavervision.stages.audio2motion.data import Audio2MotionData
from beavervision.stages.audio2motion.module import Audio2Motion
from beavervision.stages.distributed import destroy_group
from beavervision.stages.lower_face.data import LowerFaceData
from beavervision.stages.lower_face.module import LowerFace
from beavervision.stages.postnet.data import PostNetData
from beavervision.stages.postnet.module import PostNetTraining
from beavervision.stages.radnerf_head.data import HeadData
from beavervision.stages.radnerf_head.module import HeadModule
from beavervision.stages.radnerf_torso.data import TorsoData
from beavervision.stages.radnerf_torso.module import RadNerfTorso
from beavervision.stages.syncnet.data import SyncNetData
from beavervision.stages.syncnet.module import SyncExpertTraining

STEPS = 4
SPEECH, FILM, CORPUS, MOTION, HEAD = "speech/clip", "film/clip", "talks/corpus", "audio2motion", "radnerf_head"
"""Below the folder: a clip with speech, one with pictures, talks, and the bundles that postnet and torso build on."""
VAE = {
    "hidden": 8, "latent": 4, "condition": 8, "audio_hidden": 8, "branch": 4, "encoder_layers": 1,
    "decoder_layers": 1, "couplings": 1, "flow_hidden": 4, "flow_layers": 1, "dropout": 0.0,
}  # fmt: skip
FIELD = {"levels": 4, "finest": 32, "ambient_finest": 16, "log2_entries": 10, "hidden": 16, "geometry": 8, "samples": 8}
SPEC = FrameSpec("1x1", 1.0, 48, 0.4)


def audio2motion(folder: Path):
    data = Audio2MotionData(folder / SPEECH, {"kind": "mel"}, batch_size=4, window=24, augmented_copies=1)
    data.setup("fit")
    torch.manual_seed(0)
    return Audio2Motion(**data.dimensions(), network=VAE, schedule={"learning_rate": 3e-3, "warm_up": 1}), data


def corpus(folder: Path):
    """audio2motion on speakers of different lengths, some shorter than a window."""
    data = Audio2MotionData(folder / CORPUS, {"kind": "mel"}, batch_size=4, window=24, augmented_copies=1)
    data.setup("fit")
    torch.manual_seed(0)
    return Audio2Motion(**data.dimensions(), network=VAE, schedule={"learning_rate": 3e-3, "warm_up": 1}), data


def syncnet(folder: Path):
    data = SyncNetData(folder / SPEECH, {"kind": "mel"}, batch_size=8, augmented_copies=1)
    data.setup("fit")
    torch.manual_seed(0)
    return SyncExpertTraining(**data.dimensions(), network={"hidden": 16, "embedding": 8, "dropout": 0.0}), data


def postnet(folder: Path):
    data = PostNetData(folder / SPEECH, {"audio2motion": folder / MOTION}, batch_size=4, window=24, augmented_copies=1)
    data.setup("fit")
    torch.manual_seed(0)
    widths = {"network": {"widths": [16, 16]}, "discriminator": {"widths": [16], "dropout": 0.0}}
    return PostNetTraining(**data.dimensions(), **widths, learning_rate=1e-3), data


def radnerf_head(folder: Path):
    data = HeadData(folder / FILM, SPEC, rays=256, frames=4, hull_frames=12, cells=24, val_frames=2)
    data.prepare_data()
    data.setup("fit")
    fast = {"rows": 24, "width": 8, "layers": 2, "blocks": 8}
    numbers = {"refresh_every": 2, "shell_at": 0.4, "shell_frames": 3, "distill_share": 0.25, "error_share": 0.25}
    return HeadModule(**data.dimensions(), **numbers, perceptual={"at": 0.5}, fast=fast, field=FIELD), data


def radnerf_torso(folder: Path):
    numbers = {"detail": 1.0, "frames_per_step": 4, "points_per_frame": 64, "head_frames": 2, "val_frames": 1}
    data = TorsoData(folder / FILM, SPEC, {"radnerf_head": folder / HEAD}, **numbers)
    data.setup("fit")
    torch.manual_seed(0)
    small = {"levels": 4, "finest": 48, "log2_entries": 10, "hidden": 16, "canonical": 8}
    return RadNerfTorso(**data.dimensions(), **small), data


def lower_face(folder: Path):
    data = LowerFaceData(folder / FILM, largest=64, frames_per_step=4, val_frames=1)
    data.setup("fit")
    torch.manual_seed(0)
    return LowerFace(**data.dimensions(), widths=(8, 16)), data


STAGES = {f.__name__: f for f in (audio2motion, corpus, syncnet, postnet, radnerf_head, radnerf_torso, lower_face)}


class Losses(lightning.Callback):
    """Keeps the loss of every step, as it would be logged."""

    def __init__(self) -> None:
        self.values: list[float] = []

    def on_train_batch_end(self, trainer, *_):
        self.values.append(float(trainer.callback_metrics["train/loss"]))


def losses(name: str, folder: Path, processes: int = 1) -> list[float]:
    """Losses of a stage's first steps."""
    module, data = STAGES[name](folder)
    kept = Losses()
    whole = module.automatic_optimization and not module.trains_parts
    strategy = "auto" if processes == 1 else "ddp" if whole else "ddp_find_unused_parameters_true"
    trainer = lightning.Trainer(
        accelerator="cpu", devices=processes, strategy=strategy, max_steps=STEPS, max_epochs=-1, limit_val_batches=0,
        num_sanity_val_steps=0, logger=False, enable_checkpointing=False, enable_progress_bar=False,
        enable_model_summary=False, use_distributed_sampler=False, callbacks=[kept],
    )  # fmt: skip
    trainer.fit(module, datamodule=data)
    return kept.values


if __name__ == "__main__":
    place, out = Path(sys.argv[1]), Path(sys.argv[2])
    # Lightning takes WORLD_SIZE out of the environment when a training ends.
    rank, count = int(os.environ["LOCAL_RANK"]), int(os.environ["WORLD_SIZE"])
    found = {}
    for name in STAGES:
        os.environ["WORLD_SIZE"] = str(count)
        found[name] = losses(name, place, count)
    if rank == 0:
        out.write_text(json.dumps(found))
    destroy_group()
