"""What an offline run of wandb holds, read back from its file."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from wandb.proto import wandb_internal_pb2 as records
from wandb.sdk.internal.datastore import DataStore

PATIENCE = 20.0
"""Seconds."""


@dataclass
class OfflineRun:
    """Everything that `wandb sync` would upload."""

    folder: Path
    run: Any = None
    history: list[dict[str, Any]] = field(default_factory=list)
    config: dict[str, Any] = field(default_factory=dict)
    made: dict[str, Any] = field(default_factory=dict)
    used: dict[str, Any] = field(default_factory=dict)
    ended: bool = False

    @classmethod
    def read(cls, folder: Path) -> OfflineRun:
        """Read the file of `offline-run-<time>-<id>`; wandb's own process writes its end a little later."""
        deadline = time.monotonic() + PATIENCE
        while not (found := cls._as_it_is(folder)).ended and time.monotonic() < deadline:
            time.sleep(0.1)
        return found

    @classmethod
    def _as_it_is(cls, folder: Path) -> OfflineRun:
        (path,) = folder.glob("*.wandb")
        store, found = DataStore(), cls(folder)
        store.open_for_scan(str(path))
        while (data := store.scan_data()) is not None:
            record = records.Record()
            record.ParseFromString(data)
            found._take(record)
        return found

    def _take(self, record: Any) -> None:
        kind = record.WhichOneof("record_type")
        if kind == "run":
            self.run = record.run
        elif kind == "history":
            self.history.append({_key(item): json.loads(item.value_json) for item in record.history.item})
        elif kind == "config":
            self.config |= {_key(item): json.loads(item.value_json) for item in record.config.update}
        elif kind == "exit":
            self.ended = True
        elif kind == "artifact":
            where = self.used if record.artifact.use_after_commit else self.made
            where[record.artifact.name] = record.artifact

    @property
    def keys(self) -> set[str]:
        """Names of everything that was logged over the steps; media by the name before their parts."""
        return {"/".join(key.split("/")[:2]) for row in self.history for key in row if not key.startswith("_")}


def _key(item: Any) -> str:
    return "/".join(item.nested_key) or item.key
