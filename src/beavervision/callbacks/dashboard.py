"""Dashboard of a run as one local page: curves, image strips, videos with sound, configuration and metrics."""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from lightning import Callback, LightningModule, Trainer
from lightning.pytorch.loggers import CSVLogger

from beavervision.artifacts.atomic_write import atomic_file
from beavervision.callbacks.history import History, finite, read_history
from beavervision.callbacks.line_svg import line_svg
from beavervision.callbacks.media import FOLDER
from beavervision.stages.trainer_settings import find_callbacks, is_fast_dev_run

PAGE = "dashboard.html"
"""File name in the run's folder."""
FIRST = ("train/loss", "val/")
"""Prefixes of the metrics that are shown first."""
EARLIER = 12
"""Largest number of images of earlier validations on the page, evenly spaced."""
STEM = re.compile(r"(?P<name>.+?)(?:_step_(?P<step>\d+))?$")

TEMPLATE = """<!doctype html>
<html lang="en"><meta charset="utf-8"><title>{title}</title>
<style>
body {{ font: 14px/1.5 system-ui, sans-serif; max-width: 1160px; margin: 2em auto; padding: 0 1em; color: #222; }}
img, video {{ max-width: 100%; border-radius: 4px; image-rendering: auto; }}
.grid {{ display: grid; grid-template-columns: repeat(auto-fill, minmax(330px, 1fr)); gap: 1em; }}
figure {{ margin: 0 0 1em; }} figcaption {{ color: #555; }}
svg {{ width: 100%; background: #fafaf8; border-radius: 4px; }}
svg line {{ stroke: #e4e4e8; }} svg text {{ font-size: 11px; fill: #555; }}
svg polyline {{ fill: none; stroke: #d64820; stroke-width: 1.6; }} svg circle {{ fill: #d64820; }}
details img {{ display: block; margin: .3em 0; }} pre {{ background: #fafaf8; padding: 1em; overflow: auto; }}
</style>
<h1>{title}</h1><p>{state}</p>
<h2>Curves</h2><div class="grid">{curves}</div>
<h2>Looked at and listened to</h2>{media}
<h2>Configuration</h2><details><summary>resolved</summary><pre>{config}</pre></details>
</html>
"""


class Dashboard(Callback):
    """Writes `dashboard.html` into the run's folder after each validation and at the end.

    Args:
        folder: folder of the run.
        title: title of the page.
    """

    def __init__(self, folder: str, title: str) -> None:
        self.folder, self.title = Path(folder), title

    def on_validation_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Update the page."""
        self.write(trainer)

    def on_train_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Write the final page."""
        self.write(trainer)

    def write(self, trainer: Trainer) -> None:
        """Write the page now."""
        if is_fast_dev_run(trainer) or not trainer.is_global_zero:
            return
        for logger in trainer.loggers:
            if isinstance(logger, CSVLogger):
                logger.save()
        steps = f"{trainer.global_step} of {trainer.max_steps}" if trainer.max_steps > 0 else f"{trainer.global_step}"
        with atomic_file(self.folder / PAGE) as part:
            part.write_text(dashboard(self.folder, self.title, f"step {steps}"), encoding="utf-8")


def refresh(trainer: Trainer) -> None:
    """Update the run's page with the results after training; does nothing where the run has no page."""
    for callback in find_callbacks(trainer, Dashboard):
        callback.write(trainer)


def dashboard(folder: Path, title: str, state: str) -> str:
    """Return the HTML page of a run; paths of images and videos are relative to its folder.

    Args:
        folder: folder of the run.
        title: title of the page.
        state: progress of the run.
    """
    config = folder / ".hydra" / "config.yaml"
    values: Mapping[str, Any] = {
        "title": html.escape(title),
        "state": html.escape(state),
        "curves": "".join(_charts(read_history(folder))) or "<p>logger=csv draws curves here.</p>",
        "media": "".join(_media(folder)) or "<p>Nothing yet.</p>",
        "config": html.escape(config.read_text(encoding="utf-8") if config.exists() else ""),
    }
    return TEMPLATE.format_map(values)


def _charts(history: History) -> Iterable[str]:
    for name in sorted(history, key=lambda name: (not name.startswith(FIRST), name)):
        if values := finite(history[name]):
            latest = list(values.values())[-1]
            caption = f"<b>{html.escape(name)}</b> {latest:.4g}"
            yield f"<figure><figcaption>{caption}</figcaption>{line_svg(name, values)}</figure>"


def _media(folder: Path) -> Iterable[str]:
    """HTML figures, one per name: the newest is large, earlier images are collapsed."""
    found: dict[tuple[str, str], list[Path]] = {}
    for path in sorted((folder / FOLDER).glob("[!.]*")):
        if path.suffix in (".png", ".mp4") and (match := STEM.match(path.stem)):
            found.setdefault((match["name"], path.suffix), []).append(path)
    for (name, suffix), paths in sorted(found.items()):
        newest = _address(paths[-1])
        shown = f'<video controls src="{newest}"></video>' if suffix == ".mp4" else f'<img src="{newest}" alt="">'
        earlier = "".join(f'<a href="{_address(p)}">{_step(p)}</a> ' for p in _spread(paths[:-1]))
        more = f"<details><summary>earlier</summary>{earlier}</details>" if earlier else ""
        yield f"<figure><figcaption>{html.escape(name)} {_step(paths[-1])}</figcaption>{shown}{more}</figure>"


def _address(path: Path) -> str:
    return html.escape(f"{FOLDER}/{path.name}")


def _step(path: Path) -> str:
    match = STEM.match(path.stem)
    return f"step {int(match['step'])}" if match and match["step"] else ""


def _spread(paths: list[Path]) -> list[Path]:
    stride = -(-len(paths) // EARLIER) or 1
    return paths[::-stride][::-1]
