"""Renders scenes of the torture set with exact ground truth."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import numpy as np
from jaxtyping import Bool, Float, Int

from beavervision.artifacts.atomic_write import atomic_folder
from beavervision.audio.waveform import Waveform
from beavervision.face.landmarks import N_MESH, OVAL
from beavervision.synthetic.actor import Actor
from beavervision.synthetic.annotation import COVERED, known_truth
from beavervision.synthetic.ground_truth import Truth
from beavervision.synthetic.miniature import babble_sound
from beavervision.synthetic.torture.appearance import cast
from beavervision.synthetic.torture.multi_actor_renderer import STILL, Stage, View, zoomed
from beavervision.synthetic.torture.rendered_scene import LABELS, Recording
from beavervision.synthetic.torture.scenes import FPS, Acting, Scene, pick
from beavervision.synthetic.torture.video_file import RATE, Reel
from beavervision.types import VisibilityReason
from beavervision.video.lossless import GrayWriter

HIDDEN = 0.5
"""Share of a face that other people must hide for it to count as not visible."""


def render_scene(scene: Scene, folder: Path) -> Recording:
    """Render one scene into `folder`, atomically; it is replaced when it exists."""
    actors = [cast(look(), scene.size, microphone_held=scene.microphone) for look in scene.looks]
    times = scene.times()
    acting = scene.act(times)
    shown = shown_at(times, scene.seconds)
    with atomic_folder(folder) as part:
        covered = _shoot(scene, acting, Stage(actors), times, part)
        people = [_truth(actor, acting, person, shown, covered[person]) for person, actor in enumerate(actors)]
        mouth = known_truth(actors[0], pick(acting.performances[0], shown), np.zeros(len(shown))).mouth_open_frontal
        names = {_name(scene, reel.name): _name(scene, reel.name) + reel.suffix for reel in scene.reels}
        cuts = tuple(round(cut * FPS) for cut in scene.cuts)
        recording = Recording(part, scene.name, scene.says, names, people, covered[:, shown], cuts)
        recording.save(Waveform(babble_sound(mouth), RATE))
    return Recording.load(folder)


def shown_at(times: Float[np.ndarray, "N"], seconds: float) -> Int[np.ndarray, "T"]:
    """Index of the image at each tick of 25 per second: the last one taken by then."""
    ticks = np.arange(round(seconds * FPS)) / FPS
    return np.searchsorted(times, ticks + 1e-6, side="right") - 1


def _name(scene: Scene, reel: str) -> str:
    return f"{scene.name}_{reel}" if reel else scene.name


def _shoot(scene: Scene, acting: Acting, stage: Stage, times: np.ndarray, part: Path) -> Float[np.ndarray, "P N"]:
    """Write every image to every video file, and the ticks' label maps; return how much of each face is covered."""
    n, width, height = len(stage.actors), *scene.size
    shown = shown_at(times, scene.seconds)
    mouth = known_truth(stage.actors[0], pick(acting.performances[0], shown), np.zeros(len(shown))).mouth_open_frontal
    sound, covered = babble_sound(mouth), np.zeros((n, len(times)))
    with ExitStack() as stack:
        reels = [
            stack.enter_context(Reel(part / (_name(scene, reel.name) + reel.suffix), scene.size, reel, sound))
            for reel in scene.reels
        ]
        maps = [stack.enter_context(GrayWriter(part / LABELS.format(i), width, height, FPS)) for i in range(n)]
        for k, time in enumerate(times):
            poses = [p.pose(k) if acting.present[i, k] else None for i, p in enumerate(acting.performances)]
            turn = np.eye(3) if acting.turn is None else acting.turn[k]
            view = STILL if acting.turn is None else View(turn, 1.0 if acting.zoom is None else float(acting.zoom[k]))
            shot = stage.photograph(poses, view)
            covered[:, k] = shot.covered
            for reel in reels:
                reel.write(shot.rgb, float(time))
            for _ in range(int((shown == k).sum())):
                for i in range(n):
                    maps[i].write(shot.labels[i])
    return covered


def _truth(
    actor: Actor, acting: Acting, person: int, shown: Int[np.ndarray, "T"], covered: Float[np.ndarray, "N"]
) -> Truth:
    """Ground truth of one person at the ticks."""
    truth = known_truth(actor, pick(acting.performances[person], shown), covered[shown] * N_MESH)
    if acting.zoom is not None:
        truth = _through(truth, acting.zoom[shown])
    return _hidden(truth, acting.present[person, shown], covered[shown])


def _through(truth: Truth, zoom: Float[np.ndarray, "T"]) -> Truth:
    """Ground truth for a zooming camera; `focal` stays that of the resting camera."""
    width, height = truth.size
    landmarks, body = truth.landmarks.copy(), truth.body.copy()
    for i, factor in enumerate(zoom):
        landmarks[i, :, :2] = zoomed(landmarks[i, :, :2], factor, (width / 2, height / 2))
        landmarks[i, :, 2] *= factor
        body[i, :, :2] = zoomed(body[i, :, :2], factor, (width / 2, height / 2))
    outline = landmarks[:, OVAL, :2]
    inside = ((outline >= 0) & (outline < np.array(truth.size))).all(axis=(1, 2))
    reason = np.where(inside, int(VisibilityReason.VISIBLE), int(VisibilityReason.CUT))
    return replace(truth, landmarks=landmarks, body=body, visible=inside, reason=reason)


def _hidden(truth: Truth, present: Bool[np.ndarray, "T"], covered: Float[np.ndarray, "T"]) -> Truth:
    """Mark people as not visible who are not in the shot or behind other people."""
    gone = ~present | (covered >= HIDDEN)
    reason = np.where(gone & truth.visible, int(VisibilityReason.NO_FACE), truth.reason)
    return replace(
        truth, visible=truth.visible & ~gone, reason=reason, occluded=present & (covered * N_MESH >= COVERED)
    )
