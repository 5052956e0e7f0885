"""Where the poses of one person of an avatar film come from."""

from __future__ import annotations

from pathlib import Path

from beavervision.artifacts.clip import Clip
from beavervision.audio.level import window_powers
from beavervision.inference.frame_path import PingPongPath
from beavervision.inference.motion_poses import motion_track
from beavervision.inference.pose_retrieval import LEAST_SMOOTHING, LoudnessPath, loudness
from beavervision.inference.pose_source import ENERGY, POSE_MODES, TURN, PoseSource, calm_stretch
from beavervision.inference.settings import FilmSettings
from beavervision.inference.speakers import Speaker


def choose_pose_source(speaker: Speaker, settings: FilmSettings, clip: Clip | None, n_frames: int) -> PoseSource:
    """Poses of a person in an avatar film.

    Args:
        speaker: who, and what they say.
        settings: of the film.
        clip: the footage, for its sound; only ENERGY needs it.
        n_frames: of the film at the clip's rate.

    Raises:
        BeaverError: when nobody is seen to take poses from, or the Motion does not fit.
    """
    avatar, choice = speaker.avatar, settings.pose
    track = avatar.track
    swing = calm_stretch(track, avatar.footage_size, choice, settings.pose_frames)
    if choice not in POSE_MODES:
        moved = motion_track(Path(choice), track, swing, avatar.fps)
        return PoseSource(moved, PingPongPath(0, moved.n_frames - 1, TURN), settings.smoothing)
    if choice == ENERGY and clip is not None and speaker.speech is not None:
        own = loudness(window_powers(clip.audio()), track.n_frames, avatar.fps)
        said = loudness(speaker.speech.window_power, n_frames, avatar.fps)
        return PoseSource(track, LoudnessPath.of(track, swing, own, said), max(settings.smoothing, LEAST_SMOOTHING))
    return PoseSource(track, swing, settings.smoothing)
