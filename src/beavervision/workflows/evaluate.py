"""evaluate: a trained stage measured again on the frames that it never saw."""

from __future__ import annotations

import json
from pathlib import Path

from lightning import seed_everything
from omegaconf import DictConfig
from rich.console import Console
from rich.table import Table

from beavervision.artifacts.atomic_write import atomic_file
from beavervision.callbacks.checkpoint import LAST
from beavervision.callbacks.frame_figures import FrameFigures
from beavervision.callbacks.media import write_media
from beavervision.config.build import build_data, build_module, build_trainer, check_objects
from beavervision.config.hardware import one_device, settle_hardware
from beavervision.config.schemas import check_nodes, frame_spec
from beavervision.config.stage_graph import is_renderer
from beavervision.errors import BeaverError
from beavervision.workflows.commands import who
from beavervision.workflows.evaluation_progress import MeasuringProgress
from beavervision.workflows.logging_filters import quiet_libraries
from beavervision.workflows.run_folder import run_folder, shown
from beavervision.workflows.train import inputs_of


def evaluate(cfg: DictConfig) -> Path:
    """Measure the trained stage of the config on its held-out frames.

    Returns:
        The file of the figures, `evaluation/metrics.json` in the run's folder; `frames.csv` beside it holds those
        of single frames, where the stage has such, and the stage's pictures and films lie there too.

    Raises:
        BeaverError: when the stage was not trained with this config.
    """
    quiet_libraries()
    check_nodes(cfg)
    check_objects(cfg)
    settle_hardware(cfg)
    one_device(cfg)
    folder = run_folder()
    checkpoint = folder / LAST
    if not checkpoint.exists():
        canvas = f" {frame_spec(cfg.frame).overrides}" if is_renderer(cfg.run.stage) else ""
        raise BeaverError(
            f"{shown(folder)} has no trained {cfg.run.stage}; train it with the same overrides: "
            f"python train.py model={cfg.run.stage} {who(cfg.data.name, cfg.paths.runs)}{canvas}"
        )
    seed_everything(cfg.seed, workers=True, verbose=False)
    inputs = inputs_of(cfg)
    data = build_data(cfg, inputs.pop("clip"), inputs)
    data.judge_all()
    module = build_module(cfg, data)
    frames = FrameFigures()
    trainer = build_trainer(cfg, [frames, MeasuringProgress()], [])
    trainer.validate(module, datamodule=data, ckpt_path=checkpoint, weights_only=True, verbose=False)
    figures = {name: float(value) for name, value in trainer.callback_metrics.items()}
    figures |= module.evaluation_figures(data)
    path = folder / "evaluation" / "metrics.json"
    with atomic_file(path) as part:
        part.write_text(json.dumps(figures, indent=2), encoding="utf-8")
    frames.write(path.with_name("frames.csv"))
    shows = [write_media(path.with_name(media.name), media) for media in module.evaluation_media(data)]
    _tell(cfg.run.stage, figures, path)
    for file in shows:
        print(f"to look at: {shown(file)}", flush=True)
    return path


def _tell(stage: str, figures: dict[str, float], path: Path) -> None:
    table = Table(title=f"{stage}, evaluated", show_header=False)
    for name, value in figures.items():
        table.add_row(name, f"{value:.4g}")
    Console().print(table)
    print(f"figures: {shown(path)}", flush=True)
