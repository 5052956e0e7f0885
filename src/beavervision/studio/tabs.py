"""The tabs of the page: their fields, labels and places for text."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import gradio as gr  # pyright: ignore[reportMissingImports]  # the extra [studio]

from beavervision.config.stage_graph import CHAIN
from beavervision.studio.forms import PRESETS
from beavervision.studio.job_view import stage_words

SETTINGS_HELP = "As on the command line, one key=value a line"
CLICKS = """element.addEventListener('click', event => {
  const found = event.target.closest('[data-person], [data-act]');
  if (found) trigger('click', {...found.dataset});
});"""
"""A click on a button inside the text tells which one it was."""


def text(value: str = "", **options: Any) -> gr.HTML:
    """A place for HTML that is styled by the studio alone."""
    return gr.HTML(value, apply_default_css=False, **options)


@dataclass(frozen=True)
class PrepareTab:
    """Fields of the tab "Prepare"."""

    upload: gr.File
    path: gr.Textbox
    name: gr.Textbox
    consent: gr.File
    settings: gr.Textbox
    start: gr.Button
    message: gr.HTML
    outcome: gr.HTML
    report: gr.HTML


@dataclass(frozen=True)
class TrainTab:
    """Fields of the tab "Train"."""

    stages: gr.CheckboxGroup
    preset: gr.Radio
    settings: gr.Textbox
    start: gr.Button
    resume: gr.Button
    message: gr.HTML
    outcome: gr.HTML
    states: gr.HTML
    run: gr.HTML


@dataclass(frozen=True)
class SpeakTab:
    """Fields of the tab "Speak"."""

    mode: gr.Radio
    speech: gr.Audio
    background: gr.Textbox
    label: gr.Checkbox
    settings: gr.Textbox
    start: gr.Button
    message: gr.HTML
    outcome: gr.HTML
    films: gr.Dropdown
    film: gr.HTML


def prepare_tab() -> PrepareTab:
    """Draw the tab "Prepare"."""
    text("<p class='bv-dim'>Half a minute or more of one person who speaks in good light. The file is not changed.</p>")
    with gr.Row():
        upload = gr.File(
            label="Footage: drop a video here, or click to choose one",
            file_types=["video", ".mkv", ".mov"],
            height=150,
            elem_id="footage",
        )
        with gr.Column():
            path = gr.Textbox(
                label="Or the path of a video on this computer",
                placeholder="/films/anna.mp4",
                info="It is read where it is, and not copied.",
                elem_id="path",
            )
            name = gr.Textbox(label="Name", placeholder="as the file", elem_id="name")
    with gr.Accordion("Consent and further settings", open=False):
        consent = gr.File(label="Consent record (beavervision consent writes one)", file_types=[".yaml", ".yml"])
        settings = gr.Textbox(
            label="Settings", info=SETTINGS_HELP, placeholder="data.start=2.0", lines=2, elem_id="prepare-settings"
        )
    start = gr.Button("Prepare", variant="primary", elem_id="prepare-start")
    message = text()
    outcome = text(elem_id="prepare-outcome")
    report = text(elem_id="report")
    return PrepareTab(upload, path, name, consent, settings, start, message, outcome, report)


def train_tab() -> TrainTab:
    """Draw the tab "Train"."""
    with gr.Row():
        with gr.Column(scale=3):
            preset = gr.Radio(
                [(words, name) for name, words in PRESETS.items()], value="cpu_quick", label="Size", elem_id="preset"
            )
            stages = gr.CheckboxGroup(
                [(f"{stage_words(stage)} ({stage})", stage) for stage in CHAIN],
                value=list(CHAIN),
                label="Stages",
                info="A dub needs speech to motion, motion of this person, and mouth and chin. An avatar needs the "
                "first four.",
                elem_id="stages",
            )
            with gr.Accordion("Further settings", open=False):
                settings = gr.Textbox(
                    label="Settings",
                    info=SETTINGS_HELP,
                    placeholder="trainer.max_steps=500",
                    lines=2,
                    elem_id="train-settings",
                )
            with gr.Row():
                start = gr.Button("Train", variant="primary", elem_id="train-start")
                resume = gr.Button("Continue", visible=False, elem_id="train-continue")
        with gr.Column(scale=2):
            states = text(elem_id="states")
    message = text()
    outcome = text(elem_id="train-outcome")
    run = text(elem_id="run")
    return TrainTab(stages, preset, settings, start, resume, message, outcome, states, run)


def speak_tab() -> SpeakTab:
    """Draw the tab "Speak"."""
    with gr.Row():
        with gr.Column():
            mode = gr.Radio(
                [("Dub: new words in the footage", "dub"), ("Avatar: head and shoulders, drawn anew", "avatar")],
                value="dub",
                label="Kind of film",
                elem_id="mode",
            )
            with gr.Accordion("Background, label and further settings", open=False):
                background = gr.Textbox(
                    label="Background of an avatar",
                    info="plate (the footage's own), source, none, a colour, or the path of a picture or a video",
                    value="plate",
                )
                label = gr.Checkbox(label="Write into the picture that the film is generated", value=False)
                settings = gr.Textbox(
                    label="Settings", info=SETTINGS_HELP, placeholder="control.mouth_amp=1.2", lines=2
                )
        speech = gr.Audio(
            label="Speech: a sound file, or the microphone",
            sources=["upload", "microphone"],
            type="filepath",
            buttons=[],  # Gradio's "Share" would send the sound away
            elem_id="speech",
        )
    start = gr.Button("Make the film", variant="primary", elem_id="film-start")
    message = text()
    outcome = text(elem_id="film-outcome")
    films = gr.Dropdown([], label="Films of this person", visible=False, elem_id="films")
    film = text(elem_id="film")
    return SpeakTab(mode, speech, background, label, settings, start, message, outcome, films, film)
