"""Curves and pictures of the run that trains, as its dashboard has them."""

from __future__ import annotations

from html import escape
from pathlib import Path

from beavervision.callbacks.dashboard import FIRST, PAGE, STEM
from beavervision.callbacks.history import finite, read_history
from beavervision.callbacks.line_svg import line_svg
from beavervision.callbacks.media import FOLDER
from beavervision.studio.addresses import file_address
from beavervision.studio.job_view import empty, stage_words
from beavervision.studio.people import StageRun

MOST_CURVES, MOST_PICTURES = 6, 4


def run_view(runs: Path, run: StageRun | None) -> str:
    """Curves, newest strips and videos of a run, with a link to its dashboard.

    Args:
        runs: folder of all runs.
        run: the run; None where none was started.
    """
    if run is None:
        return empty("No training yet", "Curves and pictures of held-out frames appear here while a stage trains.")
    heading = f"{stage_words(run.stage)[:1].upper()}{stage_words(run.stage)[1:]}"
    page = run.folder / PAGE
    link = (
        f"<a class='bv-button' href='{file_address(runs, page)}' target='_blank' rel='noopener'>Open its dashboard"
        f"<span class='bv-hidden'> in a new tab</span></a>"
        if page.is_file()
        else ""
    )
    parts = f"{_curves(run.folder)}{_pictures(runs, run.folder)}"
    body = (
        parts or "<p class='bv-dim'>The first figures come after the first hundred steps or the first validation.</p>"
    )
    return (
        f"<section class='bv-card' aria-label='Training: {escape(heading)}'><div class='bv-row'>"
        f"<h2>{escape(heading)}</h2>"
        f"{link}</div>{body}</section>"
    )


def _curves(folder: Path) -> str:
    try:
        history = read_history(folder)
    except (OSError, ValueError, KeyError):  # the run writes the file while it is read
        return ""
    first = [name for name in sorted(history) if name.startswith(FIRST)]
    figures = []
    for name in sorted(first, key=lambda name: (name != "train/loss", name))[:MOST_CURVES]:
        if values := finite(history[name]):
            latest = list(values.values())[-1]
            caption = f"<figcaption><b>{escape(name)}</b> {latest:.4g}</figcaption>"
            # One value is no curve yet.
            chart = line_svg(f"{name}: {latest:.4g}", values) if len(values) > 1 else ""
            figures.append(f"<figure>{caption}{chart}</figure>")
    return f"<div class='bv-curves'>{''.join(figures)}</div>" if figures else ""


def _pictures(runs: Path, folder: Path) -> str:
    newest: dict[tuple[str, str], Path] = {}
    for path in sorted((folder / FOLDER).glob("[!.]*")):
        if path.suffix in (".png", ".mp4") and (match := STEM.match(path.stem)):
            newest[(match["name"], path.suffix)] = path
    shown = sorted(newest.items(), key=lambda item: (item[0][1] == ".mp4", item[0]))[:MOST_PICTURES]
    figures = "".join(_figure(runs, name, path) for (name, _), path in shown)
    return f"<div class='bv-media'>{figures}</div>" if figures else ""


def _figure(runs: Path, name: str, path: Path) -> str:
    match = STEM.match(path.stem)
    step = f", step {int(match['step'])}" if match and match["step"] else ""
    address, words = file_address(runs, path), escape(f"{name.replace('_', ' ')}{step}")
    shown = (
        f"<video controls preload='metadata' src='{address}#t=0.1' aria-label='{words}'></video>"
        if path.suffix == ".mp4"
        else f"<div class='bv-frames' tabindex='0' role='region' aria-label='{words}'>"
        f"<img src='{address}' alt='{words}'></div>"
    )
    return f"<figure class='bv-strip'><figcaption>{words}</figcaption>{shown}</figure>"
