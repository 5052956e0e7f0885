"""prepare: converts footage to a Clip, once."""

from __future__ import annotations

import shlex
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, cast

from hydra.core.hydra_config import HydraConfig
from omegaconf import DictConfig

from beavervision.artifacts.clip import CONSENT, Clip
from beavervision.artifacts.manifest import MANIFEST
from beavervision.config.schemas import DataSettings, typed_node, validate_nodes
from beavervision.config.stage_graph import CHAIN
from beavervision.errors import ClipError, FootageError
from beavervision.overrides import person_arguments, view_command
from beavervision.provenance.consent import consent_bytes, read_consent
from beavervision.workflows.consent import keep_consent
from beavervision.workflows.console_output import silence_libraries
from beavervision.workflows.preparation_record import CHOSEN, PreparationRecord
from beavervision.workflows.run_folder import display_path
from beavervision.workflows.run_result import DONE, SKIPPED, RunResult
from beavervision.workflows.synthetic_speech import prepare_synthetic_speech


def prepare(cfg: DictConfig, report: Callable[[str, int, int], None] | None = None) -> RunResult:
    """Prepare the config's clip or synthetic speech, unless it exists with the same settings.

    Args:
        cfg: the composed config.
        report: called with the name of a step, the frames done, and their total.

    Raises:
        FootageError: when the footage cannot be read or shows no face.
    """
    if cfg.data.get("hours") is not None:
        validate_nodes(cfg)
        return prepare_synthetic_speech(cfg)
    # Imports MediaPipe and parts of OpenCV, which training on an existing clip does not need.
    from beavervision.preprocess.assembly import REPORT
    from beavervision.preprocess.report.quality_checks import correction_lines
    from beavervision.preprocess.report.write import PAGE, SHEET

    silence_libraries()
    validate_nodes(cfg)
    folder, made = _ensured(cfg, force=cfg.force, report=report)
    clip = Clip.load(folder)
    print(f"clip {clip.name}: {display_path(folder)}  ({clip.n_frames} frames, {clip.size[0]}x{clip.size[1]})")
    for line in correction_lines(cast("dict[str, Any]", clip.facts.report.get("footage", {}))):
        print(line)
    for subject in cast("list[dict[str, str]]", clip.facts.report.get("subjects", [])):
        print(f"person {subject['person']}: {subject['headline']}" if subject["person"] else subject["headline"])
    if len(clip.facts.people) > 1:
        print("who is who:", *(f"  {person.line}" for person in clip.facts.people), sep="\n")
    kept = clip.folder / CONSENT
    print(f"consent: {read_consent(kept).summary}" if kept.is_file() else "no consent record (data.consent=)")
    print(f"report: {display_path(folder / REPORT / PAGE)}")
    member = clip.facts.speaker is not None
    person = person_arguments(cfg.data.name, cfg.paths.runs)
    following = corpus_command(cfg.paths.runs) if member else next_command(clip.facts.report, person)
    print(f"next: {following}")
    print(f"  or: {view_command(cfg.data.name, cfg.paths.runs)}  (the clip in the browser)", flush=True)
    figures = {"frames": clip.n_frames, "visible": float(clip.subjects[0].visible.mean())}
    return RunResult(folder, DONE if made else SKIPPED, figures=figures, picture=folder / REPORT / SHEET.format(0))


def next_command(report: Mapping[str, Any], person: str) -> str:
    """Return the training command that suits a clip: the stages that it is usable for; the canvas is `frame=auto`.

    Args:
        report: of the clip.
        person: the part of the command that selects the person.
    """
    from beavervision.preprocess.report.grading import NOT_USABLE

    subjects = report.get("subjects") or [{}]
    verdicts = subjects[0].get("verdicts", [{"stage": stage, "grade": ""} for stage in CHAIN])
    usable = [v["stage"] for v in verdicts if v["stage"] in CHAIN and v["grade"] != NOT_USABLE]
    if not usable:
        return "prepare other footage; the report says what this lacks"
    return f"python train.py -m model={','.join(usable)} {person}"


def corpus_command(runs: Path | str) -> str:
    """Return the command that trains on all clips, for a clip that is one of several (`data.speaker`)."""
    return f"python train.py model=audio2motion data=corpus {shlex.quote(f'data.clips={runs}/*/clip')}"


def ensure_clip(cfg: DictConfig) -> Path:
    """Return the folder of the config's clip; prepare it when it does not exist or its settings changed.

    Raises:
        BeaverError: when there is neither a clip nor footage, or the footage cannot be prepared.
    """
    return _ensured(cfg, force=False)[0]


def _ensured(
    cfg: DictConfig, *, force: bool, report: Callable[[str, int, int], None] | None = None
) -> tuple[Path, bool]:
    """The clip's folder, and whether it was prepared now."""
    settings, given = typed_node(cfg, "data", DataSettings), _given()
    folder = Path(cfg.paths.runs) / settings.name / "clip"
    there, before = (folder / MANIFEST).exists(), PreparationRecord.read(folder)
    consent = _consent(folder, settings)
    basis = cfg.face_model.name if before is None or _names_face_model() else before.basis
    if there and not force and (before is None or before.serves(settings, basis, given)):
        keep_consent(folder, consent)
        return folder, False
    if before is not None:
        settings = before.fill(settings, given)
    if force:
        from beavervision.preprocess.step_cache import WORKSPACE

        shutil.rmtree(folder.with_name(WORKSPACE), ignore_errors=True)
    return _prepare(folder, settings, basis, consent, report), True


def _consent(folder: Path, settings: DataSettings) -> bytes | None:
    """The consent record that the config names, else the one of the existing clip."""
    if settings.consent is not None:
        path = Path(settings.consent).expanduser()
        read_consent(path)
        return consent_bytes(path)
    there = folder / CONSENT
    return consent_bytes(there) if there.is_file() else None


def _prepare(
    folder: Path,
    settings: DataSettings,
    basis: str,
    consent: bytes | None,
    report: Callable[[str, int, int], None] | None,
) -> Path:
    if settings.video is None:
        raise ClipError(f"There is no clip in {folder} yet; add data.video=<your video file> once.")
    from beavervision.preprocess import PrepareOptions
    from beavervision.preprocess import prepare as prepare_clip

    video = Path(settings.video).resolve()
    if not video.is_file():
        raise FootageError(f"{settings.video} does not exist or is no file; check data.video=.")
    options = {name: getattr(settings, name) for name in (*CHOSEN, "workers")}
    prepare_clip(video, folder, PrepareOptions(name=settings.name, basis=basis, **options), report, consent)
    PreparationRecord.of(video, settings, basis).write(folder)
    return folder


def _given() -> set[str]:
    """Names of the `data` settings on the command line."""
    overrides = HydraConfig.get().overrides.task
    keys = (o.lstrip("+~").partition("=")[0] for o in overrides)
    return {key.removeprefix("data.") for key in keys if key.startswith("data.")}


def _names_face_model() -> bool:
    """Whether the command line selects a face model; otherwise a clip keeps its own."""
    return any(override.lstrip("+").startswith("face_model") for override in HydraConfig.get().overrides.task)
