"""Held-out speech: frames that are not trained on, for validation and testing."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from beavervision.audio.features import AudioFeatureExtractor
from beavervision.data.augmentation import AudioAugmentation
from beavervision.data.dataset_stats import MAX_PIECE_SECONDS
from beavervision.data.recording import Recording
from beavervision.data.speech_sample import SpeechSample, make_sample

CONTEXT_SECONDS = 2.0
"""Seconds of sound before the held-out frames that the network gets as context."""


@dataclass(frozen=True)
class HeldOutSpeech:
    """A stretch of speech with its held-out frames at the end."""

    recording: Recording
    input_frames: range
    """Frames whose sound is the input; context frames may belong to the training split and are not scored."""
    scored_frames: range

    def sample(self, features: AudioFeatureExtractor, gain_db: float = 0.0) -> SpeechSample:
        """Speech and motion over `input_frames`; motion is valid in `scored_frames` only."""
        sample = make_sample(self.recording, self.input_frames, features, AudioAugmentation(gain_db=gain_db))
        return sample.mask_first_frames(self.scored_frames.start - self.input_frames.start)

    def last(self, frames: int) -> range:
        """Return the last `frames` frames of it, or all if it is shorter."""
        return self.input_frames[-frames:]

    @property
    def expression(self) -> Float[np.ndarray, "T E"]:
        """True expression over `input_frames`; NaN where the face was not visible."""
        return np.asarray(self.recording.expression[self.input_frames.start : self.input_frames.stop])


def held_out_speech(recording: Recording, *, context: float = CONTEXT_SECONDS) -> Iterator[HeldOutSpeech]:
    """Yield the held-out stretches of a recording, the first MAX_PIECE_SECONDS of each.

    Args:
        recording: recording of the speech.
        context: seconds of sound before each stretch that are used as context, as far as the recording contains them.
    """
    for frames in recording.held_out_ranges:
        scored_frames = frames[: round(MAX_PIECE_SECONDS * recording.fps)]
        start = max(0, frames.start - round(context * recording.fps))
        yield HeldOutSpeech(recording, range(start, scored_frames.stop), scored_frames)
