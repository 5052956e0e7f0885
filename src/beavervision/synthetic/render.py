"""Renders all shipped files of the actor and its label maps: `python -m beavervision.synthetic.render OUT`."""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
from PIL import Image
from rich.progress import track

from beavervision.artifacts.atomic_write import atomic_folder
from beavervision.artifacts.clip import LABELS, PLATE
from beavervision.audio.waveform import Waveform, save_waveform
from beavervision.synthetic.actor import Actor, actor_identity
from beavervision.synthetic.annotation import hidden_landmarks, known_truth
from beavervision.synthetic.ground_truth import SPEECH, SPEECH_TRUTH, TRUTH, VIDEO, Truth
from beavervision.synthetic.performance import Performance
from beavervision.synthetic.script import clip_performance, clip_speech, second_speech, speech_truth_of
from beavervision.video.encode import VideoWriter
from beavervision.video.lossless import GrayWriter

QUALITY = 19
"""x264's constant rate factor of the shipped clip."""


def film(
    actor: Actor,
    performance: Performance,
    video: Path,
    labels: Path,
    sound: tuple[np.ndarray, int],
    *,
    quality: float = QUALITY,
    preset: str = "slow",
    progress: bool = False,
) -> Truth:
    """Render a performance with its label maps.

    Args:
        actor: the actor.
        performance: the performance.
        video: output file of image and sound.
        labels: output file of the label maps.
        sound: samples and their rate; sample 0 is at frame 0.
        quality: x264's constant rate factor.
        preset: x264's preset.
        progress: whether to show a progress bar.

    Returns:
        The ground truth of every frame.
    """
    width, height, fps = actor.camera.width, actor.camera.height, performance.fps
    samples, rate = sound
    frames = range(performance.n_frames)
    hidden = []
    with (
        VideoWriter(video, width, height, fps, audio=samples, audio_rate=rate, crf=quality, preset=preset) as reel,
        GrayWriter(labels, width, height, fps) as maps,
    ):
        for frame in track(frames, description="rendering the actor") if progress else frames:
            pose = performance.pose(frame)
            picture = actor.photograph(pose)
            reel.write(picture.rgb)
            maps.write(picture.labels)
            hidden.append(hidden_landmarks(actor.pixels(pose), picture.labels))
    return known_truth(actor, performance, np.array(hidden))


def render(folder: Path) -> None:
    """Write the clip, its ground truth, label maps and plate, and the second speech with its ground truth.

    Args:
        folder: output folder; it is replaced when it exists.

    Raises:
        BeaverError: when the extra `[synthetic]` is not installed or the folder cannot be written.
    """
    speech, second, actor = clip_speech(), second_speech(), Actor(actor_identity())
    performance = clip_performance(actor.model, speech.phonemes)
    with atomic_folder(folder) as part:
        sound = (speech.samples, speech.rate)
        truth = film(actor, performance, part / VIDEO, part / LABELS.format(0), sound, progress=True)
        truth.save(part / TRUTH)
        Image.fromarray(actor.plate()).save(part / PLATE)
        save_waveform(part / SPEECH, Waveform(second.samples, second.rate))
        speech_truth_of(actor.model, actor.identity, second).save(part / SPEECH_TRUTH)


def main() -> None:
    """Entry point of `python -m beavervision.synthetic.render`."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("out", type=Path, help="folder to write to; replaced when it exists")
    render(parser.parse_args().out.absolute())


if __name__ == "__main__":
    main()
