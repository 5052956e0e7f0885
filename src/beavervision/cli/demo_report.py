"""Report of the demo: two videos, a contact sheet, metrics, and one page with all of them."""

from __future__ import annotations

import base64
import html
import io
import json
import shutil
from collections.abc import Mapping
from pathlib import Path

from PIL import Image

from beavervision import __version__
from beavervision.artifacts.atomic_write import atomic_folder
from beavervision.artifacts.clip import Clip
from beavervision.cli.demo_figures import bundle_figures, clip_figures, film_figures
from beavervision.cli.demo_sheet import contact_sheet
from beavervision.inference.avatar import Avatar
from beavervision.metrics.film_comparison import OWN
from beavervision.synthetic import actor_truth, speech_audio, speech_truth
from beavervision.workflows.upstream import BundleQuery, find_speaking_person

MODES = ("avatar", "dub")
PAGE = """<!doctype html>
<html lang="en"><meta charset="utf-8"><title>beavervision: the demo</title>
<style>
body {{ font: 16px/1.5 system-ui, sans-serif; max-width: 1100px; margin: 2em auto; padding: 0 1em; color: #222; }}
video, img {{ width: 100%; border-radius: 6px; }}
table {{ border-collapse: collapse; }} td {{ padding: .15em 1.2em .15em 0; }} td + td {{ text-align: right; }}
</style>
<h1>beavervision {version}: the demo</h1>
<p>A person that does not exist, rendered with exact ground truth; an avatar learnt from half a minute of it on this
machine's CPU; and that avatar saying something that it never said.</p>
<h2>Avatar: everything generated</h2>{avatar}
<h2>Dub: the footage, with a new mouth and chin</h2>{dub}
<h2>Source, reconstruction of frames never seen, new speech</h2><img alt="contact sheet" src="{sheet}">
<h2>Figures</h2><p>Gradient (sharpness), flicker, opening and seam are relative to the footage's own.</p>
<table><tr><td>figure</td><td>value</td><td>the footage's own</td></tr>{rows}</table>
</html>
"""


def write_report(runs: Path, costs: Mapping[str, float]) -> Path:
    """Measure the demo's results, and write its report atomically.

    Args:
        runs: the folder of all runs.
        costs: seconds and memory (MB) of each command of the demo, by name of the metric.

    Returns:
        Folder of the report.
    """
    folder = runs / "demo" / "report"
    clip = Clip.load(runs / "demo" / "clip")
    films = {mode: runs / "demo" / "infer" / f"{speech_audio().stem}_{mode}.mp4" for mode in MODES}
    bundles = find_speaking_person("infer", BundleQuery(runs, "demo", "demo"))
    figures = dict(costs)
    figures |= clip_figures(clip, actor_truth()) | bundle_figures(bundles)
    for mode, film in films.items():
        figures |= film_figures(film, speech_truth(), mode, clip)
    sheet = contact_sheet(clip, Avatar.load(bundles), films["avatar"])
    with atomic_folder(folder) as part:
        for mode, film in films.items():
            shutil.copyfile(film, part / f"{mode}.mp4")
        sheet.save(part / "sheet.png")
        (part / "metrics.json").write_text(json.dumps(figures, indent=2), encoding="utf-8")
        (part / "index.html").write_text(page(figures, films, sheet), encoding="utf-8")
    return folder


def page(figures: Mapping[str, float], films: Mapping[str, Path], sheet: Image.Image) -> str:
    """Return the report as self-contained HTML."""
    rows = "".join(
        f"<tr><td>{html.escape(name)}</td><td>{value:.4g}</td><td>{_own(name, figures)}</td></tr>"
        for name, value in sorted(figures.items())
        if not name.endswith(OWN)
    )
    stream = io.BytesIO()
    sheet.save(stream, "JPEG", quality=88)
    videos = {
        mode: f'<video controls loop src="{_data("video/mp4", film.read_bytes())}"></video>'
        for mode, film in films.items()
    }
    picture = _data("image/jpeg", stream.getvalue())
    return PAGE.format(version=html.escape(__version__), rows=rows, sheet=picture, **videos)


def _own(name: str, figures: Mapping[str, float]) -> str:
    """The footage's own value of a figure, if it has one."""
    own = figures.get(f"{name}{OWN}")
    return "" if own is None else f"{own:.4g}"


def _data(kind: str, content: bytes) -> str:
    return f"data:{kind};base64,{base64.b64encode(content).decode()}"
