"""What the page says about people: cards, and the report of a clip."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from pathlib import Path
from typing import Any

from beavervision.config.stage_graph import CHAIN
from beavervision.studio.addresses import file_address
from beavervision.studio.job_view import empty, stage_words
from beavervision.studio.people import PersonFolder

MODES = {"dub": "can be dubbed", "avatar": "speaks as an avatar"}


def people_cards(runs: Path, people: Sequence[PersonFolder]) -> str:
    """A card for everybody in the runs folder; its button chooses the person."""
    if not people:
        return empty(
            "Nobody is here yet",
            "Open Prepare and drop a video: half a minute or more of one person who speaks in good light.",
        )
    return f"<ul class='bv-people' aria-label='People'>{''.join(_card(runs, one) for one in people)}</ul>"


def _card(runs: Path, person: PersonFolder) -> str:
    name, picture = escape(person.name), person.picture("thumbnail_0.jpg")
    image = (
        f"<img src='{file_address(runs, picture)}' alt='{name}, from the footage' loading='lazy'>"
        if picture
        else "<div class='bv-nopicture' aria-hidden='true'></div>"
    )
    able = [MODES[mode] for mode in person.modes]
    state = ", ".join(able) if able else "prepared, not trained" if person.is_prepared else "not prepared"
    films = f"{len(person.films)} film{'' if len(person.films) == 1 else 's'}" if person.films else "no films yet"
    facts = f"{person.seconds:.0f} s of footage, {films}" if person.is_prepared else films
    problem = f"<p class='bv-wrong'>{escape(person.problem)}</p>" if person.problem else ""
    return (
        f"<li><button type='button' class='bv-card bv-person' data-person='{name}' aria-label='Choose {name}'>{image}"
        f"<span><b>{name}</b><span>{escape(state)}</span><span class='bv-dim'>{escape(facts)}</span></span></button>"
        f"{problem}</li>"
    )


def clip_report(runs: Path, person: PersonFolder | None) -> str:
    """The report of a clip in short, with a link to all of it."""
    if person is None or not (person.is_prepared or person.problem):
        return empty(
            "No report yet",
            "Preparation finds the face in every frame and then says here how well the footage suits training.",
        )
    if person.problem:
        return f"<div class='bv-message bv-wrong' role='alert'>{escape(person.problem)}</div>"
    facts = person.facts
    assert facts is not None
    size = f"{facts.width} x {facts.height}, {facts.fps:g} frames per second, {person.seconds:.1f} s"
    sheet, page = person.picture("contact_sheet_0.jpg"), person.picture("report.html")
    words = f"Frames of {escape(person.name)} with what was found in them"
    picture = (
        f"<div class='bv-frames' tabindex='0' role='region' aria-label='{words}'>"
        f"<img src='{file_address(runs, sheet)}' alt='{words}' class='bv-sheet'></div>"
        if sheet
        else ""
    )
    link = (
        f"<a class='bv-button' href='{file_address(runs, page)}' target='_blank' rel='noopener'>"
        f"Open the whole report<span class='bv-hidden'> of {escape(person.name)} in a new tab</span></a>"
        if page
        else ""
    )
    return (
        f"<section class='bv-card' aria-label='Report of {escape(person.name)}'>"
        f"<h2>Report of {escape(person.name)}</h2>"
        f"<p class='bv-dim'>{size}</p><p>{escape(person.headline)}</p>{_verdicts(person.report)}{picture}"
        f"<p>{link}</p></section>"
    )


def _verdicts(report: dict[str, Any]) -> str:
    subjects = report.get("subjects") or [{}]
    rows = [one for one in subjects[0].get("verdicts", []) if one.get("stage") in CHAIN]
    if not rows:
        return ""
    cells = "".join(
        f"<tr><th scope='row'>{escape(stage_words(str(one['stage'])))}</th>"
        f"<td><span class='bv-state bv-{_class(str(one.get('grade')))}'>{escape(str(one.get('grade')))}</span></td>"
        f"<td>{escape(str(one.get('why', '')))}</td></tr>"
        for one in rows
    )
    head = "<tr><th scope='col'>What is learnt</th><th scope='col'>Footage</th><th scope='col'>Why</th></tr>"
    return f"<div class='bv-scroll'><table class='bv-table'><thead>{head}</thead><tbody>{cells}</tbody></table></div>"


def _class(grade: str) -> str:
    return {"good": "done", "usable": "queued"}.get(grade, "failed")


def stage_states(person: PersonFolder | None) -> str:
    """What is trained of a person, in the order of training."""
    if person is None or not person.is_prepared:
        return empty("Nobody to train yet", "Prepare footage first; then choose the person here.")
    rows = "".join(_stage(person, stage) for stage in CHAIN)
    return f"<ul class='bv-stages' aria-label='Stages of {escape(person.name)}'>{rows}</ul>"


def _stage(person: PersonFolder, stage: str) -> str:
    run = person.stages.get(stage)
    state, kind = "not trained", "queued"
    if run is not None:
        state, kind = ("trained", "done") if run.trained else ("begun", "stopping")
    more = (
        f"<span class='bv-dim'>{escape(run.preset)}, {run.steps} step{'' if run.steps == 1 else 's'}</span>"
        if run and run.steps
        else ""
    )
    return f"<li><span>{escape(stage_words(stage))}</span>{more}<span class='bv-state bv-{kind}'>{state}</span></li>"
