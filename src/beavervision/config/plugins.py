"""Stages from other packages: found by their entry points, their configs on Hydra's search path.

A package declares, in its pyproject.toml:

    [project.entry-points."beavervision.plugins"]
    nod = "my_package:PLUGIN"

`PLUGIN` is a `Plugin`; the package's `conf/` has the same groups as ours (model, datamodule, schedule, ...). Face
models have a group of their own, "beavervision.face_models": name -> function that loads one.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from importlib.metadata import EntryPoint, entry_points
from importlib.util import find_spec
from pathlib import Path

from hydra.core.config_search_path import ConfigSearchPath
from hydra.core.plugins import Plugins
from hydra.plugins.search_path_plugin import SearchPathPlugin

from beavervision.errors import DependencyError

GROUP = "beavervision.plugins"
CONF = "conf"
"""Folder of configs in a plugin's package."""


@dataclass(frozen=True)
class StageInputs:
    """The stages whose bundles a stage takes in."""

    required: tuple[str, ...] = ()
    optional: tuple[str, ...] = ()


@dataclass(frozen=True)
class Plugin:
    """What a package tells of the stages that it brings; its configs say the rest."""

    needs: Mapping[str, StageInputs] = field(default_factory=dict)
    """Stage -> what it builds on; stages that build on nothing may be left out."""
    renderers: tuple[str, ...] = ()
    """Stages that see pictures: their runs and bundles belong to one canvas, and their data takes `frame`."""


class PluginConfigs(SearchPathPlugin):
    """Adds every plugin's configs behind ours."""

    def manipulate_search_path(self, search_path: ConfigSearchPath) -> None:
        """Hydra's hook."""
        for name, folder in plugin_folders().items():
            search_path.append(provider=name, path=f"file://{folder}")


def register_plugins() -> None:
    """Make Hydra look into the configs of plugins; may be called again."""
    Plugins.instance().register(PluginConfigs)


def plugins() -> dict[str, Plugin]:
    """Return entry point's name -> plugin, of all packages that are installed.

    Raises:
        DependencyError: when one cannot be imported, or is no `Plugin`.
    """
    return {entry.name: _load(entry) for entry in _entries(tuple(sys.path))}


def plugin_folders() -> dict[str, Path]:
    """Return entry point's name -> folder of its configs; the packages are not imported for it."""
    found = {}
    for entry in _entries(tuple(sys.path)):
        spec = find_spec(entry.module.partition(".")[0])
        for place in (spec.submodule_search_locations or []) if spec else []:
            if (Path(place) / CONF).is_dir():
                found[entry.name] = Path(place) / CONF
    return found


@lru_cache(maxsize=4)
def _entries(path: tuple[str, ...]) -> tuple[EntryPoint, ...]:
    """Entry points on sys.path, which is looked through only when it changed."""
    return tuple(entry_points(group=GROUP))


def _load(entry: EntryPoint) -> Plugin:
    try:
        plugin = entry.load()
    except (ImportError, AttributeError) as error:
        raise DependencyError(
            f"plugin {entry.name} cannot be loaded ({error}); mend or uninstall its package."
        ) from error
    if not isinstance(plugin, Plugin):
        raise DependencyError(
            f"plugin {entry.name} is {entry.value}, which is no Plugin of beavervision.config.plugins."
        )
    return plugin
