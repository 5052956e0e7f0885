"""Which of the field's weights learn how fast."""

from __future__ import annotations

from typing import Any

from torch import nn


def parameter_groups(network: nn.Module, grid: float, encoder: float, rest: float) -> list[dict[str, Any]]:
    """Parameters of a head network by kind, each with its learning rate.

    Args:
        network: a `HeadNetwork`.
        grid: learning rate of the grids' entries, which are met seldom.
        encoder: of the condition's encoders.
        rest: of everything else.
    """
    rates = {"grids": grid, "encoder": encoder, "networks": rest}
    found: dict[str, list[nn.Parameter]] = {name: [] for name in rates}
    for name, parameter in network.named_parameters():
        kind = "grids" if "_grid." in name else "encoder" if name.startswith(("condition.", "eye.")) else "networks"
        found[kind].append(parameter)
    return [{"name": name, "params": found[name], "lr": rates[name]} for name in rates]
