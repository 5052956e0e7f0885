"""StreamingSession: sound goes in while it is spoken, and frames of a speaking person come out with their sound."""

from __future__ import annotations

from collections import deque
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, replace
from functools import partial
from threading import Lock

import numpy as np
from jaxtyping import Float

from beavervision.audio.streaming_resample import check_rate
from beavervision.errors import AudioError
from beavervision.inference.live.activity import StreamingActivity
from beavervision.inference.live.async_frames import iterate_in_thread
from beavervision.inference.live.blinks import BlinkStream
from beavervision.inference.live.clock import Clock, SystemClock
from beavervision.inference.live.deferred_motion import DeferredMotion, PlannedMouth
from beavervision.inference.live.face import Image, LiveFace
from beavervision.inference.live.frame import LiveFrame
from beavervision.inference.live.pcm import mono_samples
from beavervision.inference.live.pictures import PictureCounts, PicturePool, PictureQueue, shared_pool
from beavervision.inference.live.settings import LiveSettings
from beavervision.inference.live.sound_edges import faded_in, silence_after
from beavervision.inference.live.speech_segment import SpeechFrame, SpeechSegment

RISE, FALL = 1 / 3, 1 / 5
"""Change of the speech's share of the mouth in a frame: lips open within 0.12 s and come to rest within 0.2 s."""


@dataclass
class _Tick:
    """A frame that is planned but not shown yet."""

    index: int
    sound: Float[np.ndarray, "n"]
    mouth: PlannedMouth
    speech: int | None = None
    played: float = 0.0
    ended: bool = False
    interrupted: bool = False


class StreamingSession:
    """A live person for one viewer. Several sessions may share one face.

    The sound is the master: every frame leaves at its time with its sound. A picture that is not ready then is
    dropped, and the one before is shown again. Frames are planned in the thread that iterates over the session; their
    motion is computed and their pictures are drawn in a pool of threads. `push`, `end_speech` and `interrupt` may be
    called from any thread.

    Args:
        face: the person.
        settings: latency and rates.
        clock: the time.
        pool: draws the pictures; by default two threads for all sessions.

    Example:
        session = StreamingSession(face)
        threading.Thread(target=feed, args=(session,)).start()  # calls session.push(samples, 16_000)
        for frame in session:
            show(frame.image, frame.sound)
    """

    def __init__(
        self,
        face: LiveFace,
        settings: LiveSettings | None = None,
        clock: Clock | None = None,
        pool: PicturePool | None = None,
    ) -> None:
        self.face, self.settings, self.clock = face, settings or LiveSettings(), clock or SystemClock()
        self.fps, self.sound_rate = face.fps, self.settings.sound_rate
        controls = self.settings.controls
        self._new_motion, self._activity = face.motion_maker(controls), StreamingActivity(face.fps)
        self._blinks = BlinkStream.of(controls)
        self._pictures = PictureQueue(pool or shared_pool(), face.draw(0, None))
        self._lock = Lock()
        self._start: float | None = None
        # What was pushed: time, samples and their rate, or no samples for the end of a speech. It waits here for the
        # thread that plans, so that a push never waits for the motion.
        self._inbox: deque[tuple[float, Float[np.ndarray, "n"] | None, int]] = deque()
        self._speeches: deque[SpeechSegment] = deque()
        self._count, self._next = 0, 0
        self._planned: deque[_Tick] = deque()
        self._weight, self._resuming = 0.0, False
        self._planned_level = self._shown_level = 0.0
        self._motion: DeferredMotion | None = None
        self._motion_lock, self._motion_frame = Lock(), 0
        self._heard: tuple[int | None, float] = (None, 0.0)
        self._closed = False
        self.stalls = 0
        """How often a speech ran out of sound and went on later."""

    @property
    def counts(self) -> PictureCounts:
        """How many pictures were shown, repeated and dropped."""
        return self._pictures.counts

    @property
    def n_speeches(self) -> int:
        """Number of speeches that have begun; the next one gets this number."""
        return self._count

    @property
    def queued(self) -> float:
        """Seconds of sound that wait to be played."""
        pushed = sum(len(samples) / rate for _, samples, rate in tuple(self._inbox) if samples is not None)
        return pushed + sum(speech.waiting for speech in tuple(self._speeches))

    @property
    def idle(self) -> bool:
        """Whether everything that was pushed has been heard."""
        with self._lock:
            return not self._inbox and not self._speeches and all(tick.speech is None for tick in self._planned)

    def push(self, pcm: bytes | np.ndarray, sample_rate: int, channels: int = 1, form: str = "s16le") -> None:
        """Append sound, in packets of any size. It is heard `settings.latency` later, or after what waits.

        Args:
            pcm: bytes, or an array [N] or [N, channels] of integers or floats; see `live.pcm.mono_samples`.
            sample_rate: samples per second, 8,000 to 192,000.
            channels: of bytes and of flat arrays, interleaved.
            form: of bytes: `s16le` or `f32le`.

        Raises:
            AudioError: when the sound is malformed, or more waits than `settings.queue`.
        """
        samples = mono_samples(pcm, channels, form)
        check_rate(sample_rate)
        if not len(samples):
            return
        if self.queued + len(samples) / sample_rate > self.settings.queue:
            raise AudioError(f"more than {self.settings.queue:g} s of speech are waiting; send them later.")
        self._inbox.append((self.clock.now(), samples, sample_rate))

    def end_speech(self) -> None:
        """Say that the speech is complete: its rest is played, and the next sound begins a new speech."""
        self._inbox.append((self.clock.now(), None, 0))

    def interrupt(self) -> float:
        """Stop speaking: discard all sound that was not heard, and shut the mouth with the second frame from now.

        Returns:
            Seconds of the current speech that have been heard.
        """
        with self._lock:
            self._empty_inbox()
            numbers = [tick.speech for tick in self._planned if tick.speech is not None]
            numbers += [speech.number for speech in self._speeches]
            heard = self._heard[1] if numbers[:1] == [self._heard[0]] else 0.0
            self._speeches.clear()
            self._silence(numbers[0] if numbers else None, heard)
            return heard

    def close(self) -> None:
        """End the session: iteration stops before the next frame."""
        self._closed = True

    def __iter__(self) -> Iterator[LiveFrame]:
        """Yield the frames, each at its time, until the session is closed."""
        self._start, index = self.clock.now(), 0
        try:
            while not self._closed:
                self._wait_for(index)
                yield self._show(index)
                index += 1
        finally:
            self._pictures.close()

    async def __aiter__(self) -> AsyncIterator[LiveFrame]:
        """Yield the frames in an event loop; they are computed in a thread."""
        async for frame in iterate_in_thread(self):
            yield frame

    def _due(self, index: int) -> float:
        """Time at which a frame leaves."""
        return (self._start or 0.0) + index / self.fps

    def _begin(self, index: int) -> float:
        """Time at which a frame's picture is begun."""
        return self._due(index) - self.settings.lead

    def _elapsed(self, now: float) -> float:
        return 0.0 if self._start is None else max(0.0, now - self._start)

    def _wait_for(self, index: int) -> None:
        """Return when it is time for a frame; plan frames in the meantime, each `lead` before its time."""
        ahead = int(np.ceil(self.settings.lead * self.fps))
        while True:
            now = self.clock.now()
            while self._next <= index or (self._next <= index + ahead and self._begin(self._next) <= now):
                self._plan(self._next, now)
            if now >= self._due(index):
                return
            self.clock.sleep_until(min(self._due(index), max(now, self._begin(self._next))))

    def _plan(self, index: int, now: float) -> None:
        """Decide what is heard and seen in a frame, and have its picture drawn."""
        with self._lock:
            self._empty_inbox()
            tick = self._tick(index, now)
            self._planned.append(tick)
            self._next = index + 1
            if now < self._due(index) or index == 0:
                self._pictures.request(index, partial(self._draw, index, tick.mouth))
            else:
                self.counts.dropped += 1

    def _tick(self, index: int, now: float) -> _Tick:
        count = round((index + 1) * self.sound_rate / self.fps) - round(index * self.sound_rate / self.fps)
        closure = self._blinks.closure(index / self.fps)
        speech, frame = self._speech_frame(index, count, now)
        wanted = 1.0 if frame is not None and frame.active else 0.0
        self._weight = min(max(wanted, self._weight - FALL), self._weight + RISE)
        if frame is not None and speech is not None:
            self._motion, self._motion_frame = speech.motion, frame.index
        mouth = PlannedMouth(self._motion, self._motion_frame, self._weight, closure)
        if frame is None or speech is None:
            sound = silence_after(self._planned_level, count, self.sound_rate)
            self._planned_level = 0.0
            number = None if speech is None else speech.number
            return _Tick(index, sound, mouth, number, 0.0 if speech is None else speech.taken, speech is not None)
        sound = faded_in(frame.sound, self.sound_rate) if self._resuming else frame.sound
        self._planned_level, self._resuming = float(sound[-1]), False
        return _Tick(index, sound, mouth, speech.number, speech.taken, frame.last)

    def _draw(self, index: int, mouth: PlannedMouth) -> Image:
        """The picture of a frame; called in a thread of the pool."""
        return self.face.draw(index, mouth.mouth())

    def _speech_frame(self, index: int, count: int, now: float) -> tuple[SpeechSegment | None, SpeechFrame | None]:
        """The next frame of the current speech; a speech without a frame has just ended."""
        while self._speeches:
            speech = self._speeches[0]
            if index < speech.begin:
                return None, None
            if not speech.n_ready and now - speech.last_push > self.settings.patience:
                speech.end()
            if speech.n_ready > 0:
                frame = speech.take(count)
                if frame.last:
                    self._speeches.popleft()
                return speech, frame
            if speech.ended:
                self._speeches.popleft()
                return speech, None
            speech.stalled = self._resuming = True
            return None, None
        return None, None

    def _empty_inbox(self) -> None:
        while self._inbox:
            moment, samples, rate = self._inbox.popleft()
            if samples is not None:
                self._open_speech(moment).push(samples, rate, moment)
            elif self._speeches:
                self._speeches[-1].end()

    def _open_speech(self, now: float) -> SpeechSegment:
        """The speech that sound is appended to: the last one unless it has ended, else a new one."""
        when = self._elapsed(now) + self.settings.latency
        if self._speeches and not self._speeches[-1].ended:
            speech = self._speeches[-1]
            if speech.stalled:
                # With as much in hand as at first, so that a slow source stalls once and not at each packet.
                speech.stalled, speech.begin = False, int(np.ceil(when * self.fps))
                self.stalls += 1
            return speech
        # The speech's frames coincide with the session's: a part of a frame is silence before its first sample.
        begin = int(when * self.fps)
        offset = when - begin / self.fps if begin >= self._next else 0.0
        motion = DeferredMotion(self._new_motion(), self.face.window, self._motion_lock, self._motion)
        speech = SpeechSegment(
            motion, self._activity, self.fps, self.sound_rate, self._count, max(begin, self._next), offset
        )
        self._count += 1
        self._speeches.append(speech)
        return speech

    def _silence(self, speech: int | None, heard: float) -> None:
        """Make what is planned idle and silent; the first frame's mouth is half as open."""
        for position, tick in enumerate(self._planned):
            tick.mouth = replace(tick.mouth, weight=tick.mouth.weight / 2 if position == 0 else 0.0)
            level = self._shown_level if position == 0 else 0.0
            tick.sound = silence_after(level, len(tick.sound), self.sound_rate)
            ends = position == 0 and speech is not None
            tick.speech, tick.played, tick.ended = (speech, heard, True) if ends else (None, 0.0, False)
            tick.interrupted = ends
            redraw = self._pictures.replace if position == 0 else self._pictures.request
            redraw(tick.index, partial(self._draw, tick.index, tick.mouth))
        self._weight, self._planned_level, self._resuming = 0.0, 0.0, False
        self._motion = None

    def _show(self, index: int) -> LiveFrame:
        with self._lock:
            tick = self._planned.popleft()
            image, fresh = self._pictures.show(index)
            picture = max(0, self._pictures.shown_tick)
            if tick.speech is not None:
                self._heard = tick.speech, tick.played
            self._shown_level = float(tick.sound[-1]) if len(tick.sound) else 0.0
        return LiveFrame(
            index=index,
            time=index / self.fps,
            image=image,
            sound=tick.sound,
            sample_rate=self.sound_rate,
            speaking=tick.speech is not None and not tick.interrupted,
            fresh=fresh,
            picture=picture,
            speech=tick.speech,
            played=tick.played,
            ended=tick.ended,
            interrupted=tick.interrupted,
        )
