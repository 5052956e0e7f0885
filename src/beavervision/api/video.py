"""Result of `Avatar.speak` and `Avatar.dub`: frames with sound, or a video file."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Float, UInt8

from beavervision.api.session import Progress
from beavervision.errors import ConfigError
from beavervision.inference.pipeline import SOUND_RATE, TalkingHeadPipeline
from beavervision.inference.speech import mix_speeches
from beavervision.video.sound_feed import Pieces
from beavervision.workflows.film_provenance import UNSIGNED
from beavervision.workflows.progress import progress_bar


@dataclass(frozen=True)
class Frame:
    """One frame of a talking video."""

    image: UInt8[np.ndarray, "H W c"]
    """RGB, or RGBA where `background="none"`; 0 to 255."""
    time: float
    """Seconds from the start of the video."""
    sound: Float[np.ndarray, "n"]
    """Mono samples in [-1, 1] from this frame to the next."""
    sample_rate: int
    """Samples per second."""


class TalkingVideo:
    """A talking video, rendered when it is iterated or saved.

    Args:
        make_pipeline: returns a new pipeline for a file of this name.
        progress: see `Avatar.speak`.

    Example:
        >>> video = avatar.speak("speech.wav")  # doctest: +SKIP
        >>> for frame in video:  # doctest: +SKIP
        ...     print(frame.time, frame.image.shape, len(frame.sound))
    """

    def __init__(self, make_pipeline: Callable[[Path], TalkingHeadPipeline], progress: Progress = None) -> None:
        self._make, self._progress = make_pipeline, progress
        pipeline = make_pipeline(Path("video.mp4"))
        self._fresh: TalkingHeadPipeline | None = pipeline
        self.fps = float(pipeline.fps)
        """Frames per second."""
        self.size: tuple[int, int] = pipeline.size
        """Width and height in pixels."""
        self.n_frames = int(pipeline.n_frames)
        """Number of frames."""
        self.sample_rate = SOUND_RATE
        """Samples per second of the sound."""
        self.path: Path | None = None
        """Path of the last file that `save` wrote."""
        self._timings: dict[str, float] = {}
        self._sync: dict[str, float] = {}

    def __len__(self) -> int:
        return self.n_frames

    def __iter__(self) -> Iterator[Frame]:
        """Render the frames one after the other; memory use does not depend on the length of the speech."""
        pipeline, self._fresh = self._fresh or self._make(Path("video.mp4")), None
        sound, begun, done = Pieces(mix_speeches(pipeline.speeches, SOUND_RATE)), time.perf_counter(), 0
        with closing(pipeline.frames()) as images:
            for index, image in enumerate(images):
                first, last = (round(i * SOUND_RATE / self.fps) for i in (index, index + 1))
                samples = np.asarray(sound.take(last - first), np.float32)
                samples = np.pad(samples, (0, last - first - len(samples)))
                done = index + 1
                if callable(self._progress):
                    self._progress("render", done, self.n_frames)
                yield Frame(image, index / self.fps, samples, SOUND_RATE)
        self._timings = pipeline.timer.milliseconds_per_frame(done)
        self._timings["film"] = 1000 * (time.perf_counter() - begun) / max(done, 1)

    def save(self, out: str | Path) -> Path:
        """Write the video with its sound, signed with content credentials; a contact sheet and a sync card beside it.

        `.webm` and PNG files cannot carry credentials; theirs lie beside them in a `.c2pa` file.

        Args:
            out: `.mp4`, `.webm` (with alpha where the background is `none`), `.mov` (with alpha where it is `auto` or
                `none`), or a pattern of PNG files such as `folder/%05d.png`.

        Returns:
            Path of the file.

        Raises:
            ConfigError: when the format is unknown.
            StorageError: when the file cannot be written.

        Example:
            >>> avatar.speak("speech.wav").save("talk.mp4")  # doctest: +SKIP
        """
        if str(out) == "-":
            raise ConfigError("out=- is for the command line; iterate over the video instead.")
        path = Path(out)
        pipeline = self._make(path)
        if callable(self._progress):
            report = self._progress
            film = pipeline.write(path, lambda done: report("render", done, self.n_frames))
        elif self._progress is False:
            film = pipeline.write(path)
        else:
            with progress_bar(self.n_frames) as shown:
                film = pipeline.write(path, shown)
        if film is not None:
            self._timings = dict(pipeline.timer.milliseconds_per_frame(film.n_frames))
            self._sync = film.sync[0].metrics() if film.sync else {}
        if pipeline.signer is None and self._progress in (None, True):
            print(UNSIGNED)
        self.path = path
        return path

    @property
    def figures(self) -> dict[str, float]:
        """Number of frames, rate and length.

        Once rendered, also the speed: `ms_per_frame/<part>`, `frames_per_second`; once saved, also the lip sync of the
        first speaker: `sync/...` and, for the footage, `sync/footage/...`.
        """
        figures = {"frames": float(self.n_frames), "fps": self.fps, "seconds": self.n_frames / self.fps}
        figures |= {f"ms_per_frame/{part}": value for part, value in self._timings.items()}
        if wall := self._timings.get("film"):
            figures["frames_per_second"] = 1000 / wall
        return figures | self._sync

    def __repr__(self) -> str:
        width, height = self.size
        return f"TalkingVideo({self.n_frames} frames, {width}x{height}, {self.fps:g} fps)"
