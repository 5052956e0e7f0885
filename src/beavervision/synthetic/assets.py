"""Files of the actor that are part of the package."""

from __future__ import annotations

from pathlib import Path

from beavervision.synthetic.ground_truth import SpeechTruth, Truth

DATA = Path(__file__).parent / "data"
VIDEO, TRUTH = "actor.mp4", "actor_truth.safetensors"
SPEECH, SPEECH_TRUTH = "speech.flac", "speech_truth.safetensors"


def actor_video() -> Path:
    """Path of the rendered clip: 1280 x 720, 25 fps, with sound."""
    return DATA / VIDEO


def actor_truth() -> Truth:
    """Path of the clip's ground truth, frame by frame."""
    return Truth.load(DATA / TRUTH)


def speech_audio() -> Path:
    """Path of a second speech by the same voice, which is not in the clip."""
    return DATA / SPEECH


def speech_truth() -> SpeechTruth:
    """Path of the ground truth of the actor speaking the second speech."""
    return SpeechTruth.load(DATA / SPEECH_TRUTH)
