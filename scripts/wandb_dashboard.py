"""Creates a wandb workspace with panels for beavervision: `python scripts/wandb_dashboard.py <entity>/<project>`.

Needs an API key (`wandb login`) and the package wandb-workspaces. Without them, use the `dashboard.html` of each run.
"""

from __future__ import annotations

import os
import sys
from importlib.util import find_spec
from typing import Any

SECTIONS = {
    "Pictures and sound": ("media", ("strip", "faces", "mouth", "offset", "preview")),
    "Validation": (
        "line",
        ("val/psnr", "val/psnr_face", "val/psnr_mouth", "val/gap", "val/loss", "val/mouth_correlation", "val/accuracy",
         "val/lip_vertex_error_mm2", "val/closure_recall", "val/offset", "val/confidence"),
    ),
    "Training": ("line", ("train/loss", "train/lr", "train/lr_grids", "train/lr_networks")),
    "Machine": ("line", ("train/steps_per_second", "train/peak_memory_mb", "train/gpu_memory_mb")),
}  # fmt: skip
"""Section -> kind of panel and its keys. A panel is empty if no run has its key."""
STEP = "trainer/global_step"


def sections(panels: Any, workspaces: Any) -> list[Any]:
    """Return the workspace's sections.

    Args:
        panels: module with `LinePlot` and `MediaBrowser` (wandb_workspaces.reports.v2).
        workspaces: module with `Section` (wandb_workspaces.workspaces).
    """
    made = []
    for name, (kind, keys) in SECTIONS.items():
        if kind == "media":
            shown = [panels.MediaBrowser(media_keys=[f"media/{key}"]) for key in keys]
        else:
            shown = [panels.LinePlot(title=key, x=STEP, y=[key]) for key in keys]
        made.append(workspaces.Section(name=name, panels=shown, is_open=True))
    return made


def main(arguments: list[str]) -> int:
    """Create the workspace and print its address."""
    if len(arguments) != 1 or arguments[0].count("/") != 1:
        print("usage: python scripts/wandb_dashboard.py <entity>/<project>", file=sys.stderr)
        return 2
    if find_spec("wandb_workspaces") is None:
        print("error: this needs another package; pip install wandb-workspaces.", file=sys.stderr)
        return 2
    os.environ.setdefault("WANDB_SILENT", "true")
    import wandb_workspaces.reports.v2 as panels
    import wandb_workspaces.workspaces as workspaces

    entity, project = arguments[0].split("/")
    made = workspaces.Workspace(
        entity=entity, project=project, name="beavervision", sections=sections(panels, workspaces)
    )
    print(made.save().url)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
