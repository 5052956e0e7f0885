"""Makes the films of the queue as `infer` does: with the same pipeline, consent check and signature."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from beavervision.api.session import api_call
from beavervision.audio.waveform import SAMPLE_RATE
from beavervision.errors import AudioError, ConfigError
from beavervision.inference.speaking_person import SpeakingPerson
from beavervision.serving.film_job import FilmJob
from beavervision.serving.library import AvatarLibrary
from beavervision.workflows.infer import build_pipeline


@dataclass
class PipelineFilmMaker:
    """See `film_queue.FilmMaker`.

    Args:
        library: the people.
        max_speech_s: longest speech, seconds.
    """

    library: AvatarLibrary
    max_speech_s: float
    _loaded: dict[tuple[Path, ...], SpeakingPerson] = field(default_factory=dict)

    def __call__(
        self, job: FilmJob, speech: Path, out: Path, report: Callable[[int, int], None], stop: Callable[[], bool]
    ) -> bool:
        """Make one film.

        Raises:
            BeaverError: when the speech cannot be read or is too long, or the person may not be shown.
        """
        library = self.library
        if job.avatar not in library.folders:
            raise ConfigError(f"{job.avatar} is not served any more; order the film with another avatar.")
        if library.require_consent:
            library.person(job.avatar)
        chosen = {"audio": str(speech), "mode": job.mode, "subject": 0}
        with api_call("infer", library.arguments(job.avatar, chosen), progress=False) as cfg:
            pipeline = build_pipeline(cfg, out, self._loaded)
        seconds = max(one.n_samples for one in pipeline.speeches) / SAMPLE_RATE
        if seconds > self.max_speech_s:
            raise AudioError(f"The speech lasts {seconds:.0f} s; send no more than {self.max_speech_s:g} s.")
        film = pipeline.write(out, lambda done: report(done, pipeline.n_frames), stop, keep_partial=False)
        return film is not None
