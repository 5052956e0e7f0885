"""Initialises a smaller field from a larger trained one."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from beavervision.nerf.grid_layout import GridLayout
from beavervision.stages.radnerf_head.fields.ambient import AmbientField
from beavervision.stages.radnerf_head.network import HeadNetwork

FINEST = ("finest", "ambient_finest")


def drop_fine_levels(network_args: dict[str, Any], levels: int) -> dict[str, Any]:
    """Arguments of the same network without the finest grid levels; those of a tri-plane are unchanged.

    Args:
        network_args: keyword arguments of `HeadNetwork`.
        levels: number of levels to keep, at most the present number.

    Example:
        >>> drop_fine_levels({"levels": 3, "base": 16, "finest": 64, "ambient_finest": 16}, 2)
        {'levels': 2, 'base': 16, 'finest': 32.0, 'ambient_finest': 16.0}
    """
    defaults = GridLayout(3)
    there, base = network_args.get("levels", defaults.levels), network_args.get("base", defaults.base)
    if network_args.get("kind", "grid") != "grid" or levels >= there:
        return dict(network_args)
    # Every level keeps its resolution: the growth factor is unchanged.
    growth = {name: (network_args.get(name, defaults.finest) / base) ** (1 / (there - 1)) for name in FINEST}
    finest = {name: round(base * growth[name] ** (levels - 1), 6) for name in FINEST}
    return {**network_args, "levels": levels, **finest}


def initialize_from_teacher(network: HeadNetwork, larger: HeadNetwork) -> None:
    """Copy the weights of a network into one with the same or fewer levels."""
    state = dict(larger.state_dict())
    ours, theirs = network.field, larger.field
    if isinstance(ours, AmbientField) and isinstance(theirs, AmbientField):
        for name, grid in (("position_grid", ours.position_grid), ("ambient_grid", ours.ambient_grid)):
            table = f"field.{name}.table"
            state[table] = state[table][: len(grid.table)]
        place, behind = ours.position_grid.width, theirs.position_grid.width
        moved = ours.ambient_grid.width
        of_ambient, of_density = "field.ambient.first.weight", "field.density.first.weight"
        state[of_ambient] = state[of_ambient][:, :place]
        state[of_density] = _joined(state[of_density], slice(place), slice(behind, behind + moved))
    network.load_state_dict(state)


def _joined(weight: Tensor, *columns: slice) -> Tensor:
    return torch.cat([weight[:, some] for some in columns], 1)
