"""Where the poses of one person of an avatar film come from."""

from __future__ import annotations

from pathlib import Path

from beavervision.artifacts.clip import Clip
from beavervision.audio.level import window_powers
from beavervision.inference.frame_order import Swing
from beavervision.inference.motion_poses import motion_track
from beavervision.inference.pose_retrieval import LEAST_SMOOTHING, EnergyPath, loudness
from beavervision.inference.pose_source import ENERGY, POSE_MODES, TURN, Posing, pose_swing
from beavervision.inference.settings import FilmSettings
from beavervision.inference.speakers import Speaker


def posing(speaker: Speaker, settings: FilmSettings, clip: Clip | None, n_frames: int) -> Posing:
    """Poses of a person in an avatar film.

    Args:
        speaker: who, and what they say.
        settings: of the film.
        clip: the footage, for its sound; only ENERGY needs it.
        n_frames: of the film at the clip's rate.

    Raises:
        BeaverError: when nobody is seen to take poses from, or the Motion does not fit.
    """
    person, choice = speaker.person, settings.pose
    track = person.track
    swing = pose_swing(track, person.footage_size, choice, settings.pose_span)
    if choice not in POSE_MODES:
        moved = motion_track(Path(choice), track, swing, person.fps)
        return Posing(moved, Swing(0, moved.n_frames - 1, TURN), settings.smoothing)
    if choice == ENERGY and clip is not None and speaker.speech is not None:
        own = loudness(window_powers(clip.audio()), track.n_frames, person.fps)
        said = loudness(speaker.speech.powers, n_frames, person.fps)
        return Posing(track, EnergyPath.of(track, swing, own, said), max(settings.smoothing, LEAST_SMOOTHING))
    return Posing(track, swing, settings.smoothing)
