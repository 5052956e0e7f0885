"""HTML page of a sweep: its jobs side by side, each with its metric and its image."""

from __future__ import annotations

import base64
import html
import os
from collections.abc import Sequence
from pathlib import Path

from beavervision.artifacts.atomic_write import atomic_file
from beavervision.cli.multirun.record import JobRecord
from beavervision.cli.multirun.table import job_name, metric_text, time_text

WIDTH = 640
"""Width of an image on the page, pixels; a click opens the whole image."""

STYLE = """
body { font: 15px/1.5 system-ui, sans-serif; max-width: 1500px; margin: 2em auto; padding: 0 1em; color: #222; }
table { border-collapse: collapse; } td, th { padding: .2em 1.2em .2em 0; text-align: left; vertical-align: top; }
.jobs { display: grid; grid-template-columns: repeat(auto-fill, minmax(360px, 1fr)); gap: 1.5em; }
figure { margin: 0; } img { max-width: 100%; max-height: 420px; border-radius: 6px; } figcaption { margin-top: .3em; }
code { background: #f4f4f2; padding: .1em .3em; border-radius: 3px; }
.done { color: #18794e; } .skipped { color: #0b68cb; } .failed { color: #b42318; } .interrupted { color: #9a6700; }
"""


def write_sweep_page(path: Path, title: str, command: str, records: Sequence[JobRecord]) -> None:
    """Write the page.

    Args:
        path: the HTML file.
        title: the sweep's name.
        command: the command line.
        records: records of the jobs.
    """
    rows = "".join(_row(record, path.parent) for record in records)
    figures = "".join(_figure(record, path.parent) for record in records if record.picture)
    with atomic_file(path) as part:
        part.write_text(
            f"""<!doctype html><html lang="en"><meta charset="utf-8"><title>{html.escape(title)}</title>
<style>{STYLE}</style><h1>{html.escape(title)}</h1><p><code>{html.escape(command)}</code></p>
<table><tr><th>job<th>metric<th>time<th>status<th>folder</tr>{rows}</table>
<h2>Side by side</h2><div class=jobs>{figures}</div></html>
""",
            encoding="utf-8",
        )


def _row(record: JobRecord, here: Path) -> str:
    why = f": {html.escape(record.sentence)}" if record.sentence else ""
    link = html.escape(os.path.relpath(record.folder, here))
    return (
        f"<tr><td>{html.escape(job_name(record))}<td>{html.escape(metric_text(record))}<td>{time_text(record.seconds)}"
        f'<td class={record.status}>{record.status}{why}<td><a href="{link}">{link}</a></tr>'
    )


def _figure(record: JobRecord, here: Path) -> str:
    small = _small(Path(record.picture or ""), record.beside(here, ".jpg"))
    if small is None:
        return ""
    link, name = html.escape(os.path.relpath(record.picture or "", here)), html.escape(job_name(record))
    image = base64.b64encode(small.read_bytes()).decode()
    return (
        f'<figure><a href="{link}"><img alt="{name}" src="data:image/jpeg;base64,{image}"></a>'
        f"<figcaption><b>{name}</b> {html.escape(metric_text(record))}</figcaption></figure>"
    )


def _small(picture: Path, small: Path) -> Path | None:
    """The image reduced to the page's width, created once; None if the image does not exist."""
    from PIL import Image

    if not picture.is_file():
        return None
    if small.is_file() and small.stat().st_mtime >= picture.stat().st_mtime:
        return small
    with Image.open(picture) as image:
        rgb = image.convert("RGB")
    if rgb.width > WIDTH:
        rgb = rgb.resize((WIDTH, max(1, round(rgb.height * WIDTH / rgb.width))), Image.Resampling.LANCZOS)
    with atomic_file(small) as part:
        rgb.save(part, "JPEG", quality=85)
    return small
