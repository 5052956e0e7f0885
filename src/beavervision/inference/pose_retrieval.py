"""Poses from where the footage is as loud as the speech: heads nod and turn with the stress of what is said."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float
from scipy.ndimage import gaussian_filter1d

from beavervision.audio.level import WINDOW
from beavervision.audio.waveform import SAMPLE_RATE, SILENCE_DB
from beavervision.inference.frame_path import PingPongPath
from beavervision.stages.source_track import SourceTrack

STRETCH = 50
"""Frames that are played on end at least: two seconds, about a phrase."""
SMOOTHING = 3.0
"""Frames: a head follows phrases, not syllables."""
JUMP = 1.0
"""Cost of a jump by one standard deviation of the poses, against that of loudness off by one of its own."""
LEAST_SMOOTHING = 15
"""Frames over which poses have to be averaged so that a jump becomes a movement."""


@dataclass(frozen=True)
class LoudnessPath:
    """A way through the footage that jumps between its stretches."""

    places: Float[np.ndarray, "T"]
    """Of every frame of the film at the clip's rate."""

    def at(self, positions: Float[np.ndarray, "*n"]) -> Float[np.ndarray, "*n"]:
        """Place in the footage at some positions of the film; nothing lies between the two sides of a jump."""
        low = np.clip(np.floor(positions).astype(np.int64), 0, len(self.places) - 1)
        high = np.minimum(low + 1, len(self.places) - 1)
        share = np.clip(positions - low, 0.0, 1.0)
        step = self.places[high] - self.places[low]
        return self.places[low] + np.where(np.abs(step) <= 1, share * step, step * (share > 0.5))

    @classmethod
    def of(
        cls, track: SourceTrack, swing: PingPongPath, own_db: Float[np.ndarray, "N"], speech_db: Float[np.ndarray, "T"]
    ) -> LoudnessPath:
        """The way on which the footage's loudness resembles the speech's, chosen stretch by stretch.

        Every stretch begins at the frame, and runs in the direction, that cost least: the mean squared difference in
        loudness over the stretch, and the jump in pose that leads there.

        Args:
            track: the footage.
            swing: its frames that poses may come from.
            own_db: loudness of the footage, frame by frame (`loudness`).
            speech_db: and of the speech.
        """
        frames = np.arange(round(swing.first), round(swing.last) + 1)
        own, said = standardized(own_db[frames]), standardized(speech_db)
        pose = np.concatenate([track.rotation[frames].reshape(len(frames), 9), track.translation[frames]], 1)
        pose = pose / max(float(np.sqrt(pose.var(0).sum())), 1e-6)
        fold = PingPongPath(0, len(frames) - 1)
        starts = np.concatenate([np.arange(len(frames)), 2 * (len(frames) - 1) - np.arange(len(frames))])
        places, here = [], None
        for begin in range(0, len(said), STRETCH):
            want = said[begin : begin + STRETCH]
            ways = np.rint(fold.at(starts[:, None] + np.arange(len(want)))).astype(np.int64)
            cost = np.square(own[ways] - want).mean(1)
            if here is not None:
                cost = cost + JUMP * np.linalg.norm(pose[ways[:, 0]] - pose[here], axis=1)
            way = ways[int(cost.argmin())]
            here = way[-1]
            places.append(frames[0] + way)
        return cls(np.concatenate(places).astype(np.float64))


def loudness(powers: Float[np.ndarray, "W"], n_frames: int, fps: float) -> Float[np.ndarray, "T"]:
    """Level of a sound in every frame, dB, no quieter than silence.

    Args:
        powers: `audio.level.window_powers` of the sound.
        n_frames: of motion; what the sound does not reach is silent.
        fps: frames per second.
    """
    quiet = 10 ** (SILENCE_DB / 10)
    middles = (np.arange(len(powers)) + 0.5) * WINDOW / SAMPLE_RATE
    here = (np.arange(n_frames) + 0.5) / fps
    return 10 * np.log10(np.maximum(np.interp(here, middles, powers, right=0.0), quiet))


def standardized(level_db: Float[np.ndarray, "T"]) -> Float[np.ndarray, "T"]:
    """Loudness as phrases have it, of mean 0 and deviation 1."""
    smooth = gaussian_filter1d(level_db, SMOOTHING, mode="nearest")
    return (smooth - smooth.mean()) / max(float(smooth.std()), 1e-3)
