"""A film beside its footage, with its provenance in the sentences of `verify`."""

from __future__ import annotations

from functools import lru_cache
from html import escape
from pathlib import Path
from urllib.parse import quote

from beavervision.errors import BeaverError
from beavervision.studio.addresses import FOOTAGE, file_address
from beavervision.studio.job_view import empty
from beavervision.studio.people import PersonFolder

PLAY_BOTH = (
    "const v=[...this.closest('section').querySelectorAll('video')];const go=v.some(x=>x.paused);"
    "v.forEach(x=>{x.currentTime=0;go?x.play():x.pause()})"
)
"""Both videos from the beginning; the footage is silent, so that only the new speech is heard."""


def film_view(runs: Path, person: PersonFolder | None, film: Path | None) -> str:
    """Footage and film side by side, download and provenance.

    Args:
        runs: folder of all runs.
        person: who is in it.
        film: file of the film; None where there is none.
    """
    if person is None or film is None or not film.is_file():
        return empty("No film yet", "Choose a sound file or record one. The film appears here, beside the footage.")
    address, name = file_address(runs, film), escape(film.name)
    source = f"{FOOTAGE}/{quote(person.name)}" if person.footage is not None else ""
    left = (
        f"<figure><figcaption>Footage</figcaption><video controls muted loop playsinline preload='metadata' "
        f"src='{source}#t=0.1' aria-label='Footage of {escape(person.name)}'></video></figure>"
        if source
        else ""
    )
    right = (
        f"<figure><figcaption>Film: {name}</figcaption><video controls playsinline preload='metadata' "
        f"src='{address}#t=0.1' aria-label='Film {name}'></video></figure>"
    )
    return (
        f"<section class='bv-card' aria-label='Film {name}'><div class='bv-pair'>{left}{right}</div>"
        f"<p class='bv-actions'><button type='button' class='bv-button' onclick=\"{PLAY_BOTH}\">Play both</button>"
        f"<a class='bv-button bv-main' href='{address}' download='{name}'>Download the film</a></p>"
        f"{_provenance(film)}</section>"
    )


def _provenance(film: Path) -> str:
    sentence, rows = verification(str(film), film.stat().st_mtime_ns)
    listed = "".join(f"<div><dt>{escape(name)}</dt><dd>{escape(text)}</dd></div>" for name, text in rows)
    return (
        f"<h3>Provenance</h3><p>{escape(sentence)}</p><dl class='bv-facts'>{listed}</dl>"
        if listed
        else f"<h3>Provenance</h3><p>{escape(sentence)}</p>"
    )


@lru_cache(maxsize=32)
def verification(path: str, changed: int) -> tuple[str, tuple[tuple[str, str], ...]]:
    """What `beavervision verify` says about a file: its sentence, and its lines as name and text.

    Args:
        path: of the film.
        changed: time of its last change: a changed film is verified again.
    """
    from beavervision.provenance.verification import verify
    from beavervision.provenance.verification_text import as_lines

    try:
        first, *rest = as_lines(verify(Path(path)))
    except BeaverError as error:
        return str(error), ()
    split = (line.strip().partition("  ") if "  " in line.strip() else (line.strip(), "", "") for line in rest)
    return first, tuple((name.strip(), text.strip()) for name, _, text in split)
