"""Prints the configuration of a run as a tree: `run.tree=true`."""

from __future__ import annotations

from typing import Any

from omegaconf import DictConfig
from rich.console import Console
from rich.text import Text
from rich.tree import Tree

from beavervision.config.schemas import to_dict
from beavervision.workflows.run_folder import run_folder

FIRST = ("data", "model", "datamodule", "frame", "schedule", "hardware", "trainer")
"""Nodes that are printed first."""


def print_config_tree(cfg: DictConfig) -> None:
    """Print the resolved configuration, the most important nodes first."""
    values = to_dict(cfg)
    order = sorted(values, key=lambda name: FIRST.index(name) if name in FIRST else len(FIRST))
    Console().print(config_tree(str(run_folder()), {name: values[name] for name in order}))


def config_tree(name: str, value: Any) -> Tree:
    """Return a value as a branch: a mapping has one leaf or branch per entry.

    Example:
        >>> len(config_tree("model", {"width": 3, "field": {"levels": 8}}).children)
        2
    """
    if not isinstance(value, dict):
        return Tree(Text(f"{name}: {value}"))
    branch = Tree(Text(name, style="bold"))
    branch.children = [config_tree(key, inner) for key, inner in value.items()]
    return branch
