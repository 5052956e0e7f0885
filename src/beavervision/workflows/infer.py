"""infer: generates a talking video with the avatars of the config."""

from __future__ import annotations

import sys
from collections.abc import MutableMapping
from contextlib import ExitStack
from datetime import date
from pathlib import Path
from typing import BinaryIO, cast

from omegaconf import DictConfig

from beavervision.artifacts.bundle import RendererFacts
from beavervision.artifacts.clip import Clip
from beavervision.artifacts.manifest import MANIFEST, Manifest
from beavervision.config.hardware import render_device, resolve_hardware
from beavervision.config.schemas import frame_spec, validate_nodes
from beavervision.config.slug import DEFAULT, experiment_of_slug
from beavervision.errors import BundleError, ClipError, ConfigError, StoppedError
from beavervision.face.framing import AUTO
from beavervision.inference.avatar import TORSO, Avatar
from beavervision.inference.lower_face_avatar import LOWER_FACE, LowerFaceAvatar
from beavervision.inference.pipeline import FilmResult, TalkingHeadPipeline
from beavervision.inference.settings import FilmSettings
from beavervision.inference.speakers import Speaker
from beavervision.inference.speaking_person import SpeakingPerson
from beavervision.inference.speech import Speech
from beavervision.inference.speech_track import choose_speech_track
from beavervision.overrides import person_arguments
from beavervision.provenance.consent import Consent
from beavervision.provenance.film_signer import FilmSigner
from beavervision.provenance.listing import HashingPipe
from beavervision.video.writers import Out, sheet_of
from beavervision.workflows.consent import consent_of, require_consent
from beavervision.workflows.console_output import binary_stdout, silence_libraries
from beavervision.workflows.film_jobs import apply_film_job, is_made, is_one_of_several, note_made
from beavervision.workflows.film_provenance import CastMember, credentials_line, film_signer
from beavervision.workflows.infer_settings import AUTO_REGION, film_settings
from beavervision.workflows.interruption import catch_interruption
from beavervision.workflows.progress import progress_bar
from beavervision.workflows.run_result import SKIPPED, RunResult
from beavervision.workflows.upstream import (
    BundleQuery,
    find_speaking_person,
    is_general,
    newest_bundle,
    trained_subjects,
)

GENERAL_LINE = (
    "speech: by the general audio2motion network in the person's own range, because none was trained on this person"
)
PIPE = "-"
"""Value of `out` for standard output."""


def infer(cfg: DictConfig) -> Path | RunResult | None:
    """Generate a talking video with the avatars of the config.

    Returns:
        Path of the video; None when it was written to a pipe or not kept. With -m the result for the table.

    Raises:
        BeaverError: when speech, bundles or footage are missing or do not fit, or the output cannot be written.
        StoppedError: when the user stopped it.
    """
    silence_libraries()
    apply_film_job(cfg)
    several = is_one_of_several()
    if several and cfg.out != PIPE:
        # A film that was stopped would look like one that is made.
        cfg.keep_partial = False
        if is_made(place := _path(cfg), cfg):
            print(f"{place} is made already; delete it to make it again", flush=True)
            return RunResult(place, SKIPPED, picture=_existing(sheet_of(place)))
    asked = cfg.copy()
    with ExitStack() as stack:
        out = stack.enter_context(binary_stdout()) if cfg.out == PIPE else _path(cfg)
        pipeline = build_pipeline(cfg, out)
        if cfg.mode == "dub":
            print(_renderer_line(pipeline.settings), flush=True)
        film = _shoot(pipeline, out, cfg)
        _tell(film, cfg, pipeline)
    if film is None:
        raise StoppedError("stopped; nothing is kept (keep_partial=false)")
    if not film.complete:
        name = film.out if isinstance(film.out, Path) else "pipe"
        raise StoppedError(f"stopped: {name} holds what was done by then, with its sound")
    if several and isinstance(film.out, Path):
        note_made(film.out, asked)
        figures = {"frames_per_second": 1e3 / max(film.milliseconds["film"], 1e-9), "frames": float(film.n_frames)}
        figures |= film.sync[0].metrics() if film.sync else {}
        return RunResult(film.out, metric="frames_per_second", figures=figures, picture=film.sheet)
    return film.out if isinstance(film.out, Path) else None


def _existing(path: Path | None) -> Path | None:
    return path if path is not None and path.exists() else None


def build_pipeline(
    cfg: DictConfig, out: Out, avatars: MutableMapping[tuple[Path, ...], SpeakingPerson] | None = None
) -> TalkingHeadPipeline:
    """Load the speeches, bundles and footage that the config names.

    Args:
        cfg: config of infer.
        out: output of the video; its format determines whether there is an alpha channel.
        avatars: loaded avatars by their bundle folders; newly loaded ones are added.

    Raises:
        BeaverError: when speech, bundles or footage are missing or do not fit.
    """
    _settle(cfg)
    spoken = {subject: load_speech(path, cfg) for subject, path in speech_files(cfg).items()}
    if cfg.mode == "dub" and cfg.region == AUTO_REGION:
        cfg.region = _available_region(cfg, sorted(spoken))
    settings = film_settings(cfg, out)
    bundles = {subject: _bundles(cfg, subject) for subject in _cast(cfg, sorted(spoken), settings)}
    clip = _clip(cfg, settings)
    loaded = {} if avatars is None else avatars
    if any(is_general(found) for found in bundles.values()):
        print(GENERAL_LINE, flush=True)
    members = {subject: CastMember(found, spoken.get(subject)) for subject, found in bundles.items()}
    consent = consent_of(clip, [*bundles.values()])
    require_consent(consent, cfg.provenance.purpose, date.today(), required=False)
    signer = film_signer(cfg, settings, members, clip, consent)
    speakers = [Speaker(_loaded(cfg, found, clip, loaded), spoken.get(subject)) for subject, found in bundles.items()]
    return TalkingHeadPipeline(speakers, settings, clip, signer)


def load_avatar(cfg: DictConfig, avatars: MutableMapping[tuple[Path, ...], SpeakingPerson]) -> Avatar:
    """Return the avatar of the config's subject from `avatars`, or load its bundles and add it.

    Raises:
        BeaverError: when a bundle is missing, damaged, or does not fit the others.
    """
    _settle(cfg)
    avatar = _loaded(cfg, _avatar_bundles(cfg, int(cfg.subject)), None, avatars)
    assert isinstance(avatar, Avatar)
    return avatar


def load_person(cfg: DictConfig, avatars: MutableMapping[tuple[Path, ...], SpeakingPerson]) -> SpeakingPerson:
    """Return the config's subject: with head and torso where they are trained, else with the lower face alone.

    Raises:
        BeaverError: when neither is there, or a bundle is damaged.
    """
    try:
        return load_avatar(cfg, avatars)
    except BundleError:
        found = newest_bundle(LOWER_FACE, _search(cfg, int(cfg.subject)))
        if found is None or newest_bundle(TORSO, _search(cfg, int(cfg.subject))) is not None:
            raise
    return _loaded(cfg, find_speaking_person("dub", _search(cfg, int(cfg.subject))), None, avatars)


def load_drawn_person(cfg: DictConfig, avatars: MutableMapping[tuple[Path, ...], SpeakingPerson]) -> SpeakingPerson:
    """Return the config's subject with the lower face where it is trained, else as `load_person`.

    Raises:
        BeaverError: when neither is there, or a bundle is damaged.
    """
    _settle(cfg)
    search = _search(cfg, int(cfg.subject))
    if newest_bundle(LOWER_FACE, search) is None:
        return load_person(cfg, avatars)
    return _loaded(cfg, find_speaking_person("dub", search), None, avatars)


def load_live_person(
    cfg: DictConfig, avatars: MutableMapping[tuple[Path, ...], SpeakingPerson]
) -> tuple[SpeakingPerson, Clip | None, Consent | None]:
    """Return whom a live session shows, their footage and their consent record.

    The lower face in the footage where its bundle and the footage are there, else the generated head and torso.

    Raises:
        BeaverError: when a bundle is missing, damaged, or does not fit the others.
    """
    _settle(cfg)
    subject, clip = int(cfg.subject), _clip(cfg, FilmSettings())
    drawn = clip is not None and _available_region(cfg, [subject]) == LOWER_FACE
    bundles = find_speaking_person("dub", _search(cfg, subject)) if drawn else _avatar_bundles(cfg, subject)
    person = _loaded(cfg, bundles, clip if drawn else None, avatars)
    return person, clip, consent_of(clip, [bundles])


def _settle(cfg: DictConfig) -> None:
    """Check the config's nodes, and resolve `auto` settings."""
    if cfg.get("frame") is not None and cfg.frame.get("name") in (None, AUTO):
        # An experiment sets numbers of the canvas; only frame= selects one, and frame=auto the newest.
        cfg.frame = None
    validate_nodes(cfg)
    resolve_hardware(cfg)


def _loaded(
    cfg: DictConfig,
    bundles: dict[str, Path],
    clip: Clip | None,
    avatars: MutableMapping[tuple[Path, ...], SpeakingPerson],
) -> SpeakingPerson:
    """The avatar of these bundles, loaded unless it is in `avatars`."""
    key, sha256 = tuple(bundles.values()), None if clip is None else clip.sha256
    if key not in avatars or (sha256 and avatars[key].clip_sha256 != sha256):
        hardware = cfg.hardware
        if LOWER_FACE in bundles:
            avatars[key] = LowerFaceAvatar.load(bundles, sha256, render_device(hardware))
            return avatars[key]
        how = (hardware.backend, hardware.render, render_device(hardware), hardware.precision)
        avatars[key] = Avatar.load(bundles, sha256, *how)
    return avatars[key]


def load_speech(path: str, cfg: DictConfig) -> Speech:
    """Load a speech; of a file with several sound tracks, the one of `audio_track`.

    Raises:
        BeaverError: when the file cannot be read or is silent, or there is no such track.
    """
    track, line = choose_speech_track(path, str(cfg.audio_track))
    if line is not None:
        print(line, flush=True)
    return Speech.from_file(path, track)


def speech_files(cfg: DictConfig) -> dict[int, str]:
    """Speech file of each speaking subject: subject -> file.

    Raises:
        BeaverError: when there is no speech, or two files for one person.
    """
    chosen = {int(subject): path for subject, path in cfg.speech.items() if path is not None}
    if chosen and cfg.audio not in (None, cfg.data.speech):
        raise ConfigError("audio= is for one person and speech.<number>= for several; give one kind of them.")
    if chosen:
        return chosen
    if cfg.audio is None:
        raise ConfigError("audio is not set; add audio=speech.wav, any audio or video file with speech in it.")
    return {int(cfg.subject): cfg.audio}


def _path(cfg: DictConfig) -> Path:
    return _default_path(cfg) if cfg.out is None else Path(cfg.out)


def _default_path(cfg: DictConfig) -> Path:
    """Where a film goes that was given no name."""
    said = "_".join(Path(path).stem for _, path in sorted(speech_files(cfg).items()))
    return Path(cfg.paths.runs) / cfg.data.name / "infer" / f"{said}_{cfg.mode}.mp4"


def _search(cfg: DictConfig, subject: int | None) -> BundleQuery:
    chosen = experiment_of_slug(cfg.run.slug)
    frame = None if cfg.get("frame") is None else frame_spec(cfg.frame)
    slug, canvas = (None, "") if frame is None else (frame.slug, f" {frame.overrides}")
    return BundleQuery(
        Path(cfg.paths.runs), cfg.data.name, None if chosen == DEFAULT else chosen, slug, subject, canvas
    )


def _cast(cfg: DictConfig, speaking: list[int], settings: FilmSettings) -> list[int]:
    """Subjects of the video: those who speak, and in avatar mode all other trained ones."""
    if settings.keeps_silent_people:
        return speaking
    renderer = LOWER_FACE if settings.draws_lower_face else TORSO
    return sorted({*speaking, *trained_subjects(renderer, _search(cfg, None))})


def _available_region(cfg: DictConfig, speaking: list[int]) -> str:
    """What a dub changes where nobody said: the lower face where everybody who speaks has its bundle, else the head."""
    chosen_canvas = cfg.get("frame") is not None
    there = [newest_bundle(LOWER_FACE, _search(cfg, subject)) is not None for subject in speaking]
    return LOWER_FACE if all(there) and not chosen_canvas else "head"


def _bundles(cfg: DictConfig, subject: int) -> dict[str, Path]:
    if cfg.mode == "dub" and cfg.region == LOWER_FACE:
        return find_speaking_person("dub", _search(cfg, subject))
    return _avatar_bundles(cfg, subject)


def _avatar_bundles(cfg: DictConfig, subject: int) -> dict[str, Path]:
    """Bundles of head and torso and what moves them; without a frame= the head goes with the newest torso's canvas."""
    search = _search(cfg, subject)
    torso = newest_bundle(TORSO, search)
    if torso is not None and search.frame is None:
        frame = Manifest.read(torso, RendererFacts).facts.frame
        search = BundleQuery(search.runs, search.clip, search.experiment, frame, subject)
    return find_speaking_person("infer", search)


def _clip(cfg: DictConfig, settings: FilmSettings) -> Clip | None:
    folder = Path(cfg.paths.runs) / cfg.data.name / "clip"
    if (folder / MANIFEST).exists():
        return Clip.load(folder)
    if settings.mode == "dub":
        command = f"beavervision prepare {person_arguments(cfg.data.name, cfg.paths.runs)} data.video=<footage>"
        raise ClipError(f"mode=dub needs the footage, and {folder} is not there; make it with: {command}")
    return None


def _renderer_line(settings: FilmSettings) -> str:
    """One line: what a dub renders with."""
    if settings.draws_lower_face:
        detail = " and the footage's own detail" if settings.detail else ""
        return f"dub: mouth and chin by lower_face{detail}; region=head renders the whole head"
    part = "its lower part" if settings.region == "head_lower_face" else "the whole head"
    detail = " and the footage's own detail" if settings.detail else ""
    return f"dub: {part} by radnerf_head{detail}; model=lower_face trains what keeps the footage sharper"


def _shoot(maker: TalkingHeadPipeline, out: Out, cfg: DictConfig) -> FilmResult | None:
    # A pipe is hashed as it is written; its credentials go to the person's folder.
    pipe = None if isinstance(out, Path) else HashingPipe(out)
    with progress_bar(maker.n_frames) as shown, catch_interruption("stopping after this frame") as asked:
        film = maker.write(out if pipe is None else cast(BinaryIO, pipe), shown, asked, keep_partial=cfg.keep_partial)
    if film is not None and pipe is not None and isinstance(maker.signer, FilmSigner):
        maker.signer.sign_stream(pipe.sha256, _default_path(cfg).with_suffix(".nut"))
    return film


def _tell(film: FilmResult | None, cfg: DictConfig, maker: TalkingHeadPipeline) -> None:
    """Print the path of the video, the time of each part, and suggestions."""
    if film is None:
        return
    name = film.out if isinstance(film.out, Path) else "pipe"
    parts = ", ".join(f"{part} {value:.0f}" for part, value in film.milliseconds.items())
    busy = f"slowest thread at work {100 * film.busiest:.0f} % of it"
    print(f"{name}: {film.n_frames} frames, {film.n_frames / film.fps:.1f} s (ms a frame: {parts}; {busy})")
    print(credentials_line(maker.signer if isinstance(maker.signer, FilmSigner) else None))
    if film.sheet is not None:
        print(f"contact sheet: {film.sheet}")
    if film.card is not None:
        print(f"sync card: {film.card}  ({film.sync[0].line})")
    if not film.complete:
        return
    other = "dub" if maker.settings.mode == "avatar" else "avatar"
    said = " ".join(f"speech.{i}={path}" for i, path in speech_files(cfg).items() if cfg.audio is None)
    person = person_arguments(cfg.data.name, cfg.paths.runs)
    print(f"next: python infer.py {person} {said or f'audio={cfg.audio}'} mode={other}")
    sys.stdout.flush()
