"""evaluate: measures a trained stage on the held-out frames."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

from lightning import Callback, seed_everything
from omegaconf import DictConfig
from rich.console import Console
from rich.table import Table

from beavervision.artifacts.atomic_write import atomic_file
from beavervision.callbacks.checkpoint import LAST
from beavervision.callbacks.frame_figures import FrameFigures
from beavervision.callbacks.media import write_media
from beavervision.config.build import build_data, build_module, build_trainer, validate_objects
from beavervision.config.hardware import resolve_hardware, use_single_device
from beavervision.config.schemas import validate_nodes
from beavervision.config.stage_graph import is_renderer
from beavervision.errors import BundleError
from beavervision.metrics.film_comparison import OWN
from beavervision.overrides import person_arguments
from beavervision.workflows.canvas import canvas_arguments
from beavervision.workflows.console_output import silence_libraries
from beavervision.workflows.evaluation_progress import EvaluationProgress
from beavervision.workflows.run_folder import display_path, run_folder
from beavervision.workflows.train import resolve_inputs
from beavervision.workflows.training_data import ensure_training_data


def evaluate(cfg: DictConfig, progress: Callback | None = None) -> Path:
    """Measure the trained stage of the config on its held-out frames.

    Args:
        cfg: the composed config.
        progress: callback that reports progress; None shows a bar.

    Returns:
        Path of the metrics, `evaluation/metrics.json` in the run's folder. The folder also contains `frames.csv` with
            the metrics of single frames, if the stage has any, and the stage's images and videos.

    Raises:
        BundleError: when the stage was not trained with this config.
    """
    silence_libraries()
    validate_nodes(cfg)
    validate_objects(cfg)
    resolve_hardware(cfg)
    use_single_device(cfg)
    folder = run_folder()
    checkpoint = folder / LAST
    if not checkpoint.exists():
        canvas = canvas_arguments() if is_renderer(cfg.run.stage) else ""
        raise BundleError(
            f"{display_path(folder)} has no trained {cfg.run.stage}; train it with the same overrides: "
            f"python train.py model={cfg.run.stage} {person_arguments(cfg.data.name, cfg.paths.runs)}{canvas}"
        )
    seed_everything(cfg.seed, workers=True, verbose=False)
    inputs = resolve_inputs(cfg, ensure_training_data(cfg))
    data = build_data(cfg, inputs.pop("clip"), inputs)
    data.judge_all()
    module = build_module(cfg, data)
    frames = FrameFigures()
    trainer = build_trainer(cfg, [frames, progress or EvaluationProgress()], [])
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
        print(f"to look at: {display_path(file)}", flush=True)
    return path


def _beside(name: str, value: float, figures: Mapping[str, float]) -> str:
    """What was measured, and the footage's own value, where a figure is a ratio of both."""
    fast = name.endswith("_fast")
    own = figures.get(f"{name.removesuffix('_fast')}{OWN}{'_fast' if fast else ''}")
    return "" if own is None else f"{value * own:.4g} of {own:.4g}"


def _tell(stage: str, figures: dict[str, float], path: Path) -> None:
    table = Table("figure", "value", "of the footage's own", title=f"{stage}, evaluated")
    for name, value in figures.items():
        if OWN not in name:
            table.add_row(name, f"{value:.4g}", _beside(name, value, figures))
    Console().print(table)
    print(f"figures: {display_path(path)}", flush=True)
