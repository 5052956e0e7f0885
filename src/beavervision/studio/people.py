"""What is in the runs folder: people, their clips, trained stages and films."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from beavervision.artifacts.clip import ClipFacts
from beavervision.artifacts.manifest import MANIFEST, Manifest
from beavervision.artifacts.names import is_name
from beavervision.config.slug import experiment_of_slug
from beavervision.config.stage_graph import CHAIN, LOWER_FACE_DUB
from beavervision.errors import BeaverError
from beavervision.workflows.run_state import RunState

FILM_KINDS = (".mp4", ".webm", ".mov")
REPORT = Path("clip", "report")
"""Folder of the clip's report, relative to the person's."""


@dataclass(frozen=True)
class StageRun:
    """The newest run of a stage."""

    stage: str
    folder: Path
    preset: str
    """Experiment of the run, or `default`."""
    trained: bool
    """Whether it wrote its bundle."""
    steps: int
    """Length of a finished run; 0 where it is not finished."""


@dataclass(frozen=True)
class PersonFolder:
    """A person in the runs folder."""

    name: str
    folder: Path
    facts: ClipFacts | None
    """Of the clip; None where it is not prepared or cannot be read."""
    problem: str
    """One sentence, where the clip cannot be read."""
    stages: Mapping[str, StageRun] = field(default_factory=dict)
    films: tuple[Path, ...] = ()
    """The newest first."""

    @property
    def is_prepared(self) -> bool:
        """Whether there is a clip."""
        return self.facts is not None

    @property
    def trained(self) -> tuple[str, ...]:
        """Names of the trained stages, in the order of training."""
        known = [*CHAIN, *sorted(set(self.stages) - set(CHAIN))]
        return tuple(stage for stage in known if stage in self.stages and self.stages[stage].trained)

    @property
    def modes(self) -> tuple[str, ...]:
        """Kinds of film that can be made: `dub` and `avatar`."""
        has = set(self.trained)
        dub = LOWER_FACE_DUB[-1] in has or "radnerf_head" in has
        return tuple(m for m, able in (("dub", dub), ("avatar", {"radnerf_head", "radnerf_torso"} <= has)) if able)

    @property
    def seconds(self) -> float:
        """Length of the footage."""
        return 0.0 if self.facts is None else self.facts.n_frames / self.facts.fps

    @property
    def footage(self) -> Path | None:
        """The footage; None where it is gone."""
        path = None if self.facts is None else Path(self.facts.video)
        return path if path is not None and path.is_file() else None

    @property
    def report(self) -> dict[str, Any]:
        """Facts and assessments of the clip's report; empty where there are none."""
        try:
            found = json.loads((self.folder / REPORT / "report.json").read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return {}
        return found if isinstance(found, dict) else {}

    @property
    def headline(self) -> str:
        """The report's sentence on the first person."""
        subjects = self.report.get("subjects") or [{}]
        return str(subjects[0].get("headline", ""))

    def picture(self, name: str) -> Path | None:
        """A picture of the clip's report; None where there is none."""
        path = self.folder / REPORT / name
        return path if path.is_file() else None


def list_people(runs: Path) -> list[PersonFolder]:
    """Everybody in the runs folder, by name: who is prepared, or has a run or a film."""
    if not runs.is_dir():
        return []
    found = (read_person(path) for path in sorted(runs.iterdir()) if path.is_dir() and is_name(path.name))
    return [one for one in found if one is not None]


def read_person(folder: Path) -> PersonFolder | None:
    """The person of a folder; None where it holds nothing of one."""
    facts, problem = None, ""
    if (folder / "clip" / MANIFEST).is_file():
        try:
            facts = Manifest.read(folder / "clip", ClipFacts).facts
        except BeaverError as error:
            problem = str(error)
    stages = _stages(folder)
    films = _films(folder / "infer")
    if facts is None and not problem and not stages and not films:
        return None
    return PersonFolder(folder.name, folder, facts, problem, stages, films)


def newest_run(folder: Path, stage: str) -> StageRun | None:
    """The run of a stage that was started last.

    Args:
        folder: of the person.
        stage: name of the stage.
    """
    runs = [path for path in (folder / stage).glob("*/.hydra") if path.is_dir()]
    runs += [path for path in (folder / stage).glob("*/bundle") if (path / MANIFEST).is_file()]
    if not runs:
        return None
    run = max({path.parent for path in runs}, key=_last_change)
    state = RunState.read(run)
    steps = 0 if state is None else int(state.went.get("steps", 0))
    trained = (run / "bundle" / MANIFEST).is_file()
    return StageRun(stage, run, experiment_of_slug(run.name), trained, steps)


def _stages(folder: Path) -> dict[str, StageRun]:
    names = [path.name for path in sorted(folder.iterdir()) if path.is_dir() and is_name(path.name)]
    runs = {name: newest_run(folder, name) for name in names if name not in ("clip", "infer", "footage", "sweeps")}
    return {name: run for name, run in runs.items() if run is not None}


def _films(folder: Path) -> tuple[Path, ...]:
    if not folder.is_dir():
        return ()
    found = [path for path in folder.iterdir() if path.suffix in FILM_KINDS and not path.name.startswith(".")]
    return tuple(sorted(found, key=lambda path: -_last_change(path)))


def _last_change(path: Path) -> float:
    """Time of the newest record of a run, or of a file; 0 where it is gone by now."""
    times = [one for one in (path / "run.json", path / ".hydra" / "config.yaml", path) if one.exists()]
    return max((one.stat().st_mtime for one in times), default=0.0)
