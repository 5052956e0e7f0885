"""Turns what was entered on the page into tasks; mistakes are the sentences of the command line."""

from __future__ import annotations

import shutil
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yaml

from beavervision.artifacts.names import check_name, suggest_name
from beavervision.config.stage_graph import CHAIN
from beavervision.errors import AudioError, ConfigError, FootageError, StorageError
from beavervision.provenance.consent import read_consent
from beavervision.studio.job import FilmTask, PrepareTask, TrainTask

PRESETS = {
    "cpu_quick": "Quick: a recognisable person, up to 40 minutes on two CPU cores",
    "full": "Full size: the best picture, on a GPU or in a night",
    "demo": "Trial: small networks, a few minutes, to see that everything works",
}
"""Experiment, or `full` for none -> what it is for."""
DUB, AVATAR = "dub", "avatar"


def parse_overrides(text: str) -> dict[str, Any]:
    """Read settings as on the command line, one `key=value` a line.

    Raises:
        ConfigError: when a line is no setting.

    Example:
        >>> parse_overrides("frame.height=256")
        {'frame.height': 256}
    """
    found: dict[str, Any] = {}
    for line in (text or "").splitlines():
        if not (words := line.strip()) or words.startswith("#"):
            continue
        key, equals, value = (part.strip() for part in words.partition("="))
        if not equals or not key or " " in key:
            raise ConfigError(
                f"{words[:80]!r} is not a setting; write key=value, one a line, such as frame.height=256."
            )
        found[key] = _value(key, value)
    return found


def _value(key: str, text: str) -> Any:
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    try:
        return yaml.safe_load(text)
    except yaml.YAMLError:
        raise ConfigError(f"{key}={text[:80]} cannot be read; put the value in quotes.") from None


def prepare_task(
    runs: Path, upload: str | None, path: str, name: str, consent: str | None, overrides: str
) -> PrepareTask:
    """The task of the form "Prepare".

    Args:
        runs: folder of all runs.
        upload: file that was dropped; it is moved beside the person's clip, because a dub needs it later.
        path: path of a file on this computer, where nothing was dropped.
        name: of the person; empty for the file's.
        consent: file of a consent record.
        overrides: see `parse_overrides`.

    Raises:
        FootageError: when there is no such file.
        ConfigError: when a setting or the name is invalid.
    """
    settings = parse_overrides(overrides)
    given = upload or path.strip()
    if not given:
        raise FootageError("There is no footage yet; drop a video, or give the path of one.")
    video = Path(given).expanduser()
    if not video.is_file():
        raise FootageError(f"{given} does not exist or is no file; check the path.")
    person = check_name(name.strip() or suggest_name(video.stem), "name")
    folder = runs / person / "footage"
    if consent:
        read_consent(Path(consent))
        settings["data.consent"] = str(keep_upload(Path(consent), folder))
    if upload:
        video = keep_upload(video, folder)
    return PrepareTask(person=person, video=str(video.resolve()), overrides=settings)


def train_task(person: str | None, stages: Sequence[str], preset: str, overrides: str) -> TrainTask:
    """The task of the form "Train".

    Raises:
        ConfigError: when nobody or no stage is chosen, or a setting is invalid.
    """
    if not person:
        raise ConfigError("Nobody is chosen; prepare footage first, then choose the person.")
    chosen = [stage for stage in CHAIN if stage in stages]
    if not chosen:
        raise ConfigError("No stage is chosen; tick at least one.")
    experiment = None if preset == "full" else preset
    return TrainTask(person=person, stages=chosen, preset=experiment, overrides=parse_overrides(overrides))


def film_task(
    runs: Path, person: str | None, mode: str, speech: str | None, background: str, overrides: str, *, label: bool
) -> FilmTask:
    """The task of the form "Speak".

    Args:
        runs: folder of all runs.
        person: who speaks.
        mode: `dub` or `avatar`.
        speech: sound file; it is moved into the runs folder.
        background: of an avatar: plate, source, none, a colour or the path of a picture.
        overrides: see `parse_overrides`.
        label: whether a visible label says that the film is generated.

    Raises:
        AudioError: when there is no speech.
        ConfigError: when nobody is chosen or a setting is invalid.
    """
    settings = parse_overrides(overrides)
    if not person:
        raise ConfigError("Nobody is chosen; train a person first, then choose them.")
    if not speech or not Path(speech).is_file():
        raise AudioError("There is no speech yet; choose a sound file, or record with the microphone.")
    if mode not in (DUB, AVATAR):
        raise ConfigError(f"mode={mode} is not a choice; take dub or avatar.")
    if mode == AVATAR and background.strip():
        settings.setdefault("background", background.strip())
    if label:
        settings.setdefault("label", "text")
    kept = keep_upload(Path(speech), runs / ".studio" / "speech", _speech_name(Path(speech)))
    suffix = ".mov" if settings.get("background") == "none" else ".mp4"
    out = _free(runs / person / "infer" / f"{suggest_name(kept.stem, 'speech')}_{mode}{suffix}")
    return FilmTask(
        person=person, mode=DUB if mode == DUB else AVATAR, speech=str(kept), out=str(out), overrides=settings
    )


def keep_upload(path: Path, folder: Path, name: str | None = None) -> Path:
    """Move an uploaded file into a folder that lasts, and return it; an existing file is not replaced.

    Raises:
        StorageError: when the folder cannot be written to.
    """
    given = Path(name or path.name)
    target = _free(folder / f"{suggest_name(given.stem, 'file')}{given.suffix}")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.move(path, target)
    except OSError as error:
        raise StorageError(f"{folder} cannot be written ({error.strerror}); free some space.") from None
    return target


def _speech_name(path: Path) -> str:
    """A recording has no name of its own."""
    return f"recording_{time.strftime('%Y%m%d_%H%M%S')}{path.suffix}" if path.stem in ("audio", "blob") else path.name


def _free(path: Path) -> Path:
    """The path, or one with a number where it is taken."""
    found, number = path, 1
    while found.exists():
        number += 1
        found = path.with_name(f"{path.stem}_{number}{path.suffix}")
    return found
