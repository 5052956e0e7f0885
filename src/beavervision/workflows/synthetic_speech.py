"""prepare data=synthetic_speech: generates a synthetic speech corpus, without footage."""

from __future__ import annotations

from pathlib import Path

from omegaconf import DictConfig
from rich.progress import track

from beavervision.config.schemas import DataSettings, typed_node
from beavervision.workflows.run_folder import display_path
from beavervision.workflows.run_result import DONE, SKIPPED, RunResult

TALKS = "talks"
"""Folder of the recordings below that of the data."""


def prepare_synthetic_speech(cfg: DictConfig) -> RunResult:
    """Generate the missing recordings of the config's corpus, and print the result."""
    folder, made = ensure_synthetic_speech(cfg)
    count = len(list(folder.iterdir()))
    print(f"synthetic speech: {display_path(folder)}  ({count} voices, {cfg.data.hours} h)")
    print("next: python train.py model=audio2motion experiment=general data=synthetic_speech", flush=True)
    return RunResult(folder, DONE if made else SKIPPED, figures={"voices": float(count), "hours": cfg.data.hours})


def ensure_synthetic_speech(cfg: DictConfig) -> tuple[Path, bool]:
    """Return the folder of the config's recordings, generating missing ones, and whether any was generated.

    Raises:
        BeaverError: when the extra `[synthetic]` is not installed.
    """
    from beavervision.synthetic.corpus.generation import Recipe, missing_talks, write_talk_of

    settings = typed_node(cfg, "data", DataSettings)
    neural = None if settings.neural is None else Path(settings.neural).expanduser()
    recipe = Recipe(settings.hours or 0.0, settings.voices, neural=neural, neural_voices=settings.neural_voices)
    folder = Path(cfg.paths.runs) / settings.name / TALKS
    missing = missing_talks(folder, recipe)
    for speaker in track(missing, "talks", disable=len(missing) < 2, transient=True):
        write_talk_of(folder, speaker, recipe)
    return folder, bool(missing)
