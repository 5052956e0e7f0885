"""Loads a person for an export, and predicts the motion of a speech as an animation."""

from __future__ import annotations

from collections.abc import MutableMapping
from dataclasses import replace
from functools import lru_cache
from pathlib import Path

import numpy as np
from omegaconf import DictConfig

from beavervision.artifacts.motion import Motion
from beavervision.export.animation import FaceAnimation
from beavervision.face.blink import BLINKS_PER_MINUTE
from beavervision.inference.blinking import eyelid_closure
from beavervision.inference.driver import MotionDriver
from beavervision.inference.frame_path import film_positions
from beavervision.inference.pose_source import calm_stretch, poses_at
from beavervision.inference.speaking_person import SpeakingPerson
from beavervision.inference.speech import Speech
from beavervision.stages.audio2motion.inference import AudioToMotion
from beavervision.workflows.infer import load_person, load_speech
from beavervision.workflows.infer_settings import motion_controls
from beavervision.workflows.initial_weights import GENERAL

SPEECH = "audio2motion"


def animate_person(
    cfg: DictConfig, audio: str | Path, avatars: MutableMapping[tuple[Path, ...], SpeakingPerson]
) -> FaceAnimation:
    """The motion of a speech by the config's subject, with blinks and the poses of the footage.

    Args:
        cfg: config of infer; its `control` and `seed` apply.
        audio: any audio or video file with speech.
        avatars: loaded people; newly loaded ones are added.

    Raises:
        BeaverError: when the person or the speech cannot be loaded.
    """
    person, controls = load_person(cfg, avatars), motion_controls(cfg)
    speech = load_speech(str(audio), cfg)
    motion = MotionDriver(person, controls).motion(speech)
    count, track = motion.n_frames, person.track
    path = calm_stretch(track, person.footage_size)
    poses = poses_at(track, path.at(film_positions(np.arange(count), person.fps, person.fps, count)))
    posed = replace(motion, rotation=poses.rotation, translation=poses.translation)
    closure = eyelid_closure(controls.blink, count, person.fps, controls.seed, track.eye_open)
    return FaceAnimation.of_motion(posed, closure)


def animate(audio: str | Path, blink: float = BLINKS_PER_MINUTE, seed: int = 1) -> FaceAnimation:
    """The motion of a speech by the general network of the package; the head is still.

    Args:
        audio: any audio or video file with speech.
        blink: blinks a minute; 0 for none.
        seed: of the blinks.

    Raises:
        AudioError: when the file cannot be read, or is silent.
    """
    network, speech = _general(), Speech.from_file(audio)
    pieces = []
    for chunk in speech.chunks(network.fps):
        found = network.predict(chunk.samples, first=chunk.first, level_db=speech.level_db).expression
        # Rates that do not divide 16 kHz may leave the last frame without samples of its own.
        pieces.append(found[np.minimum(np.asarray(chunk.frames) - chunk.first, len(found) - 1)])
    motion = Motion(np.concatenate(pieces), network.fps, network.basis)
    return FaceAnimation.of_motion(motion, eyelid_closure(blink, motion.n_frames, network.fps, seed))


@lru_cache(maxsize=1)
def _general() -> AudioToMotion:
    return AudioToMotion.from_bundle(GENERAL / SPEECH)
