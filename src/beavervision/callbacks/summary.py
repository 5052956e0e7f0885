"""Summary of a module's parts and parameters."""

from __future__ import annotations

from lightning import Callback, LightningModule, Trainer
from rich.console import Console
from rich.table import Table


class Summary(Callback):
    """Prints the module's parts with their parameters on a terminal; one line in log files."""

    def __init__(self) -> None:
        self._console = Console()

    def on_fit_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Print the summary before the first step."""
        if not trainer.is_global_zero:
            return
        parts = parameters(pl_module)
        learnt = sum(count for count, trains in parts.values() if trains)
        if not self._console.is_terminal:
            self._console.print(f"{learnt:,} parameters to train", highlight=False)
            return
        table = Table("part", "parameters", title=f"{type(pl_module).__name__}: {learnt:,} parameters to train")
        for name, (count, trains) in parts.items():
            table.add_row(name, f"{count:,}{'' if trains else ' (kept as they are)'}")
        self._console.print(table)


def parameters(module: LightningModule) -> dict[str, tuple[int, bool]]:
    """Return part -> (number of parameters, whether any of them is trained), for parts with parameters.

    Parts are the module's children; if there is a single large one, its children.
    """
    children = dict(module.named_children())
    if "network" in children:
        inner = {f"network.{name}": child for name, child in children.pop("network").named_children()}
        children = {**inner, **children}
    found = {}
    for name, child in children.items():
        own = list(child.parameters())
        if own:
            found[name] = (sum(p.numel() for p in own), any(p.requires_grad for p in own))
    return found
