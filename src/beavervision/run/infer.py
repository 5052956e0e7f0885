"""infer: make a trained avatar speak, from its config to an mp4 with sound."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from omegaconf import DictConfig
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from beavervision.artifacts.clip import Clip
from beavervision.artifacts.manifest import MANIFEST, Manifest
from beavervision.audio.waveform import Waveform, load_waveform, require_speech
from beavervision.errors import BeaverError
from beavervision.run.commands import who
from beavervision.run.infer_settings import film_settings
from beavervision.run.quiet import quiet_libraries
from beavervision.run.settings import check_nodes, frame_spec
from beavervision.run.slug import DEFAULT, experiment_of
from beavervision.run.upstream import Search, find_upstream, newest_bundle
from beavervision.stages.talking.film import Film, FilmMaker, FilmSettings
from beavervision.stages.talking.person import TORSO, Person

SOUND_RATE = 48_000
"""Samples per second of the sound that is written: that of video."""


def infer(cfg: DictConfig) -> Path:
    """Make the avatar of the config speak.

    Returns:
        The mp4's path.

    Raises:
        BeaverError: when speech, bundles or footage are missing or do not fit, or the place cannot be written to.
    """
    quiet_libraries()
    if cfg.get("frame") is not None and "name" not in cfg.frame:
        # An experiment sets numbers of the canvas; only frame= chooses one.
        cfg.frame = None
    check_nodes(cfg)
    settings = film_settings(cfg)
    speech = _speech(cfg)
    out = _out(cfg)
    bundles = _bundles(cfg)
    clip = _clip(cfg, needed=settings.mode == "dub")
    person = Person.load(bundles, None if clip is None else clip.sha256, cfg.hardware.backend)
    film = _shoot(FilmMaker(person, speech, settings, clip), out, load_waveform(cfg.audio, SOUND_RATE))
    _tell(film, cfg, settings)
    return film.path


def _speech(cfg: DictConfig) -> Waveform:
    if cfg.audio is None:
        raise BeaverError("audio is not set; add audio=speech.wav, any audio or video file with speech in it.")
    speech = load_waveform(cfg.audio)
    require_speech(speech, cfg.audio)
    return speech


def _out(cfg: DictConfig) -> Path:
    """The mp4's path; refuses what could never be written before minutes are spent on rendering."""
    if cfg.out is None:
        return Path(cfg.paths.runs) / cfg.data.name / "infer" / f"{Path(cfg.audio).stem}_{cfg.mode}.mp4"
    out = Path(cfg.out)
    if out.suffix.lower() != ".mp4":
        raise BeaverError(f"out={cfg.out} does not end in .mp4; name an mp4.")
    if out.is_dir():
        raise BeaverError(f"out={cfg.out} is a folder; name an mp4 in it.")
    return out


def _bundles(cfg: DictConfig) -> dict[str, Path]:
    """Bundles of all stages; without a frame= the head goes with the newest torso's canvas."""
    runs, name = Path(cfg.paths.runs), cfg.data.name
    chosen = experiment_of(cfg.run.slug)
    experiment = None if chosen == DEFAULT else chosen
    frame = None if cfg.get("frame") is None else frame_spec(cfg.frame).slug
    search = Search(runs, name, experiment, frame)
    torso = newest_bundle(TORSO, search)
    if torso is not None and frame is None:
        search = Search(runs, name, experiment, Manifest.read(torso, "bundle").facts["frame"])
    return find_upstream("infer", search)


def _clip(cfg: DictConfig, *, needed: bool) -> Clip | None:
    folder = Path(cfg.paths.runs) / cfg.data.name / "clip"
    if (folder / MANIFEST).exists():
        return Clip.load(folder)
    if needed:
        command = f"beavervision prepare {who(cfg.data.name, cfg.paths.runs)} data.video=<footage>"
        raise BeaverError(f"mode=dub needs the footage, and {folder} is not there; make it with: {command}")
    return None


def _shoot(maker: FilmMaker, out: Path, sound: Waveform) -> Film:
    with _progress(maker.n_frames) as shown:
        return maker.write(out, sound, shown)


@contextmanager
def _progress(n_frames: int) -> Iterator[Callable[[int], None]]:
    """A bar with frames, frames a second and time left; where no terminal shows it, only its end."""
    columns = (
        TextColumn("speaking"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[rate]:.1f} frames/s"),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=Console(stderr=True)) as bar:
        task = bar.add_task("speaking", total=n_frames, rate=0.0)

        def shown(done: int) -> None:
            elapsed = bar.tasks[task].elapsed or 1e-9
            bar.update(task, completed=done, rate=done / elapsed)

        yield shown


def _tell(film: Film, cfg: DictConfig, settings: FilmSettings) -> None:
    """Say where the film is, what took how long, and what to try next."""
    parts = ", ".join(f"{name} {value:.0f}" for name, value in film.milliseconds.items())
    print(f"{film.path}: {film.n_frames} frames, {film.n_frames / film.fps:.1f} s (ms a frame: {parts})")
    print(f"contact sheet: {film.sheet}")
    other = "dub" if settings.mode == "avatar" else "avatar"
    print(f"next: python infer.py {who(cfg.data.name, cfg.paths.runs)} audio={cfg.audio} mode={other}", flush=True)
