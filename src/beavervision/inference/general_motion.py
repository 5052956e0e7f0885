"""The general audio2motion network in one person's own range, for people whose own speech was not learnt."""

from __future__ import annotations

import numpy as np

from beavervision.face.morphable_model import FaceModel
from beavervision.stages.audio2motion.inference import AudioToMotion
from beavervision.stages.audio2motion.speaking_style import SpeakingStyle, style_of_motion
from beavervision.stages.postnet.inference import MotionRefiner
from beavervision.stages.source_track import SourceTrack

MIN_RANGE = 0.3
"""Smallest range of the lips' distance of a person who speaks in the footage, cm; lively speakers have 1 cm. The range
of a person who keeps the mouth shut is not known, and the network keeps its own."""
NARROWEST, WIDEST = 0.5, 1.5
"""Range of the person's amplitudes relative to the network's own; beyond it the network was not trained."""


def in_range_of(general: AudioToMotion, track: SourceTrack, face: FaceModel) -> AudioToMotion:
    """Return the network with the person's rest pose and, if the person speaks in the footage, amplitudes.

    Args:
        general: network that was trained on many voices.
        track: the person's footage.
        face: face model of both.
    """
    style = _style(track, face)
    if style is None:
        return general
    mouth = style.mouth_amp / general.mouth_amp if _speaks(style) else 1.0
    eyes = style.eye_amp / general.eye_amp
    mouth, eyes = (float(np.clip(factor, NARROWEST, WIDEST)) for factor in (mouth, eyes))
    return general.with_style(style.rest, mouth * general.mouth_amp, eyes * general.eye_amp)


def refiner_of_footage(track: SourceTrack, face: FaceModel, identity: np.ndarray) -> MotionRefiner:
    """Return a refiner without PostNet: LLE pulls the motion towards the person's own frames, if the person speaks."""
    style, expression = _style(track, face), _known(track)
    database = face.condition68(identity, expression) if style is not None and _speaks(style) else None
    return MotionRefiner(None, face, identity, None, database)


def _style(track: SourceTrack, face: FaceModel) -> SpeakingStyle | None:
    return style_of_motion(_known(track), face)


def _known(track: SourceTrack) -> np.ndarray:
    """Expressions of the frames that show the whole face, or at least the face."""
    finite = track.visible & np.isfinite(track.expression).all(1)
    clear = finite & ~track.occluded
    return track.expression[clear if 2 * clear.sum() >= finite.sum() else finite].astype(np.float32)


def _speaks(style: SpeakingStyle) -> bool:
    low, high = style.mouth_range
    return high - low >= MIN_RANGE
