"""What a live session yields."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Float

from beavervision.inference.live.face import Image

NO_IMAGE: Image = np.zeros((0, 0, 3), np.uint8)
"""Of frames whose picture was left out."""


@dataclass(frozen=True)
class LiveFrame:
    """One frame of a live session and the sound that belongs to it."""

    index: int
    """Number of the frame in the session."""
    time: float
    """Seconds from the session's first frame."""
    image: Image
    """RGB; to be read only, as frames may share it."""
    sound: Float[np.ndarray, "n"]
    """Mono samples in [-1, 1] from this frame to the next."""
    sample_rate: int
    speaking: bool
    """Whether the sound is of a speech; otherwise it is silence."""
    fresh: bool
    """False where the picture before is shown once more, because the new one is late."""
    picture: int = 0
    """Number of the frame that the image was drawn for: `index`, or an earlier one where pictures are late."""
    speech: int | None = None
    """Number of the speech, from 0."""
    played: float = 0.0
    """Seconds of the speech that have been heard when this frame ends."""
    ended: bool = False
    """Whether it is the last frame of a speech."""
    interrupted: bool = False
    """Whether that speech was interrupted."""

    def without_picture(self) -> LiveFrame:
        """The frame with an empty image: its sound is kept when its picture comes too late for a client."""
        return replace(self, image=NO_IMAGE)
