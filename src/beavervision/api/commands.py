"""Functions prepare, train, evaluate, animate and unpack; they call the same workflows as the command line."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from omegaconf import OmegaConf

from beavervision.api.avatar import Avatar
from beavervision.api.progress import EvaluationCallback, ProgressCallback
from beavervision.api.session import Progress, api_call, person_overrides
from beavervision.artifacts.archive import unpack as unpack_archive
from beavervision.artifacts.clip import Clip
from beavervision.config.python_overrides import override_list
from beavervision.config.stage_graph import CHAIN
from beavervision.config.wildcards import clip_name
from beavervision.errors import BundleError, ConfigError
from beavervision.export.animation import FaceAnimation
from beavervision.face.blink import BLINKS_PER_MINUTE
from beavervision.workflows.upstream import BundleQuery, newest_bundle


@dataclass(frozen=True)
class Evaluation:
    """Results of `evaluate`."""

    stage: str
    figures: dict[str, float]
    """Metric -> mean over the held-out frames."""
    folder: Path
    """Folder with metrics.json, frames.csv and the stage's images and videos."""


def prepare(
    video: str | Path,
    *,
    name: str | None = None,
    runs: str | Path = "runs",
    force: bool = False,
    progress: Progress = None,
    overrides: Mapping[str, Any] | None = None,
    **keywords: Any,
) -> Clip:
    """Prepare a video: face, pose, expression, labels and background of the person. A second call reuses the result.

    Args:
        video: any common video file; it is only read.
        name: name of the clip; by default that of the file.
        runs: folder of all runs; the clip is written to `<runs>/<name>/clip`.
        force: prepare again although nothing changed.
        progress: None shows bars, False nothing; a function is called with (step, done, total) in frames.
        overrides: further settings of `prepare`, dotted key -> value, such as `{"data.start": 2.0}`.
        keywords: the same, with two underscores for a dot: `data__start=2.0`.

    Raises:
        FootageError: when the video cannot be read or shows no face.
        ConfigError: when a setting does not exist or its value is invalid.

    Example:
        >>> import beavervision as bv
        >>> clip = bv.prepare("me.mp4", name="me")  # doctest: +SKIP
        >>> clip.n_frames  # doctest: +SKIP
        750
    """
    from beavervision.workflows.prepare import prepare as run

    name = clip_name(str(video)) if name is None else name
    chosen = {**person_overrides(name, runs), "data.video": str(video), "force": force}
    arguments = [*override_list(chosen, {}), *override_list(overrides, keywords)]
    with api_call("prepare", arguments, progress) as cfg:
        return Clip.load(run(cfg, progress if callable(progress) else None).folder)


def train(
    clip: Clip | str | Path,
    stages: str | Sequence[str] = CHAIN,
    *,
    preset: str | None = None,
    progress: Progress = None,
    overrides: Mapping[str, Any] | None = None,
    **keywords: Any,
) -> Avatar:
    """Train the stages of an avatar one after the other. Finished stages are skipped; stopped ones continue.

    Of several stages, those of speech are left out where the clip has no speech to learn from. The avatar then speaks
    by the general network, in the person's own range.

    Args:
        clip: result of `prepare`, or its folder `<runs>/<name>/clip`.
        stages: one or several stages, in the order of training; by default all that `speak` needs.
        preset: an experiment, such as `cpu_quick`; None trains at full size, which takes a GPU or a night.
        progress: None shows bars, False nothing; a function is called with (stage, done, total) in training steps.
        overrides: further settings of `train`, dotted key -> value, such as `{"trainer.max_steps": 10}`.
        keywords: the same, with two underscores for a dot: `trainer__max_steps=10`.

    Raises:
        ConfigError: when a stage or a setting does not exist or its value is invalid.
        TrainingError: when the loss is not finite.
        StoppedError: when training was stopped; the same call resumes it.

    Example:
        >>> import beavervision as bv
        >>> avatar = bv.train("runs/me/clip", preset="cpu_quick")  # doctest: +SKIP
    """
    from beavervision.workflows.train import train as run

    folder = _clip_folder(clip)
    further = override_list(overrides, keywords)
    chosen = [stages] if isinstance(stages, str) else list(stages)
    for stage in chosen:
        with api_call("train", _train_arguments(folder, stage, preset, further), progress) as cfg:
            callbacks = [ProgressCallback(stage, progress)] if callable(progress) else []
            if callbacks:
                cfg.callbacks.progress = None
            run(cfg, callbacks, in_chain=len(chosen) > 1)
    return Avatar(folder.parent, preset, _subject_of(further), {})


def evaluate(
    target: Avatar | Clip | str | Path,
    stage: str,
    *,
    preset: str | None = None,
    progress: Progress = None,
    overrides: Mapping[str, Any] | None = None,
    **keywords: Any,
) -> Evaluation:
    """Evaluate a trained stage on the held-out frames.

    By default the newest run of the stage is evaluated, with the settings of its training.

    Args:
        target: an avatar, or the clip of the stage's training.
        stage: name of the stage, such as `radnerf_head`.
        preset: experiment of the run; None for the newest run.
        progress: None shows a bar, False nothing; a function is called with (stage, done, total) in held-out batches.
        overrides: settings of the run's training, to select another run than the newest.
        keywords: the same, with two underscores for a dot.

    Raises:
        BundleError: when the stage is not trained.

    Example:
        >>> import beavervision as bv
        >>> bv.evaluate(bv.Avatar.load("runs/me"), "radnerf_head").figures["val/psnr"]  # doctest: +SKIP
        27.4
    """
    from beavervision.workflows.evaluate import evaluate as run

    folder = target.folder / "clip" if isinstance(target, Avatar) else _clip_folder(target)
    preset = target.preset if preset is None and isinstance(target, Avatar) else preset
    further = override_list(overrides, keywords)
    arguments = _train_arguments(folder, stage, preset, further)
    if not further:
        arguments = [*_trained_overrides(folder, stage, preset), *override_list(_person(folder), {})]
    with ExitStack() as stack:
        cfg = stack.enter_context(api_call("evaluate", arguments, progress))
        path = run(cfg, EvaluationCallback(stage, progress) if callable(progress) else None)
    return Evaluation(stage, json.loads(path.read_text(encoding="utf-8")), path.parent)


def _clip_folder(clip: Clip | str | Path) -> Path:
    if isinstance(clip, str | Path):
        return Clip.load(Path(clip)).folder
    return Path(clip.folder)


def _person(folder: Path) -> dict[str, Any]:
    """Overrides that select the person whose clip is in `folder`.

    Raises:
        ConfigError: when the folder is not `<runs>/<name>/clip`.
    """
    if folder.name != "clip":
        raise ConfigError(f"{folder} is not <runs>/<name>/clip; prepare the footage with bv.prepare first.")
    return person_overrides(folder.parent.name, folder.parent.parent)


def _train_arguments(folder: Path, stage: str, preset: str | None, further: list[str]) -> list[str]:
    chosen = {**_person(folder), "model": stage} | ({} if preset is None else {"experiment": preset})
    return [*override_list(chosen, {}), *further]


def _subject_of(overrides: Sequence[str]) -> int:
    values = [o.partition("=")[2] for o in overrides if o.startswith("datamodule.subject=")]
    return int(values[-1]) if values else 0


def _trained_overrides(folder: Path, stage: str, preset: str | None) -> list[str]:
    """Overrides of the training of a stage's newest run, except those that select the person.

    Raises:
        BundleError: when there is no finished run.
    """
    person = _person(folder)
    bundle = newest_bundle(stage, BundleQuery(Path(person["paths.runs"]), person["data.name"], preset))
    if bundle is None:
        raise BundleError(f"{folder.parent} has no finished {stage}; train it with bv.train(clip, {stage!r}).")
    notes = bundle.parent / ".hydra" / "overrides.yaml"
    known = list(OmegaConf.load(notes)) if notes.is_file() else [f"model={stage}"]
    return [o for o in map(str, known) if not o.startswith(("data=", "data.", "paths.", "hydra."))]


def animate(audio: str | Path, *, blink: float = BLINKS_PER_MINUTE, seed: int = 1) -> FaceAnimation:
    """Return the motion of a speech by the general network, as ARKit weights; nothing has to be trained.

    Args:
        audio: any audio or video file with speech.
        blink: blinks a minute; 0 for none.
        seed: of the blinks.

    Raises:
        AudioError: when the file cannot be read, or is silent.

    Example:
        >>> import beavervision as bv
        >>> bv.animate("speech.wav").save("speech.glb")  # doctest: +SKIP
    """
    from beavervision.workflows.export import animate as run

    return run(audio, blink, seed)


def unpack(file: str | Path, *, name: str | None = None, runs: str | Path = "runs") -> Avatar:
    """Unpack an avatar that somebody else packed, and load it.

    Args:
        file: an avatar archive (.bva).
        name: of the person; by default the one in the archive.
        runs: folder of all runs.

    Raises:
        ArtifactError: when it is no archive, is damaged, or the person exists already.
    """
    return Avatar(unpack_archive(Path(file), Path(runs), name), None, 0, {})
