"""The people that the server shows: found in the runs folder, loaded at their first use and shared by all sessions."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from glob import glob
from pathlib import Path
from threading import Lock
from typing import Any

from beavervision.api.session import api_call, person_overrides
from beavervision.artifacts.manifest import MANIFEST
from beavervision.config.python_overrides import override_list
from beavervision.errors import BeaverError, ConfigError
from beavervision.inference.live.settings import LoopSettings
from beavervision.inference.speaking_person import SpeakingPerson
from beavervision.workflows.live import LivePerson, load_live_face

LOG = logging.getLogger(__name__)


@dataclass
class AvatarLibrary:
    """People by their names.

    Args:
        folders: name -> `<runs>/<name>`.
        loop: of live sessions.
        overrides: settings of infer that the operator chose.
        require_consent: whether people without a consent record are refused.
    """

    folders: Mapping[str, Path]
    loop: LoopSettings
    overrides: Mapping[str, Any] = field(default_factory=dict)
    require_consent: bool = False
    _people: dict[str, LivePerson] = field(default_factory=dict)
    _loaded: dict[tuple[Path, ...], SpeakingPerson] = field(default_factory=dict)
    _locks: dict[str, Lock] = field(default_factory=dict)
    _lock: Lock = field(default_factory=Lock)

    @property
    def names(self) -> list[str]:
        """Names of all people, in order."""
        return sorted(self.folders)

    def arguments(self, name: str, chosen: Mapping[str, Any]) -> list[str]:
        """Overrides of an `infer` command for a person.

        Args:
            name: one of `names`; what a client sends never becomes a path.
            chosen: further settings, which are not the client's own words.
        """
        folder = self.folders[name]
        return override_list({**person_overrides(folder.name, folder.parent), **self.overrides, **chosen}, {})

    def person(self, name: str) -> LivePerson:
        """The person, loaded where they are not yet.

        Raises:
            KeyError: when there is no such person.
            BeaverError: when they cannot be shown.
        """
        if name not in self.folders:
            raise KeyError(name)
        with self._lock:
            lock = self._locks.setdefault(name, Lock())
        with lock:
            if name not in self._people:
                with api_call("infer", self.arguments(name, {}), progress=False) as cfg:
                    loop, options = self.loop, {"require_consent": self.require_consent}
                    self._people[name] = load_live_face(cfg, loop, self._loaded, **options)
            elif (consent := self._people[name].consent) is not None:
                from datetime import date

                consent.check(self.overrides.get("provenance.purpose"), date.today())
            return self._people[name]

    def is_loaded(self, name: str) -> bool:
        """Whether the person is loaded."""
        return name in self._people

    def load_all(self) -> dict[str, str]:
        """Load everybody; return name -> reason of those who cannot be shown."""
        problems = {}
        for name in self.names:
            try:
                self.person(name)
            except BeaverError as error:
                problems[name] = str(error)
                LOG.warning("%s cannot be shown live: %s", name, error)
        return problems


def find_people(patterns: Iterable[str]) -> dict[str, Path]:
    """Name -> folder of the trained people that match patterns.

    Raises:
        ConfigError: when there are none, or two of the same name.
    """
    found: dict[str, Path] = {}
    patterns = list(patterns)
    for pattern in patterns:
        for path in sorted(Path(one) for one in glob(pattern)):
            if not any(path.glob(f"*/*/bundle/{MANIFEST}")):
                continue
            if path.name in found and found[path.name] != path:
                raise ConfigError(f"{found[path.name]} and {path} have the same name; serve one of them.")
            found[path.name] = path
    if not found:
        raise ConfigError(f"avatars={','.join(patterns)}: no trained person is there; give folders such as runs/me.")
    return found
