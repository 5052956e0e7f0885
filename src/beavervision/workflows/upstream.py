"""Finds the upstream bundles of a stage."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from beavervision.artifacts.bundle import BundleFacts, TrainedFacts
from beavervision.artifacts.manifest import MANIFEST, Manifest
from beavervision.config.slug import DEBUG, DEFAULT, experiment_of_slug
from beavervision.config.stage_graph import is_renderer, stage_inputs
from beavervision.errors import BundleError
from beavervision.overrides import person_arguments
from beavervision.workflows.initial_weights import GENERAL

SPEECH, SPOKEN = "audio2motion", ("audio2motion", "postnet")
"""The stage of speech, and all stages that are trained with sound."""


@dataclass(frozen=True)
class BundleQuery:
    """Search folder for bundles, and criteria of a match."""

    runs: Path
    clip: str
    """`data.name`"""
    experiment: str | None = None
    """Prefer bundles of this experiment; None for the newest of any."""
    frame: str | None = None
    """Slug of the canvas of a renderer's bundle; None for any."""
    subject: int | None = None
    """Number of the person in the clip; None for any."""
    canvas: str = ""
    """Overrides that select the canvas, for the suggested command, each after a space."""


def find_upstream(stage: str, search: BundleQuery) -> dict[str, Path]:
    """Return stage -> bundle folder for all inputs of `stage`.

    Raises:
        BundleError: when a required bundle is missing; the message contains the command that creates it.
    """
    needs = stage_inputs(stage)
    found = {name: newest_bundle(name, search) for name in (*needs.required, *needs.optional)}
    for name in needs.required:
        if found[name] is None:
            raise BundleError(_missing(stage, name, search))
    return {name: folder for name, folder in found.items() if folder is not None}


def find_speaking_person(target: str, search: BundleQuery) -> dict[str, Path]:
    """Return stage -> bundle folder of a person who speaks; audio2motion is the general one where none is trained.

    Args:
        target: `infer` or `dub`.
        search: where and what to look for.

    Raises:
        BundleError: when a required bundle is missing; the message contains the command that creates it.
    """
    if newest_bundle(SPEECH, search) is not None:
        return find_upstream(target, search)
    found = {stage: newest_bundle(stage, search) for stage in stage_inputs(target).required if stage not in SPOKEN}
    if not any(found.values()):
        return find_upstream(target, search)
    for stage, folder in found.items():
        if folder is None:
            raise BundleError(_missing(target, stage, search))
    shown = {stage: folder for stage, folder in found.items() if folder is not None}
    general, renderer = (
        Manifest.read(folder, TrainedFacts).facts for folder in (GENERAL / SPEECH, next(iter(shown.values())))
    )
    for name in ("basis", "fps"):
        if getattr(general, name) != getattr(renderer, name):
            raise BundleError(
                f"{_missing(target, SPEECH, search)} (the general one has {name} {getattr(general, name)}, this person "
                f"{getattr(renderer, name)})"
            )
    return {SPEECH: GENERAL / SPEECH, **shown}


def is_general(bundles: Mapping[str, Path]) -> bool:
    """Whether a person's speech comes from the general audio2motion."""
    return bundles.get(SPEECH) == GENERAL / SPEECH


def newest_bundle(stage: str, search: BundleQuery) -> Path | None:
    """Return the newest finished bundle of `stage` that matches, or None."""
    manifests = (search.runs / search.clip / stage).glob(f"*/bundle/{MANIFEST}")
    fitting = [path for path in manifests if _fits(path.parent, stage, search)]
    same = [path for path in fitting if experiment_of_slug(path.parent.parent.name) == search.experiment]
    candidates = same or fitting
    return max(candidates, key=lambda path: path.stat().st_mtime_ns).parent if candidates else None


def _fits(bundle: Path, stage: str, search: BundleQuery) -> bool:
    if bundle.parent.name.startswith(DEBUG):
        return False
    facts = Manifest.read(bundle, BundleFacts).facts.model_dump()
    # A bundle without a subject was trained on a corpus.
    if search.subject is not None and facts.get("subject", search.subject) != search.subject:
        return False
    return search.frame is None or not is_renderer(stage) or facts.get("frame") == search.frame


def trained_subjects(stage: str, search: BundleQuery) -> list[int]:
    """Return the people of the clip with a finished bundle of `stage`, in ascending order."""
    manifests = (search.runs / search.clip / stage).glob(f"*/bundle/{MANIFEST}")
    fitting = [path.parent for path in manifests if _fits(path.parent, stage, search)]
    return sorted({getattr(Manifest.read(folder, TrainedFacts).facts, "subject", None) or 0 for folder in fitting})


def _missing(stage: str, name: str, search: BundleQuery) -> str:
    frame = f" on canvas {search.frame}" if search.frame and is_renderer(name) else ""
    whose, subject = (
        (f" of subject {search.subject}", f" datamodule.subject={search.subject}") if search.subject else ("", "")
    )
    canvas = search.canvas if frame else ""
    experiment = f" experiment={search.experiment}" if search.experiment not in (None, DEFAULT) else ""
    person = person_arguments(search.clip, search.runs)
    return (
        f"{stage} builds on {name}, and {search.runs / search.clip} has no finished {name} bundle{whose}{frame}; "
        f"make it with: python train.py model={name} {person}{canvas}{experiment}{subject}"
    )
