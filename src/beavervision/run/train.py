"""train: one stage on one clip, from its config to its Bundle."""

from __future__ import annotations

import shutil
import sys
import time
from pathlib import Path

from lightning import Trainer, seed_everything
from omegaconf import DictConfig, OmegaConf

from beavervision.artifacts.bundle import Bundle
from beavervision.callbacks.bundle_export import BundleExport
from beavervision.callbacks.checkpoint import LAST
from beavervision.callbacks.dashboard import refresh
from beavervision.callbacks.media import preview_file
from beavervision.callbacks.record import RunRecord, close_loggers
from beavervision.callbacks.stop import TrainingStoppedError
from beavervision.callbacks.throughput import Throughput, peak_memory_mb
from beavervision.run.build import (
    build_callbacks,
    build_data,
    build_loggers,
    build_module,
    build_trainer,
    check_objects,
)
from beavervision.run.commands import who
from beavervision.run.failure import EXIT_INTERRUPTED
from beavervision.run.prepare import ensure_clip
from beavervision.run.quiet import quiet_libraries
from beavervision.run.run_folder import run_folder, shown
from beavervision.run.settings import check_nodes, frame_spec
from beavervision.run.slug import DEFAULT, experiment_of
from beavervision.run.state import RunState, fingerprint, target_of
from beavervision.run.upstream import CHAIN, RENDERERS, Search, find_upstream
from beavervision.stages.base import StageData, StageModule

BUNDLE = "bundle"


def train(cfg: DictConfig) -> Path | None:
    """Train the stage of the config, or continue where its run stopped; skip it when it is finished.

    Returns:
        The bundle's folder; None after a fast development run, which leaves none.
    """
    begun = time.monotonic()
    quiet_libraries()
    check_nodes(cfg)
    check_objects(cfg)
    clip = ensure_clip(cfg)
    upstream = upstream_of(cfg)
    state = RunState(fingerprint(cfg, {"clip": clip, **upstream}, _frame(cfg)), target_of(cfg))
    folder = run_folder()
    if _is_finished(folder, state, cfg):
        print(f"{cfg.run.stage} is already trained: {shown(folder / BUNDLE)} (trainer.max_steps= trains it further)")
        return folder / BUNDLE

    print(f"{cfg.run.stage} trains on clip {cfg.data.name}, in {shown(folder)}", flush=True)
    seed_everything(cfg.seed, workers=True, verbose=False)
    data = build_data(cfg, clip, upstream)
    module = build_module(cfg, data)
    inputs = {"clip": clip, **upstream}
    export = BundleExport(folder / BUNDLE, inputs, OmegaConf.to_yaml(cfg, resolve=True))
    record = RunRecord(OmegaConf.to_container(cfg, resolve=True), inputs)  # type: ignore[arg-type]
    trainer = build_trainer(cfg, [record, *build_callbacks(cfg), export], build_loggers(cfg))
    try:
        _fit(trainer, module, data, checkpoint=_checkpoint(folder, state, cfg))
        if trainer.fast_dev_run:
            return None
        if export.validated_at != trainer.global_step:
            trainer.validate(module, datamodule=data, verbose=False)
        preview = preview_file(trainer, module, data)
        bundle = export.write(module, data, _figures(trainer, begun), preview)
        record.leave(trainer, bundle.folder)
        refresh(trainer)
    finally:
        close_loggers(trainer)
    RunState(state.fingerprint, state.target, finished=True).write(folder)
    _tell(bundle, cfg)
    return bundle.folder


def upstream_of(cfg: DictConfig) -> dict[str, Path]:
    """Return the bundles that the config's stage builds on.

    Raises:
        BeaverError: when one is missing; the sentence names the command that makes it.
    """
    experiment = experiment_of(cfg.run.slug)
    frame = frame_spec(cfg.frame).slug
    return find_upstream(cfg.run.stage, Search(Path(cfg.paths.runs), cfg.data.name, experiment, frame))


def _frame(cfg: DictConfig) -> object:
    return frame_spec(cfg.frame) if cfg.run.stage in RENDERERS else None


def _is_finished(folder: Path, state: RunState, cfg: DictConfig) -> bool:
    before = RunState.read(folder)
    return (
        cfg.resume
        and before is not None
        and before.fingerprint == state.fingerprint
        and before.reaches(state.target)
        and (folder / BUNDLE).is_dir()
        and not cfg.trainer.fast_dev_run
    )


def _checkpoint(folder: Path, state: RunState, cfg: DictConfig) -> Path | None:
    """Return the checkpoint to continue from; what belongs to another clip or other numbers is cleared away."""
    if cfg.trainer.fast_dev_run:
        return None
    before = RunState.read(folder)
    path = folder / LAST
    if path.exists() and cfg.resume and before is not None and before.fingerprint == state.fingerprint:
        print(f"{cfg.run.stage} continues from {shown(path)}")
        state.write(folder)
        return path
    if path.exists():
        why = "its clip, upstream bundles or numbers changed" if cfg.resume else "resume=false"
        print(f"{cfg.run.stage} starts over: {why}")
        for old in (path.parent, folder / BUNDLE, folder / "logs"):
            shutil.rmtree(old, ignore_errors=True)
    state.write(folder)
    return None


def _fit(trainer: Trainer, module: StageModule, data: StageData, checkpoint: Path | None) -> None:
    """Train; after Ctrl-C say how to continue, and exit."""
    try:
        trainer.fit(module, datamodule=data, ckpt_path=checkpoint, weights_only=True)
    except TrainingStoppedError:
        print(f"stopped at step {trainer.global_step}; the same command continues there", file=sys.stderr)
        sys.exit(EXIT_INTERRUPTED)


def _figures(trainer: Trainer, begun: float) -> dict[str, float]:
    """Figures of the run itself: seconds of training over all starts, wall time of this start with its set-up."""
    clocks = [c.seconds for c in trainer.callbacks if isinstance(c, Throughput)]
    return {
        "steps": float(trainer.global_step),
        "seconds": sum(clocks),
        "wall_seconds": time.monotonic() - begun,
        "peak_memory_mb": peak_memory_mb(),
    }


def _tell(bundle: Bundle, cfg: DictConfig) -> None:
    measured = [f"{name} {value:.4g}" for name, value in bundle.metrics.items() if name.startswith("val/")]
    seconds = f"{bundle.metrics['seconds']:.0f} s"
    print(f"{bundle.stage} is trained: {shown(bundle.folder)}  ({', '.join([*measured[:4], seconds])})")
    print(f"next: {_command_after(bundle.stage, cfg)}", flush=True)


def _command_after(stage: str, cfg: DictConfig) -> str:
    """The command that comes after a stage: the chain's next one, or infer."""
    whose, experiment = who(cfg.data.name, cfg.paths.runs), experiment_of(cfg.run.slug)
    after = CHAIN[CHAIN.index(stage) + 1 :] if stage in CHAIN else ()
    if not after:
        return f"python infer.py {whose} audio=speech.wav"
    chosen = "" if experiment == DEFAULT else f" experiment={experiment}"
    return f"python train.py model={after[0]} {whose}{chosen}"
