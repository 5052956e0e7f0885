"""Plugins: stages from other packages, found by entry points; their configs are added to Hydra's search path.

A package declares, in its pyproject.toml:

    [project.entry-points."beavervision.plugins"]
    nod = "my_package:PLUGIN"

`PLUGIN` is a `Plugin`; the package's `conf/` has the same groups as ours (model, datamodule, schedule, ...). Face
models have a separate group, "beavervision.face_models": name -> function that loads one.
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
"""Name of the config folder in a plugin's package."""


@dataclass(frozen=True)
class StageInputs:
    """Stages whose bundles are inputs of a stage."""

    required: tuple[str, ...] = ()
    optional: tuple[str, ...] = ()


@dataclass(frozen=True)
class Plugin:
    """Description of a package's stages, in addition to its configs."""

    needs: Mapping[str, StageInputs] = field(default_factory=dict)
    """Stage -> its inputs; stages without inputs may be omitted."""
    renderers: tuple[str, ...] = ()
    """Stages that use images: their runs and bundles belong to one canvas, and their data has the argument `frame`."""


class PluginConfigs(SearchPathPlugin):
    """Adds the configs of all plugins after ours."""

    def manipulate_search_path(self, search_path: ConfigSearchPath) -> None:
        """Hydra's hook."""
        for name, folder in plugin_folders().items():
            search_path.append(provider=name, path=f"file://{folder}")


def register_plugins() -> None:
    """Register the configs of plugins with Hydra; may be called again."""
    Plugins.instance().register(PluginConfigs)


def plugins() -> dict[str, Plugin]:
    """Return name of the entry point -> plugin, for all installed packages.

    Raises:
        DependencyError: when a plugin cannot be imported, or is no `Plugin`.
    """
    return {entry.name: _load(entry) for entry in _entries(tuple(sys.path))}


def plugin_folders() -> dict[str, Path]:
    """Return name of the entry point -> folder of its configs, without importing the packages."""
    found = {}
    for entry in _entries(tuple(sys.path)):
        spec = find_spec(entry.module.partition(".")[0])
        for place in (spec.submodule_search_locations or []) if spec else []:
            if (Path(place) / CONF).is_dir():
                found[entry.name] = Path(place) / CONF
    return found


@lru_cache(maxsize=4)
def _entries(path: tuple[str, ...]) -> tuple[EntryPoint, ...]:
    """Entry points on sys.path, which is searched again only when it has changed."""
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
