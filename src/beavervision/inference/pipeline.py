"""From speech and bundles to a film."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import numpy as np
from av.video.reformatter import Colorspace
from jaxtyping import Float

from beavervision.artifacts.clip import Clip
from beavervision.errors import ConfigError
from beavervision.inference.avatar import Avatar
from beavervision.inference.avatar_compositor import Scene
from beavervision.inference.background import PLATE, SOURCE, Background, remove_people
from beavervision.inference.background import Picture as BackgroundImage
from beavervision.inference.blinking import eyelid_closure
from beavervision.inference.compositor import AvatarCompositor, DubCompositor, FrameImage, FrameStream, marked
from beavervision.inference.driver import MotionDriver, MotionTrack
from beavervision.inference.dub_compositor import Dubber
from beavervision.inference.frame_path import PingPongPath, film_positions, visibility_fade
from beavervision.inference.lip_record import LEAST_S, MEASURED_S, LipRecord
from beavervision.inference.lower_face_avatar import LowerFaceAvatar
from beavervision.inference.lower_face_dub import LowerFaceStream
from beavervision.inference.lower_face_track import LowerFaceTrack
from beavervision.inference.own_motion_cache import OwnMotionCache
from beavervision.inference.pose_selection import choose_pose_source
from beavervision.inference.pose_source import PoseSource
from beavervision.inference.settings import FilmSettings
from beavervision.inference.source_reader import SourceFrame, SourceReader
from beavervision.inference.speakers import Speaker, check_speakers
from beavervision.inference.speaking_person import SpeakingPerson
from beavervision.inference.speech import mix_speeches
from beavervision.inference.stage_timer import StageTimer
from beavervision.inference.subject_track import SubjectTrack
from beavervision.video.film_writer import Signer
from beavervision.video.planar_picture import Picture, stored_matrix
from beavervision.video.prefetch import prefetch
from beavervision.video.sheet import ContactSheet
from beavervision.video.writers import Out, encodes_planes, film_writer, sheet_of

if TYPE_CHECKING:
    from beavervision.inference.sync_figures import SyncComparison

SOUND_RATE = 48_000
"""Samples per second of the sound that is written: that of video."""

FADE = 0.2
"""Seconds over which the source's head gives way to the generated one where the subject comes into view."""


ChangedT = TypeVar("ChangedT")

THREADS = (("motion",), ("decode",), ("head", "torso", "stack", "draw"), ("composite",), ("encode",))
"""Parts that run one after the other, in a thread each."""


@dataclass(frozen=True)
class FilmResult:
    """A film that was made."""

    out: Out
    sheet: Path | None
    """Contact sheet beside it; None where there is none."""
    n_frames: int
    fps: float
    milliseconds: dict[str, float]
    """Of each part, for one frame; `film` is the wall time of the whole."""
    complete: bool = True
    """False when it was stopped before its end."""
    card: Path | None = None
    """Sync card beside it; None where there is none."""
    sync: Sequence[SyncComparison] = ()
    """Figures of the card, of everybody who speaks."""

    @property
    def busiest(self) -> float:
        """Share of the wall time in which the slowest thread was at work: at 1 nothing holds it up."""
        threads = [sum(self.milliseconds.get(part, 0.0) for part in parts) for parts in THREADS]
        return max(threads) / max(self.milliseconds["film"], 1e-9)


class TalkingHeadPipeline:
    """Makes people say their speeches.

    Args:
        speakers: who says what; at least one of them speaks.
        settings: how.
        clip: the footage; a dub needs it, and `background=source` and `fps=source`.
        signer: signs what `write` writes; None leaves it unsigned.

    Raises:
        ConfigError: when the footage is needed and not there, the speakers do not go together, or nobody is there to
            take poses from.
    """

    def __init__(
        self,
        speakers: Sequence[Speaker],
        settings: FilmSettings,
        clip: Clip | None = None,
        signer: Signer | None = None,
    ) -> None:
        check_speakers(speakers, settings, clip)
        self.settings, self.clip, self.signer, self.timer = settings, clip, signer, StageTimer()
        self._stored = False
        self._lips: dict[int, LipRecord] = {}
        self.speakers = [one for one in speakers if one.speech or not settings.keeps_silent_people]
        self.speeches = [one.speech for one in speakers if one.speech]
        self._clip_fps, self.size = self.speakers[0].avatar.fps, self.speakers[0].avatar.footage_size
        self._label, self._mark = settings.disclosure_label(self.size), settings.invisible_mark(self.size)
        self.fps = settings.film_fps(self._clip_fps, clip)
        self._end = max(speech.n_frames(self._clip_fps) for speech in self.speeches)
        self.n_frames = self._end if self.fps == self._clip_fps else self._at_rate()
        if settings.ends_with_footage and clip is not None:
            self._end = min(self._end, clip.n_frames)
            first, last = self._stretch(clip)
            self.n_frames = min(self.n_frames, last - first + 1)
        self._positions = film_positions(np.arange(self.n_frames), self.fps, self._clip_fps, self._end)
        self._pose_sources = [self._pose_source(one) for one in self.speakers]

    def frames(self) -> Generator[FrameImage, None, None]:
        """The film's frames, at the footage's own size, one after the other; closing it stops all work."""
        return map_frames(lambda picture: picture.rgb, self.pictures(stored=False))

    def pictures(self, *, stored: bool) -> Generator[Picture, None, None]:
        """The film's frames.

        Args:
            stored: whether frames of a dub stay as they are stored in the footage where nothing changes.
        """
        label, self._stored = self._label, stored and self.settings.mode == "dub"
        if label is None:
            return self._pictures()
        return map_frames(lambda picture: picture.with_rgb(label.draw(picture.rgb)), self._pictures())

    def _pictures(self) -> Generator[Picture, None, None]:
        """The frames without a label."""
        batch, settings = self.settings.batch, self.settings
        if settings.draws_lower_face and self.clip is not None:
            tracks = [
                self._lower_face_track(one, how) for one, how in zip(self.speakers, self._pose_sources, strict=True)
            ]
            source = self._source(self.clip)
            caches = [self._own_motion_cache(track) for track in tracks]
            return LowerFaceStream(
                tracks, source, self._positions, batch, self.timer, settings.detail, caches, self._mark
            ).frames()
        tracks = [self._subject_track(one, how) for one, how in zip(self.speakers, self._pose_sources, strict=True)]
        if settings.mode == "dub" and self.clip is not None:
            compositor = marked(DubCompositor(Dubber(self.clip.plate())), self._mark)
            return FrameStream(tracks, compositor, self._source(self.clip), self._positions, batch, self.timer).frames()
        scenes = marked(AvatarCompositor([Scene.of(track.avatar) for track in tracks], self.size), self._mark)
        return FrameStream(tracks, scenes, self._backdrop(), self._positions, batch, self.timer).frames()

    def write(
        self,
        out: Out,
        report: Callable[[int], None] = lambda done: None,
        stop: Callable[[], bool] = lambda: False,
        *,
        keep_partial: bool = True,
    ) -> FilmResult | None:
        """Write the film with its sound, and a contact sheet beside it; whole or not at all.

        Args:
            out: see `video.writers.film_writer`.
            report: called after every frame with the number of frames done.
            stop: asked after every frame whether to end there.
            keep_partial: whether a film that was stopped is kept, with the sound of what it shows.

        Returns:
            The film; None when it was stopped and not kept.

        Raises:
            ConfigError: when the place cannot be written to.
        """
        begun, sheet, alpha = time.perf_counter(), ContactSheet(self.n_frames), self.settings.is_transparent
        options = {"crf": self.settings.crf, "preset": self.settings.preset, "alpha": alpha, "signer": self.signer}
        stored = encodes_planes(out) and not alpha
        if stored and (matrix := self._stored_matrix()) is not None:
            options["matrix"] = matrix
        sound = mix_speeches(self.speeches, SOUND_RATE)
        try:
            with film_writer(out, *self.size, self.fps, audio=sound, audio_rate=SOUND_RATE, **options) as writer:
                self._record(self.pictures(stored=stored), writer.write, sheet, report, stop)
                complete = writer.n_frames == self.n_frames
                if not complete and not keep_partial:
                    raise _DroppedError
                writer.cut_sound = self.settings.ends_with_footage or not complete
        except _DroppedError:
            return None
        self.timer.seconds["film"] = time.perf_counter() - begun
        place = sheet_of(out)
        found = sheet.save(place) if place is not None and sheet.n_pictures else None
        milliseconds = self.timer.milliseconds_per_frame(writer.n_frames)
        card, sync = self._sync_card(place, writer.n_frames)
        return FilmResult(out, found, writer.n_frames, self.fps, milliseconds, complete, card, sync)

    def _sync_card(self, place: Path | None, n_frames: int) -> tuple[Path | None, list[SyncComparison]]:
        """Measure whoever speaks, and write the card beside the contact sheet; nothing for a film that is too short."""
        seconds = n_frames / self.fps
        if place is None or seconds < LEAST_S:
            return None, []
        # They import what would delay the first frame.
        from beavervision.inference.sync_card import save_sync_card
        from beavervision.inference.sync_measurement import compare_with_footage

        spoken = {one.avatar.subject: one for one in self.speakers if one.speech is not None}
        people = [compare_with_footage(spoken[who], record, self.clip) for who, record in self._lips.items()]
        sync = [one for one in people if one is not None]
        if not sync:
            return None, []
        title = f"{place.stem}: {self.settings.mode}, {seconds:.1f} s"
        return save_sync_card(place, title, sync), sync

    def _record(
        self,
        pictures: Generator[Picture, None, None],
        write: Callable[[Picture], None],
        sheet: ContactSheet,
        report: Callable[[int], None],
        stop: Callable[[], bool],
    ) -> None:
        with closing(pictures):
            for index, picture in enumerate(pictures):
                if sheet.wants(index):
                    sheet.see(index, picture.rgb)
                with self.timer.measure("encode"):
                    write(picture)
                report(index + 1)
                if stop() and index + 1 < self.n_frames:
                    return

    def _at_rate(self) -> int:
        """Frames of the film at a rate other than the clip's."""
        return max(1, int(np.ceil(max(speech.seconds for speech in self.speeches) * self.fps - 1e-6)))

    def _pose_source(self, one: Speaker) -> PoseSource:
        if self.settings.mode == "avatar":
            return choose_pose_source(one, self.settings, self.clip, self._end)
        # Whole ticks of the film, so that every pose is that of the very frame that is shown.
        first, last = self._stretch(self.clip) if self.clip else (0, 0)
        tick = self._clip_fps / self.fps
        return PoseSource(one.avatar.track, PingPongPath(first * tick, last * tick), 1)

    def _stretch(self, clip: Clip) -> tuple[int, int]:
        """First and last frame of the footage that a dub shows, at the film's rate.

        Raises:
            ConfigError: when the footage has no such frames.
        """
        first, last = 0, self._reader(clip).n_frames - 1
        if span := self.settings.pose_frames:
            ticks = self.fps / self._clip_fps
            first, last = int(np.ceil(span[0] * ticks)), min(last, int(np.floor((span[1] - 1) * ticks)))
        if last < first:
            raise ConfigError(
                f"Clip {clip.name} has frames 0-{clip.n_frames - 1}; choose a pose=<first>-<last> within them."
            )
        return first, last

    def _lower_face_track(self, one: Speaker, how: PoseSource) -> LowerFaceTrack:
        assert isinstance(one.avatar, LowerFaceAvatar)
        return LowerFaceTrack(one.avatar, how, self._motion_track(one), _shares(one.avatar), self._lip_record(one))

    def _own_motion_cache(self, track: LowerFaceTrack) -> OwnMotionCache | None:
        renderer = track.avatar.lower_face
        if not self.settings.cache or not self.settings.detail:
            return None
        return OwnMotionCache.beside(renderer.folder, renderer.geometry.size)

    def _motion_track(self, one: Speaker) -> MotionTrack:
        """What a person's mouth does, computed on demand."""
        pieces, count = iter(()), 0
        if one.speech is not None:
            conditions = MotionDriver(one.avatar, self.settings.controls).conditions(one.speech)
            pieces = prefetch(self.timer.measure_each("motion", conditions), 1)
            count = one.speech.n_frames(one.avatar.fps)
        return MotionTrack(pieces, count, one.avatar.rest)

    def _subject_track(self, one: Speaker, how: PoseSource) -> SubjectTrack:
        settings, avatar, motion = self.settings, one.avatar, self._motion_track(one)
        assert isinstance(avatar, Avatar)
        if settings.mode == "dub":
            lower = settings.region == "head_lower_face"
            options = {"shares": _shares(avatar), "lower_only": lower, "detail": settings.detail}
            return SubjectTrack(avatar, how, motion, self._end, **options, lips=self._lip_record(one))
        # People who sit side by side do not blink together.
        seed = settings.controls.seed + avatar.subject
        shut = eyelid_closure(settings.controls.blink, self._end, avatar.fps, seed, avatar.track.eye_open)
        return SubjectTrack(avatar, how, motion, self._end, shut, lips=self._lip_record(one))

    def _lip_record(self, one: Speaker) -> LipRecord | None:
        """What records the lips of somebody who speaks."""
        if one.speech is None:
            return None
        record = LipRecord(one.avatar.face_model, MEASURED_S * one.avatar.fps)
        self._lips[one.avatar.subject] = record
        return record

    def _reader(self, clip: Clip) -> SourceReader:
        people = tuple(one.avatar.subject for one in self.speakers)
        lower_face = self.settings.draws_lower_face
        stored = self._stored and self._keeps_stored(clip)
        return SourceReader(clip, self.fps, people, with_mattes=not lower_face, stored=stored)

    def _keeps_stored(self, clip: Clip) -> bool:
        """Whether the footage's frames can be passed on: in a dub of footage that is not turned or deinterlaced."""
        return self.settings.mode == "dub" and clip.facts.turn == 0 and clip.facts.fields == "off"

    def _stored_matrix(self) -> Colorspace | None:
        """Matrix of the footage where a dub passes its stored frames on; the film then has the same."""
        clip = self.clip
        return stored_matrix(clip.video) if clip is not None and self._keeps_stored(clip) else None

    def _source(self, clip: Clip) -> Iterator[SourceFrame]:
        reader = self._reader(clip)
        ticks = np.rint(self._pose_sources[0].path.at(self._positions) * (self.fps / self._clip_fps)).astype(np.int64)
        return reader.read(np.clip(ticks, 0, reader.n_frames - 1))

    def _backdrop(self) -> Iterator[BackgroundImage | None]:
        if self.settings.background == SOURCE and self.clip is not None:
            plate = self.clip.plate()
            return (remove_people(frame, plate) for frame in self._source(self.clip))
        choice = PLATE if self.settings.background == "auto" else self.settings.background
        first = self.speakers[0].avatar
        assert isinstance(first, Avatar)
        return Background.of(choice, self.size, first.plate()).frames(self.fps)


def _shares(person: SpeakingPerson) -> Float[np.ndarray, "N"]:
    """How much of the generated face each frame of the footage shows."""
    return visibility_fade(person.track.visible, round(FADE * person.fps))


def map_frames(
    change: Callable[[Picture], ChangedT], frames: Generator[Picture, None, None]
) -> Generator[ChangedT, None, None]:
    """Yield changed frames; closing it closes the frames."""
    with closing(frames):
        yield from map(change, frames)


class _DroppedError(Exception):
    """A film was stopped and is not wanted."""
