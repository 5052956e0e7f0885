"""What the data of all stages of speech have in common: recordings, taken with and without disturbance."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from rich.progress import track

from beavervision.audio.level import MAX_GAIN_DB, speech_level_db
from beavervision.audio.speech_features import FeatureSettings
from beavervision.data.augmentation import Variety, nobody_speaks
from beavervision.data.dataset_stats import pieces, survey
from beavervision.data.feature_cache import Shelf
from beavervision.data.held_out import CONTEXT_SECONDS, HeldOut, held_out_of
from beavervision.data.recording import Recording, open_recording, recordings_of
from beavervision.face.model_registry import load_face_model
from beavervision.stages.base import StageData

MANY = 8
"""Recordings from which a bar tells how many have been heard."""
QUIET_SECONDS = 10
"""Of the noise of a room in which nobody speaks."""
MOST_HELD_OUT = 16
"""Recordings that a corpus is judged by."""


class SpeechData(StageData):
    """Feeds a stage of speech from one person's clip, a talk, or a corpus of them.

    Args:
        clip: folder of the Clip, Talk or Corpus.
        subject: which person of a clip.
        variety: disturbed copies of the speech.
        shelf: folder in which takes are kept for the next run; by default they are forgotten with the process.
        seed: of the disturbances.
    """

    def __init__(self, clip: Path, subject: int, variety: Variety, shelf: Path | None, seed: int) -> None:
        super().__init__()
        self._folder, self._subject, self._variety, self._seed = Path(clip), subject, variety, seed
        self._passing = None if shelf else tempfile.TemporaryDirectory(prefix="beavervision-takes-")
        self._shelf_folder = Path(shelf or self._passing.name)  # type: ignore[union-attr]

    def open_speech(self, features: FeatureSettings, level_db: float | None = None) -> None:
        """Look at the recordings.

        Args:
            features: what is heard of them.
            level_db: they are brought to this level; by default to their usual one.

        Raises:
            BeaverError: as `survey`.
        """
        self.features = features
        self.survey = survey(self._folder, self._subject)
        self.face = load_face_model(self.survey.basis)
        self.speech_level_db = self.survey.level_db if level_db is None else level_db

    def learnt_takes(self, *, quiet: bool = False) -> Shelf:
        """All that is learnt from, each recording clean and disturbed in its own way.

        Args:
            quiet: whether each also has a take in which nobody speaks (`Disturbance.alone`).
        """
        shelf = Shelf(self._shelf_folder, self.features)
        for number, recording in enumerate(self._recordings("hearing")):
            # A generator of its own: what one recording sounds like does not depend on those before it.
            rng = np.random.default_rng((self._seed, number) if number else self._seed)
            for frames in recording.train_ranges:
                for piece in pieces(frames, recording.fps):
                    shelf.put(recording, piece, self._variety.draw(rng), self.gain_db(recording))
                if quiet:
                    shelf.put(recording, frames[: round(QUIET_SECONDS * recording.fps)], [nobody_speaks(rng)])
        return shelf

    def one_recording(self) -> Recording:
        """The recording, where there is one.

        Raises:
            BeaverError: when there are many.
        """
        return open_recording(self._folder, self._subject)

    def held_out_speech(self, context: float = CONTEXT_SECONDS) -> list[HeldOut]:
        """The held-out stretches of up to MOST_HELD_OUT recordings, evenly chosen; see `held_out_of`."""
        folders = self.survey.held_out
        chosen = folders[:: max(1, -(-len(folders) // MOST_HELD_OUT))]
        opened = (open_recording(folder, self._subject) for folder in chosen)
        return [speech for recording in opened for speech in held_out_of(recording, context=context)]

    def facts(self) -> dict[str, Any]:
        """What the bundle of every stage of speech says of where it comes from; a corpus names no subject."""
        about = self.survey
        whose = {"subject": self._subject} if about.one_person else {}
        return {
            "clip": about.name,
            "clip_sha256": about.sha256,
            **whose,
            "fps": about.fps,
            "basis": about.basis,
            "audio_features": asdict(self.features),
        }

    def _recordings(self, what: str) -> Iterator[Recording]:
        """All recordings, with a bar where there are many."""
        count = len(self.survey.levels_db)
        recordings = recordings_of(self._folder, self._subject)
        return iter(track(recordings, what, count, transient=True, disable=count < MANY))

    def gain_db(self, recording: Recording) -> float:
        """What brings a recording to the common level."""
        own = self.survey.levels_db.get(str(recording.folder))
        if own is None:  # all of it is held out
            own = speech_level_db(recording.sound(pieces(range(recording.n_frames), recording.fps)[0]))
        gain = self.speech_level_db - own
        return float(np.clip(gain, -MAX_GAIN_DB, MAX_GAIN_DB)) if np.isfinite(gain) else 0.0
