"""What the numbers of conf/model/radnerf_head.yaml and conf/datamodule/radnerf_head.yaml may be."""

from __future__ import annotations

from beavervision.stages.limits import ANY, SHARE, Limits, count

GRID = {
    "levels": count(1, 32),
    "base": count(2, 4096),
    "finest": count(2, 65536),
    "log2_entries": count(4, 26),
}

MODEL = {
    **dict.fromkeys(("lr_grid", "lr_network", "lr_attention", "lr_pose", "entropy", "ambient", "pose"), ANY),
    **dict.fromkeys(("refresh_every", "shell_frames", "average_every"), count()),
    "refresh_share": Limits(0.001, 1),
    "shell_at": ANY,
    **dict.fromkeys(("decay", "error_decay"), Limits(0, 0.99999)),
    "error_share": SHARE,
    "distill_share": Limits(0, 0.9),  # the field must have learnt something to hand on
    **{f"field.{name}": limits for name, limits in GRID.items()},
    **{f"field.planes.{name}": limits for name, limits in GRID.items()},
    "field.ambient_finest": GRID["finest"],
    "field.ambient_dims": count(2, 3),
    **{f"field.{name}": count() for name in ("hidden", "geometry", "samples", "shell_samples", "planes.features")},
    **dict.fromkeys(("field.code_dims", "field.direct"), count(0)),
    "field.shell_cm": Limits(0.01, 50),
    **{f"fast.{name}": count() for name in ("samples", "levels", "steps", "width", "layers", "frames", "blocks")},
    "fast.rows": count(8),
    "fast.features": count(0),
    "fast.mouth_share": SHARE,
    **{f"fast.{name}": ANY for name in ("lr_grid", "lr_network", "lr_upsampler")},
    **{f"perceptual.{name}": ANY for name in ("weight", "structure", "steepness")},
    "perceptual.at": SHARE,
    "perceptual.squares": count(),
    "perceptual.side": count(11),  # of SSIM's window
    "perceptual.mouth_share": SHARE,
}

DATA = {
    "subject": count(0),
    **dict.fromkeys(("rays", "frames", "window", "hull_frames", "val_frames"), count()),
    **dict.fromkeys(("even", "mouth_share", "eye_share"), SHARE),
    **dict.fromkeys(("noise", "band"), ANY),
    "cells": count(8, 512),
    "workers": count(0),
}
