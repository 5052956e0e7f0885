"""Valid ranges of the numbers in conf/model/radnerf_head.yaml and conf/datamodule/radnerf_head.yaml."""

from __future__ import annotations

from beavervision.stages.hparam_bounds import ANY, SHARE, Bounds, integer

GRID = {
    "levels": integer(1, 32),
    "base": integer(2, 4096),
    "finest": integer(2, 65536),
    "log2_entries": integer(4, 26),
}

MODEL = {
    **dict.fromkeys(("lr_grid", "lr_network", "lr_attention", "lr_pose", "entropy", "ambient", "pose"), ANY),
    **dict.fromkeys(("refresh_every", "shell_frames", "average_every"), integer()),
    "refresh_share": Bounds(0.001, 1),
    "shell_at": ANY,
    **dict.fromkeys(("decay", "error_decay"), Bounds(0, 0.99999)),
    "error_share": SHARE,
    "distill_share": Bounds(0, 0.9),  # the field must be trained before it is distilled
    **{f"field.{name}": limits for name, limits in GRID.items()},
    **{f"field.planes.{name}": limits for name, limits in GRID.items()},
    "field.ambient_finest": GRID["finest"],
    "field.ambient_dims": integer(2, 3),
    **{f"field.{name}": integer() for name in ("hidden", "geometry", "samples", "shell_samples", "planes.features")},
    **dict.fromkeys(("field.code_dims", "field.direct"), integer(0)),
    "field.shell_cm": Bounds(0.01, 50),
    **{f"fast.{name}": integer() for name in ("samples", "levels", "steps", "width", "layers", "frames", "blocks")},
    "fast.rows": integer(8),
    "fast.features": integer(0),
    "fast.mouth_share": SHARE,
    **{f"fast.{name}": ANY for name in ("lr_grid", "lr_network", "lr_upsampler")},
    **{f"perceptual.{name}": ANY for name in ("weight", "structure", "steepness")},
    "perceptual.at": SHARE,
    "perceptual.patches": integer(),
    "perceptual.patch_size": integer(11),  # the side of SSIM's window
    "perceptual.mouth_share": SHARE,
}

DATA = {
    "subject": integer(0),
    **dict.fromkeys(("rays", "frames", "window", "hull_frames", "val_frames"), integer()),
    **dict.fromkeys(("even", "mouth_share", "eye_share"), SHARE),
    **dict.fromkeys(("noise", "band"), ANY),
    "cells": integer(8, 512),
    "workers": integer(0),
}
