"""State of a run: its progress, and a fingerprint of its inputs and config; stored as `run.json` in its folder."""

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
"""Nodes of the config that determine the training result; duration and hardware do not."""


@dataclass(frozen=True)
class RunState:
    """State of a run in its folder."""

    fingerprint: str
    """Hash of the inputs and of the config nodes in LEARNT; see `config_fingerprint`."""
    target: dict[str, Any]
    """Limits of the trainer."""
    finished: bool = False
    went: dict[str, float] = field(default_factory=dict)
    """Length of a finished run: steps, epochs, seconds."""

    def write(self, folder: Path) -> None:
        """Write the state into a run's folder."""
        with atomic_file(folder / STATE) as part:
            part.write_text(json.dumps(asdict(self), indent=2), encoding="utf-8")

    @classmethod
    def read(cls, folder: Path) -> RunState | None:
        """Return the state in a run's folder; None when it does not exist or cannot be read."""
        try:
            return cls(**json.loads((folder / STATE).read_text(encoding="utf-8")))
        except (OSError, json.JSONDecodeError, TypeError):
            return None

    def reaches(self, target: Mapping[str, Any]) -> bool:
        """Whether a finished run has reached any of the limits of `target`."""
        return self.finished and (
            dict(target) == self.target or any(_reaches(self.went, key, asked) for key, asked in target.items())
        )


def training_target(cfg: DictConfig) -> dict[str, Any]:
    """Return the limits of the trainer."""
    limits = {key: cfg.trainer[key] for key in ("max_steps", "max_epochs", "max_time")}
    limit = parse_duration(limits["max_time"])
    return {**limits, "max_time": None if limit is None else limit.total_seconds()}


def config_fingerprint(cfg: DictConfig, inputs: Mapping[str, Path], frame: Any) -> str:
    """Return the hash of a run's inputs and settings: another clip, upstream bundle or number changes it.

    Args:
        cfg: the whole config.
        inputs: name -> folder of the clip and the upstream bundles.
        frame: the canvas; None for stages without images.
    """
    nodes = {name: to_dict(cfg)[name] for name in LEARNT}
    hashes = {name: sha256_folder(folder) for name, folder in inputs.items()}
    return sha256_json({**nodes, "inputs": hashes, "frame": repr(frame)})


def _reaches(went: Mapping[str, float], key: str, asked: Any) -> bool:
    """Whether a run has reached one limit; -1 and None mean no limit."""
    if asked in (-1, None):
        return False
    if key == "max_time":
        limit = parse_duration(asked)
        return limit is not None and went.get("seconds", 0.0) >= limit.total_seconds()
    return went.get(key.removeprefix("max_"), 0.0) >= asked
