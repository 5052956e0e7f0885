"""train: one stage on one clip, from its config to its Bundle."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from lightning import Callback, Trainer, seed_everything
from lightning.pytorch.callbacks import Timer
from omegaconf import DictConfig, OmegaConf

from beavervision.artifacts.bundle import Bundle
from beavervision.callbacks.bundle_export import BundleExport
from beavervision.callbacks.dashboard import refresh
from beavervision.callbacks.finite import FiniteLoss
from beavervision.callbacks.media import preview_file
from beavervision.callbacks.record import RunRecord, close_loggers
from beavervision.callbacks.stop import TrainingStoppedError
from beavervision.callbacks.throughput import Throughput, peak_memory_mb
from beavervision.config.build import (
    build_callbacks,
    build_data,
    build_loggers,
    build_module,
    build_trainer,
    check_objects,
)
from beavervision.config.hardware import fit_hardware, settle_hardware
from beavervision.config.schemas import check_nodes, frame_spec
from beavervision.config.slug import DEFAULT, experiment_of
from beavervision.config.stage_graph import CHAIN, is_renderer
from beavervision.errors import BeaverError, StoppedError
from beavervision.overrides import override
from beavervision.stages.base import StageData, StageModule
from beavervision.stages.distributed import destroy_group
from beavervision.workflows.commands import who
from beavervision.workflows.config_tree import show_tree
from beavervision.workflows.distributed_launch import one_voice, peers_to_start, run_together
from beavervision.workflows.initial_weights import initial_bundle, settle_length
from beavervision.workflows.logging_filters import quiet_libraries
from beavervision.workflows.resume import BUNDLE, checkpoint_of, is_finished
from beavervision.workflows.run_folder import run_folder, shown
from beavervision.workflows.run_lock import one_after_another, only_one
from beavervision.workflows.run_result import SKIPPED, Outcome
from beavervision.workflows.run_state import RunState, fingerprint, target_of
from beavervision.workflows.trained import trained
from beavervision.workflows.training_data import ensure_source
from beavervision.workflows.upstream import Search, find_upstream


def train(cfg: DictConfig, callbacks: Sequence[Callback] = ()) -> Outcome:
    """Train the stage of the config, or continue where its run stopped; skip it when it is finished.

    Args:
        cfg: the composed config.
        callbacks: further callbacks of the trainer, such as one that reports progress.

    Returns:
        The bundle's folder and figures; after a fast development run, which leaves none, the run's folder. So too in
        all but the first of several processes that train together.

    Raises:
        BeaverError: when the data, the upstream bundles or a setting do not fit.
        StoppedError: when training was stopped after a checkpoint.
    """
    begun = time.monotonic()
    quiet_libraries()
    check_nodes(cfg)
    check_objects(cfg)
    hardware = settle_hardware(cfg)
    with one_after_another(Path(cfg.paths.runs) / cfg.data.name / "clip"):
        inputs = inputs_of(cfg)
    settle_length(cfg, inputs.get("init"))
    state = RunState(fingerprint(cfg, inputs, _frame(cfg)), target_of(cfg))
    folder = run_folder()
    if is_finished(folder, state, cfg):
        print(f"{cfg.run.stage} is already trained: {shown(folder / BUNDLE)} (trainer.max_steps= trains it further)")
        return trained(folder, cfg.optimized_metric, SKIPPED)
    if peers := peers_to_start(cfg):
        run_together("train", peers)
        return Outcome(folder) if cfg.trainer.fast_dev_run else trained(folder, cfg.optimized_metric)
    with only_one(folder), one_voice():
        what = "clip" if cfg.data.get("clips") is None else "corpus"
        print(f"{cfg.run.stage} trains on {what} {cfg.data.name}, in {shown(folder)}", flush=True)
        if hardware:
            print(hardware, flush=True)
        if cfg.run.tree:
            show_tree(cfg)
        bundle = _train(cfg, inputs, state, begun, callbacks)
    if bundle is None:
        return Outcome(folder)
    _tell(bundle, cfg)
    return trained(folder, cfg.optimized_metric)


def _train(
    cfg: DictConfig, inputs: Mapping[str, Path], state: RunState, begun: float, callbacks: Sequence[Callback]
) -> Bundle | None:
    """Train, measure, and leave the bundle; None where there is none to leave, as `train` says."""
    folder = run_folder()
    seed_everything(cfg.seed, workers=True, verbose=False)
    data = build_data(cfg, inputs["clip"], {name: path for name, path in inputs.items() if name != "clip"})
    module = build_module(cfg, data)
    fit_hardware(cfg, module)
    export = BundleExport(folder / BUNDLE, inputs, OmegaConf.to_yaml(cfg, resolve=True))
    record = RunRecord(OmegaConf.to_container(cfg, resolve=True), inputs)  # type: ignore[arg-type]
    trainer = build_trainer(cfg, [record, *build_callbacks(cfg), *callbacks, export], build_loggers(cfg))
    try:
        _fit(trainer, module, data, checkpoint=checkpoint_of(folder, state, cfg))
        if trainer.fast_dev_run:
            return None
        if export.validated_at != trainer.global_step:
            trainer.validate(module, datamodule=data, verbose=False)
        if not trainer.is_global_zero:
            return None
        preview = preview_file(trainer, module, data)
        bundle = export.write(module, data, _figures(trainer, begun), preview)
        record.leave(trainer, bundle.folder)
        refresh(trainer)
    finally:
        close_loggers(trainer)
        destroy_group()
    replace(state, finished=True, went=_went(trainer)).write(folder)
    return bundle


def inputs_of(cfg: DictConfig) -> dict[str, Path]:
    """Return what the config's stage learns from (`clip`) and the bundles that it builds on.

    Raises:
        BeaverError: when one is missing; the sentence names the command that makes it.
    """
    source = ensure_source(cfg)
    initial = initial_bundle(cfg, source)
    return {"clip": source, **_upstream_of(cfg), **({} if initial is None else {"init": initial})}


def _upstream_of(cfg: DictConfig) -> dict[str, Path]:
    experiment, frame = experiment_of(cfg.run.slug), frame_spec(cfg.frame)
    search = Search(
        Path(cfg.paths.runs), cfg.data.name, experiment, frame.slug, cfg.datamodule.get("subject"), frame.overrides
    )
    return find_upstream(cfg.run.stage, search)


def _frame(cfg: DictConfig) -> object:
    return frame_spec(cfg.frame) if is_renderer(cfg.run.stage) else None


def _fit(trainer: Trainer, module: StageModule, data: StageData, checkpoint: Path | None) -> None:
    """Train; after Ctrl-C raise StoppedError, which says how to continue."""
    try:
        trainer.fit(module, datamodule=data, ckpt_path=checkpoint, weights_only=True)
    except TrainingStoppedError:
        message = f"stopped at step {trainer.global_step}; the same command continues there"
        raise StoppedError(message if trainer.is_global_zero else "") from None
    except SystemExit as stop:
        # 1 is Lightning's answer to a second Ctrl-C; submitit, which requeues the job, has another.
        if trainer.interrupted and stop.code == 1:
            raise StoppedError("stopped at once; the same command continues from the last checkpoint") from None
        raise
    except BeaverError:
        raise
    except Exception as error:
        for guard in (callback for callback in trainer.callbacks if isinstance(callback, FiniteLoss)):
            guard.explain(module, error)
        raise


def _figures(trainer: Trainer, begun: float) -> dict[str, float]:
    """Figures of the run itself: seconds of training over all starts, wall time of this start with its set-up."""
    clocks = [c.seconds for c in trainer.callbacks if isinstance(c, Throughput)]
    return {
        "steps": float(trainer.global_step),
        "seconds": sum(clocks),
        "wall_seconds": time.monotonic() - begun,
        "peak_memory_mb": peak_memory_mb(),
    }


def _went(trainer: Trainer) -> dict[str, float]:
    """How far training went, for later commands that ask for as much."""
    clocks = [callback.time_elapsed() for callback in trainer.callbacks if isinstance(callback, Timer)]
    return {"steps": trainer.global_step, "epochs": trainer.current_epoch, "seconds": max(clocks, default=0.0)}


def _tell(bundle: Bundle, cfg: DictConfig) -> None:
    measured = [f"{name} {value:.4g}" for name, value in bundle.metrics.items() if name.startswith("val/")]
    seconds = f"{bundle.metrics['seconds']:.0f} s"
    print(f"{bundle.stage} is trained: {shown(bundle.folder)}  ({', '.join([*measured[:4], seconds])})")
    print(f"next: {_command_after(bundle, cfg)}", flush=True)


def _command_after(bundle: Bundle, cfg: DictConfig) -> str:
    """The command that comes after a stage: the chain's next one, or infer; after a corpus, adaptation to a person."""
    stage, experiment = bundle.stage, experiment_of(cfg.run.slug)
    if cfg.data.get("clips") is not None:
        begun = f" {override('model.init', str(shown(bundle.folder)))}" if "init" in cfg.model else ""
        return f"python train.py model={CHAIN[0]} data=myvideo data.name=<who>{begun}"
    whose = who(cfg.data.name, cfg.paths.runs)
    after = CHAIN[CHAIN.index(stage) + 1 :] if stage in CHAIN else ()
    if not after:
        return f"python infer.py {whose} audio=speech.wav"
    chosen = "" if experiment == DEFAULT else f" experiment={experiment}"
    canvas = f" {frame_spec(cfg.frame).overrides}" if is_renderer(stage) else ""
    return f"python train.py model={after[0]} {whose}{canvas}{chosen}"
