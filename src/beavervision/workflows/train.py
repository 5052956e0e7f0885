"""train: trains one stage on a clip or corpus and writes its Bundle."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from hydra.core.hydra_config import HydraConfig
from hydra.types import RunMode
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
    validate_objects,
)
from beavervision.config.hardware import apply_hardware, resolve_hardware
from beavervision.config.schemas import frame_spec, to_dict, validate_nodes
from beavervision.config.slug import DEFAULT, experiment_of_slug
from beavervision.config.stage_graph import CHAIN, is_renderer
from beavervision.errors import BeaverError, StoppedError
from beavervision.overrides import format_override, person_arguments, view_command
from beavervision.stages.base import StageData, StageModule
from beavervision.stages.distributed import destroy_group
from beavervision.stages.trainer_settings import find_callbacks, is_fast_dev_run
from beavervision.workflows.canvas import canvas_arguments, resolve_canvas
from beavervision.workflows.config_tree import print_config_tree
from beavervision.workflows.consent import carry_consent
from beavervision.workflows.console_output import silence_libraries
from beavervision.workflows.distributed_launch import launch_processes, processes_to_launch, rank_zero_output
from beavervision.workflows.footage_check import check_length, speech_objection
from beavervision.workflows.initial_weights import find_initial_bundle, shorten_schedule
from beavervision.workflows.resume import BUNDLE, is_finished, resume_checkpoint, trained_result
from beavervision.workflows.run_folder import display_path, run_folder
from beavervision.workflows.run_lock import run_lock, wait_for_lock
from beavervision.workflows.run_result import SKIPPED, RunResult
from beavervision.workflows.run_state import RunState, config_fingerprint, training_target
from beavervision.workflows.training_data import ensure_training_data
from beavervision.workflows.upstream import BundleQuery, find_upstream


def train(cfg: DictConfig, callbacks: Sequence[Callback] = (), *, in_chain: bool | None = None) -> RunResult:
    """Train the stage of the config, resume its run, or skip it when it is finished.

    Args:
        cfg: the composed config.
        callbacks: further callbacks of the trainer, such as one that reports progress.
        in_chain: whether this stage is one of several, and is left out where the clip has no speech to learn from;
            None: whether Hydra runs several jobs.

    Returns:
        Folder and metrics of the bundle; after a fast development run, which writes none, the folder of the run. The
            latter is also returned in distributed training by all processes except rank 0.

    Raises:
        BeaverError: when the data, the upstream bundles or a setting do not fit.
        StoppedError: when training was stopped after a checkpoint.
    """
    begun = time.monotonic()
    silence_libraries()
    in_chain = HydraConfig.get().mode == RunMode.MULTIRUN if in_chain is None else in_chain
    validate_nodes(cfg)
    validate_objects(cfg)
    hardware = resolve_hardware(cfg)
    with wait_for_lock(Path(cfg.paths.runs) / cfg.data.name / "clip"):
        source = ensure_training_data(cfg)
        if in_chain and (objection := speech_objection(cfg, source)):
            print(f"{cfg.run.stage} is left out ({objection}); infer takes the general network's speech instead")
            return RunResult(run_folder(), SKIPPED)
        inputs = resolve_inputs(cfg, source)
    shorten_schedule(cfg, inputs.get("init"))
    state = RunState(config_fingerprint(cfg, inputs, _frame(cfg)), training_target(cfg))
    folder = run_folder()
    if is_finished(folder, state, cfg):
        bundle = display_path(folder / BUNDLE)
        print(f"{cfg.run.stage} is already trained: {bundle} (trainer.max_steps= trains it further)")
        carry_consent(inputs["clip"], folder / BUNDLE)
        return trained_result(folder, cfg.optimized_metric, SKIPPED)
    if peers := processes_to_launch(cfg):
        launch_processes("train", peers)
        return RunResult(folder) if cfg.trainer.fast_dev_run else trained_result(folder, cfg.optimized_metric)
    with run_lock(folder), rank_zero_output():
        what = "clip" if cfg.data.get("clips") is None else "corpus"
        print(f"{cfg.run.stage} trains on {what} {cfg.data.name}, in {display_path(folder)}", flush=True)
        if hardware:
            print(hardware, flush=True)
        if cfg.run.tree:
            print_config_tree(cfg)
        bundle = _train(cfg, inputs, state, begun, callbacks)
    if bundle is None:
        return RunResult(folder)
    carry_consent(inputs["clip"], bundle.folder)
    _tell(bundle, cfg)
    return trained_result(folder, cfg.optimized_metric)


def _train(
    cfg: DictConfig, inputs: Mapping[str, Path], state: RunState, begun: float, callbacks: Sequence[Callback]
) -> Bundle | None:
    """Train, validate, and write the bundle; None where there is no bundle, see `train`."""
    folder = run_folder()
    seed_everything(cfg.seed, workers=True, verbose=False)
    data = build_data(cfg, inputs["clip"], {name: path for name, path in inputs.items() if name != "clip"})
    module = build_module(cfg, data)
    apply_hardware(cfg, module)
    export = BundleExport(folder / BUNDLE, inputs, OmegaConf.to_yaml(cfg, resolve=True))
    record = RunRecord(to_dict(cfg), inputs)
    trainer = build_trainer(cfg, [record, *build_callbacks(cfg), *callbacks, export], build_loggers(cfg))
    try:
        _fit(trainer, module, data, checkpoint=resume_checkpoint(folder, state, cfg))
        if is_fast_dev_run(trainer):
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


def resolve_inputs(cfg: DictConfig, source: Path) -> dict[str, Path]:
    """Return the inputs of the config's stage: its training data (`clip`) and the upstream bundles.

    The canvas of the config is resolved for the clip (`workflows.canvas`).

    Args:
        cfg: the whole config.
        source: folder of the training data.

    Raises:
        BeaverError: when one is missing; the message contains the command that creates it.
    """
    check_length(cfg, source)
    resolve_canvas(cfg, source)
    initial = find_initial_bundle(cfg, source)
    return {"clip": source, **_upstream_of(cfg), **({} if initial is None else {"init": initial})}


def _upstream_of(cfg: DictConfig) -> dict[str, Path]:
    experiment, frame = experiment_of_slug(cfg.run.slug), frame_spec(cfg.frame)
    search = BundleQuery(
        Path(cfg.paths.runs),
        cfg.data.name,
        experiment,
        None if frame.is_auto else frame.slug,
        cfg.datamodule.get("subject"),
        canvas_arguments(),
    )
    return find_upstream(cfg.run.stage, search)


def _frame(cfg: DictConfig) -> object:
    return frame_spec(cfg.frame) if is_renderer(cfg.run.stage) else None


def _fit(trainer: Trainer, module: StageModule, data: StageData, checkpoint: Path | None) -> None:
    """Train; after Ctrl-C raise StoppedError, whose message contains the command that resumes."""
    try:
        trainer.fit(module, datamodule=data, ckpt_path=checkpoint, weights_only=True)
    except TrainingStoppedError:
        message = f"stopped at step {trainer.global_step}; the same command continues there"
        raise StoppedError(message if trainer.is_global_zero else "") from None
    except SystemExit as stop:
        # 1 is Lightning's exit code after a second Ctrl-C; submitit, which requeues the job, has another.
        if trainer.interrupted and stop.code == 1:
            raise StoppedError("stopped at once; the same command continues from the last checkpoint") from None
        raise
    except BeaverError:
        raise
    except Exception as error:
        for guard in find_callbacks(trainer, FiniteLoss):
            guard.explain(module, error)
        raise


def _figures(trainer: Trainer, begun: float) -> dict[str, float]:
    """Metrics of the run: seconds of training over all starts, and wall time of this start including set-up."""
    clocks = [clock.seconds for clock in find_callbacks(trainer, Throughput)]
    return {
        "steps": float(trainer.global_step),
        "seconds": sum(clocks),
        "wall_seconds": time.monotonic() - begun,
        "peak_memory_mb": peak_memory_mb(),
    }


def _went(trainer: Trainer) -> dict[str, float]:
    """Length of the training, which later commands compare with theirs."""
    clocks = [timer.time_elapsed() for timer in find_callbacks(trainer, Timer)]
    return {"steps": trainer.global_step, "epochs": trainer.current_epoch, "seconds": max(clocks, default=0.0)}


def _tell(bundle: Bundle, cfg: DictConfig) -> None:
    measured = [f"{name} {value:.4g}" for name, value in bundle.metrics.items() if name.startswith("val/")]
    seconds = f"{bundle.metrics['seconds']:.0f} s"
    print(f"{bundle.stage} is trained: {display_path(bundle.folder)}  ({', '.join([*measured[:4], seconds])})")
    print(f"next: {_command_after(bundle, cfg)}", flush=True)
    if cfg.data.get("clips") is None:
        shown = "the head from any side" if bundle.stage == "radnerf_head" else "the clip"
        print(f"  or: {view_command(cfg.data.name, cfg.paths.runs)}  ({shown} in the browser)", flush=True)


def _command_after(bundle: Bundle, cfg: DictConfig) -> str:
    """Next command after a stage: the next stage, or infer; after a corpus, adaptation to a person."""
    stage, experiment = bundle.stage, experiment_of_slug(cfg.run.slug)
    if cfg.data.get("clips") is not None:
        begun = f" {format_override('model.init', str(display_path(bundle.folder)))}" if "init" in cfg.model else ""
        return f"python train.py model={CHAIN[0]} data=myvideo data.name=<who>{begun}"
    whose = person_arguments(cfg.data.name, cfg.paths.runs)
    after = CHAIN[CHAIN.index(stage) + 1 :] if stage in CHAIN else ()
    if not after:
        return f"python infer.py {whose} audio=speech.wav"
    chosen = "" if experiment == DEFAULT else f" experiment={experiment}"
    canvas = canvas_arguments() if is_renderer(stage) and is_renderer(after[0]) else ""
    return f"python train.py model={after[0]} {whose}{canvas}{chosen}"
