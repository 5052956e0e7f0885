"""The Gradio page: layout, and what happens when something is pressed."""

from __future__ import annotations

from importlib.resources import files
from typing import Any

import gradio as gr  # pyright: ignore[reportMissingImports]  # the extra [studio]
from gradio import themes  # pyright: ignore[reportMissingImports]

from beavervision import __version__
from beavervision.studio.desk import Desk
from beavervision.studio.forms import film_task, prepare_task, train_task
from beavervision.studio.job_queue import JobQueue
from beavervision.studio.job_view import STOPPED_STATES, log_view
from beavervision.studio.tabs import CLICKS, PrepareTab, SpeakTab, TrainTab, prepare_tab, speak_tab, text, train_tab

TICK_S = 1.0
STYLE = files("beavervision.studio").joinpath("studio.css").read_text(encoding="utf-8")
HEAD = '<link rel="icon" href="data:,">'
BRAND = (
    "<header class='bv-brand'><h1>beavervision studio</h1><span class='bv-dim'>Everything stays on this computer. "
    f"Films say that they are generated. Version {__version__}</span></header>"
)
TELLS = "element.setAttribute('role', 'status'); element.setAttribute('aria-live', 'polite');"
QUIET: dict[str, Any] = {"show_progress": "hidden", "api_visibility": "private"}
SYSTEM_FONTS = ("system-ui", "sans-serif")


def theme() -> themes.Base:
    """Colours of the live page, and fonts of the system: none is fetched."""
    accent = themes.Color(
        *("#eef7f5", "#d9efeb", "#b4dfd7", "#84c9bd", "#4cb09f", "#1f8f7e", "#0a6b5d", "#08574c", "#07463d", "#05352f"),
        "#03231f",
    )
    found = themes.Base(
        primary_hue=accent, neutral_hue="stone", font=SYSTEM_FONTS, font_mono=("ui-monospace", "monospace")
    )
    return found.set(
        body_background_fill="#f4f3ef",
        body_background_fill_dark="#161614",
        block_background_fill="#ffffff",
        block_background_fill_dark="#21211e",
        block_radius="12px",
        button_primary_background_fill="#0a6b5d",
        button_primary_background_fill_hover="#08574c",
        button_primary_background_fill_dark="#0f8271",
        button_primary_text_color="#ffffff",
        body_text_color_subdued="#5f5e59",
        body_text_color_subdued_dark="#a9a79e",
        block_info_text_color="#5f5e59",
        block_info_text_color_dark="#a9a79e",
        color_accent="#0a6b5d",
        checkbox_label_background_fill="#f4f3ef",
        checkbox_label_background_fill_hover="#eef7f5",
        button_secondary_background_fill="#eceae4",
        input_background_fill="#faf9f6",
        input_background_fill_dark="#191917",
    )


def build_page(queue: JobQueue) -> gr.Blocks:
    """Return the page of a queue's runs folder."""
    desk = Desk(queue)
    with gr.Blocks(analytics_enabled=False, title="beavervision studio") as page:
        text(BRAND)
        told = text(js_on_load=TELLS, elem_classes="bv-hidden", elem_id="told")
        with gr.Row(visible=False, elem_id="now") as row:
            now = text(elem_id="progress")
            stop = gr.Button("Stop", elem_id="stop", scale=0, min_width=110)
        chosen = gr.Dropdown([], label="Person", elem_id="person", visible=False)
        with gr.Tabs(elem_id="tabs", overflow_behavior="wrap") as tabs:
            with gr.Tab("People", id="people"):
                people = text(js_on_load=CLICKS, elem_id="people")
            with gr.Tab("Prepare", id="prepare"):
                prepare = prepare_tab()
            with gr.Tab("Train", id="train"):
                train = train_tab()
            with gr.Tab("Speak", id="speak"):
                speak = speak_tab()
            with gr.Tab("Jobs", id="jobs"):
                jobs = text(js_on_load=CLICKS, elem_id="jobs")
                log = text(elem_id="log")
        places = {
            "now": now,
            "told": told,
            "people": people,
            "prepared": prepare.outcome,
            "report": prepare.report,
            "stages": train.states,
            "trained": train.outcome,
            "run": train.run,
            "filmed": speak.outcome,
            "jobs": jobs,
        }
        refresh = Refresh(desk, list(places))
        kept, seen = gr.BrowserState(None, storage_key="beavervision-person"), gr.State({})
        shown = [*places.values(), row, stop, train.resume, chosen, speak.films, seen]
        page.load(refresh.first, [kept], shown, **QUIET)
        gr.Timer(TICK_S).tick(refresh, [chosen, seen], shown, trigger_mode="once", **QUIET)
        chosen.change(refresh, [chosen, seen], shown, **QUIET)
        chosen.change(lambda name: name, [chosen], [kept], **QUIET)
        gr.on(
            [speak.films.change, chosen.change],
            lambda name, film: desk.film(name, film),
            [chosen, speak.films],
            [speak.film],
            **QUIET,
        )
        _wire_forms(desk, chosen, prepare, train, speak)
        _wire_jobs(desk, jobs, log, stop, train, chosen)
        _wire_people(desk, people, chosen, tabs)
    return page


class Refresh:
    """Brings the page up to date; what has not changed is left alone, so that nothing flickers or loses focus.

    Args:
        desk: what is shown.
        places: names of its texts, in the order of the outputs.
    """

    def __init__(self, desk: Desk, places: list[str]) -> None:
        self.desk, self.places = desk, places

    def first(self, kept: str | None) -> list[Any]:
        """A page that was just opened, or opened again, with the person of before."""
        names = self.desk.names()
        return self(kept if kept in names else names[0] if names else None, {})

    def __call__(self, name: str | None, seen: dict[str, Any]) -> list[Any]:
        """Values of the outputs: texts, row of the running job, buttons, choices, and what the page has now."""
        seen, texts, names = dict(seen), self.desk.texts(name), self.desk.names()
        outputs = [self._new(seen, place, texts[place]) for place in self.places]
        running, last = self.desk.queue.running(), self.desk.latest("train", name)
        outputs.append(self._update(seen, "row", visible=bool(texts["now"])))
        words = "End at once" if running is not None and running.state == "stopping" else "Stop"
        outputs.append(self._update(seen, "stop", value=words, visible=running is not None))
        can_resume = last is not None and last.state in STOPPED_STATES
        outputs.append(self._update(seen, "resume", visible=can_resume))
        outputs.append(self._update(seen, "names", choices=names, value=name, visible=bool(names)))
        films = self.desk.films(name)
        newest = films[0][1] if films else None
        outputs.append(self._update(seen, "films", choices=films, value=newest, visible=bool(films)))
        return [*outputs, seen]

    def _new(self, seen: dict[str, Any], place: str, value: str) -> Any:
        if seen.get(place) == hash(value):
            return gr.skip()
        seen[place] = hash(value)
        return value

    def _update(self, seen: dict[str, Any], place: str, **values: Any) -> Any:
        if seen.get(place) == repr(values):
            return gr.skip()
        seen[place] = repr(values)
        return gr.update(**values)


def _wire_forms(desk: Desk, chosen: gr.Dropdown, prepare: PrepareTab, train: TrainTab, speak: SpeakTab) -> None:
    def prepared(upload: str | None, path: str, name: str, consent: str | None, settings: str) -> list[Any]:
        job, wrong = desk.order(lambda: prepare_task(desk.runs, upload, path, name, consent, settings))
        if job is None:
            return [wrong, *[gr.skip()] * 5]
        names = gr.update(choices=desk.names(), value=job.task.person, visible=True)
        return ["", None, "", "", None, names]

    def trained(name: str | None, stages: list[str], preset: str, settings: str) -> str:
        return desk.order(lambda: train_task(name, stages, preset, settings))[1]

    def filmed(
        name: str | None, mode: str, speech: str | None, background: str, settings: str, labelled: Any
    ) -> list[Any]:
        made = desk.order(lambda: film_task(desk.runs, name, mode, speech, background, settings, label=bool(labelled)))
        return [made[1], gr.skip() if made[0] is None else None]

    fields = [prepare.upload, prepare.path, prepare.name, prepare.consent]
    prepare.start.click(prepared, [*fields, prepare.settings], [prepare.message, *fields, chosen], **QUIET)
    train.start.click(trained, [chosen, train.stages, train.preset, train.settings], [train.message], **QUIET)
    asked = [chosen, speak.mode, speak.speech, speak.background, speak.settings, speak.label]
    speak.start.click(filmed, asked, [speak.message, speak.speech], **QUIET)


def _wire_jobs(desk: Desk, jobs: gr.HTML, log: gr.HTML, stop: gr.Button, train: TrainTab, chosen: gr.Dropdown) -> None:
    queue = desk.queue

    def stopped() -> None:
        if (job := queue.running()) is not None:
            queue.stop(job.id)

    def resumed(name: str | None) -> str:
        if (job := desk.latest("train", name)) is not None:
            queue.resume(job.id)
        return ""

    def acted(event: gr.EventData) -> Any:
        act, job = event._data.get("act"), queue.job(str(event._data.get("job")))
        if job is None:
            return gr.skip()
        if act == "log":
            return log_view(job, desk.log(job))
        {"stop": queue.stop, "continue": queue.resume, "remove": queue.remove}.get(str(act), lambda name: None)(job.id)
        return ""

    stop.click(stopped, None, None, **QUIET)
    train.resume.click(resumed, [chosen], [train.message], **QUIET)
    jobs.click(acted, None, [log], **QUIET)


def _wire_people(desk: Desk, people: gr.HTML, chosen: gr.Dropdown, tabs: gr.Tabs) -> None:
    def pick(event: gr.EventData) -> list[Any]:
        person = desk.person(event._data.get("person"))
        if person is None:
            return [gr.skip(), gr.skip()]
        tab = "speak" if person.modes else "train" if person.is_prepared else "prepare"
        return [person.name, gr.Tabs(selected=tab)]

    people.click(pick, None, [chosen, tabs], **QUIET)
