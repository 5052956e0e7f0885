"""How far a run is, and what it was a run of: `run.json` in its folder."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from omegaconf import DictConfig

from beavervision.artifacts.atomic_write import atomic_file
from beavervision.artifacts.manifest import sha256_folder, sha256_json
from beavervision.config.schemas import parse_duration, to_dict

STATE = "run.json"
LEARNT = ("model", "datamodule", "audio_features", "face_model", "seed")
"""Nodes of the config that decide what is learnt; how long and on what hardware do not."""


@dataclass(frozen=True)
class RunState:
    """What a run's folder says of itself."""

    fingerprint: str
    """Of the inputs and of the config that decides what is learnt; see `config_fingerprint`."""
    target: dict[str, Any]
    """How long the trainer was told to go."""
    finished: bool = False
    went: dict[str, float] = field(default_factory=dict)
    """How far a finished run went: steps, epochs, seconds."""

    def write(self, folder: Path) -> None:
        """Write the state into a run's folder."""
        with atomic_file(folder / STATE) as part:
            part.write_text(json.dumps(asdict(self), indent=2), encoding="utf-8")

    @classmethod
    def read(cls, folder: Path) -> RunState | None:
        """Return the state in a run's folder; None when there is none or it cannot be read."""
        try:
            return cls(**json.loads((folder / STATE).read_text(encoding="utf-8")))
        except (OSError, json.JSONDecodeError, TypeError):
            return None

    def reaches(self, target: Mapping[str, Any]) -> bool:
        """Whether a finished run already went as long as `target` asks: to any of its limits."""
        return self.finished and (
            dict(target) == self.target or any(_reaches(self.went, key, asked) for key, asked in target.items())
        )


def training_target(cfg: DictConfig) -> dict[str, Any]:
    """Return how long the trainer is told to go."""
    limits = {key: cfg.trainer[key] for key in ("max_steps", "max_epochs", "max_time")}
    limit = parse_duration(limits["max_time"])
    return {**limits, "max_time": None if limit is None else limit.total_seconds()}


def config_fingerprint(cfg: DictConfig, inputs: Mapping[str, Path], frame: Any) -> str:
    """Return the name of what a run learns: another clip, upstream bundle or number gives another.

    Args:
        cfg: the whole config.
        inputs: name -> folder of the clip and the upstream bundles.
        frame: the canvas; None for stages that see no picture.
    """
    nodes = {name: to_dict(cfg)[name] for name in LEARNT}
    hashes = {name: sha256_folder(folder) for name, folder in inputs.items()}
    return sha256_json({**nodes, "inputs": hashes, "frame": repr(frame)})


def _reaches(went: Mapping[str, float], key: str, asked: Any) -> bool:
    """Whether a run went as far as one limit; -1 and None are without end."""
    if asked in (-1, None):
        return False
    if key == "max_time":
        limit = parse_duration(asked)
        return limit is not None and went.get("seconds", 0.0) >= limit.total_seconds()
    return went.get(key.removeprefix("max_"), 0.0) >= asked
