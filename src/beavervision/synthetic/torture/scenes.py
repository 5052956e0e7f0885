"""The torture set: scenes of a few seconds that are difficult for the preparation."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from jaxtyping import Bool, Float

from beavervision.face.camera import FRONTAL
from beavervision.face.gpmm import load_gpmm
from beavervision.face.pose import rotation_from_euler
from beavervision.synthetic.curves import Moment
from beavervision.synthetic.miniature import babble_phonemes
from beavervision.synthetic.performance import Performance, perform
from beavervision.synthetic.torture.appearance import Look, robin, sasha
from beavervision.synthetic.torture.performance_edits import ease, holding, moved, panned, raised
from beavervision.synthetic.torture.video_file import ReelOptions

Times = Float[np.ndarray, "T"]
FPS = 25
"""Frames per second of every scene, except the one with variable frame rate."""


@dataclass(frozen=True)
class Acting:
    """Performances of the people, image by image."""

    performances: list[Performance]
    present: Bool[np.ndarray, "P T"]
    """Whether each person is in the shot."""
    turn: Float[np.ndarray, "T 3 3"] | None = None
    """Rotation of the camera, see multi_actor_renderer.View; None when it is fixed."""
    zoom: Float[np.ndarray, "T"] | None = None


@dataclass(frozen=True)
class Scene:
    """One scene of the torture set."""

    name: str
    says: str
    """The difficulty of the scene."""
    size: tuple[int, int]
    """Width and height as shown, px."""
    seconds: float
    act: Callable[[Times], Acting]
    """Function from the images' times to the performances."""
    looks: tuple[Callable[[], Look], ...] = (robin,)
    cuts: tuple[float, ...] = ()
    """Times at which later shots begin, seconds."""
    rate: float = FPS
    """Rate of the performance's time grid, 1/s."""
    uneven: bool = False
    """Whether the images are at irregular times of the grid."""
    microphone: bool = False
    reels: tuple[ReelOptions, ...] = field(default_factory=lambda: (ReelOptions(),))
    """Settings of the video files to write."""

    def times(self) -> Times:
        """Times of the images, s."""
        grid = round(self.seconds * self.rate)
        if not self.uneven:
            return np.arange(grid) / self.rate
        gaps = np.random.default_rng(6).choice([1, 1, 2, 2, 2, 3, 4], grid)
        rows = np.concatenate([[0], np.cumsum(gaps)])
        return rows[rows < grid] / self.rate


def _speaks(
    times: Times, seed: int, place: tuple[float, float, float], turns: tuple[float, float, float] = (18.0, 8.0, 5.0),
    hand: Moment | None = None, away: Moment | None = None,
) -> Performance:  # fmt: skip
    """A babbling person; rows of a fine grid are selected at the images' times."""
    grid = 50 if np.abs(times * FPS - np.round(times * FPS)).max() > 1e-6 else FPS
    n = round(times[-1] * grid) + 1
    performance = perform(
        load_gpmm(), babble_phonemes(n / grid), n, grid, seed, turns=turns, hand=hand, away=away, place=np.array(place)
    )
    return pick(performance, np.round(times * grid).astype(int))


def pick(performance: Performance, rows: np.ndarray) -> Performance:
    """Select some frames of a performance."""
    arrays = {name: value[rows] for name, value in vars(performance).items() if isinstance(value, np.ndarray)}
    return Performance(**{**vars(performance), **arrays})


def _alone(performance: Performance) -> Acting:
    return Acting([performance], np.ones((1, performance.n_frames), bool))


def _small(times: Times) -> Acting:
    return _alone(_speaks(times, 31, (6.0, 57.0, 330.0)))


def _talk(times: Times) -> Acting:
    return _alone(_speaks(times, 12, (0.0, -4.0, 100.0), (24.0, 10.0, 7.0)))


def _wide(times: Times) -> Acting:
    return _alone(_speaks(times, 13, (-33.0, -6.0, 165.0)))


def _crossing(times: Times) -> Acting:
    way = ease(times, 0.15 * times[-1], 0.85 * times[-1])
    front = moved(_speaks(times, 14, (0.0, -6.0, 150.0), (10, 6, 4)), np.outer(70 * way - 35, [1, 0, 0]))
    back = moved(_speaks(times, 15, (0.0, -9.0, 195.0), (10, 6, 4)), np.outer(42 - 84 * way, [1, 0, 0]))
    return Acting([front, back], np.ones((2, len(times)), bool))


def _cuts(times: Times) -> Acting:
    first, last = times < CUTS[0], times >= CUTS[1]
    robin_near = np.where(last, 1.0, 0.0)
    near = moved(_speaks(times, 16, (-12.0, -6.0, 145.0)), np.outer(robin_near, [20.0, 2.0, -45.0]))
    other = _speaks(times, 17, (10.0, -5.0, 125.0))
    aside = np.select([first, last], [0.0, -0.08], 0.15)  # each shot shows another part of the room
    turn = rotation_from_euler(np.stack([aside, 0 * aside, 0 * aside], axis=1)) @ FRONTAL.T
    return Acting([near, other], np.stack([first | last, ~(first | last)]), turn)


def _hand(times: Times) -> Acting:
    performance = _speaks(times, 18, (0.0, -5.0, 105.0), (12, 6, 4), hand=Moment(0.23 * times[-1], 0.87 * times[-1]))
    return _alone(raised(performance, 4.5))


def _away(times: Times) -> Acting:
    gone = ease(times, 0.8, 1.6) * (1 - ease(times, 2.4, 3.2))
    return _alone(moved(_speaks(times, 19, (4.0, -6.0, 115.0), (10, 6, 4)), np.outer(gone, [68.0, 0.0, 0.0])))


def _camera(times: Times) -> Acting:
    swing = np.sin(2 * np.pi * times / 2.6)
    euler = np.stack([0.075 * swing, 0.03 * np.sin(2 * np.pi * times / 1.9), np.zeros_like(times)], axis=1)
    turn = rotation_from_euler(euler) @ FRONTAL.T  # `rotation_from_euler` starts from a frontal head.
    performance = panned(_speaks(times, 20, (0.0, -5.0, 130.0)), turn)
    zoom = 1.0 + 0.35 * ease(times, 0.3, times[-1] - 0.3)
    return Acting([performance], np.ones((1, len(times)), bool), turn, zoom)


def _microphone(times: Times) -> Acting:
    performance = _speaks(times, 21, (0.0, -5.0, 105.0), (10, 5, 4))
    return _alone(holding(performance, FRONTAL, np.array([-1.5, 4.6, 86.0])))


CUTS = (1.4, 2.8)
"""Times at which the other person appears, and the first one again, nearer; s."""
TALK_REELS = (
    ReelOptions(),
    ReelOptions("rotated", rotation=-90),
    ReelOptions("late_sound", suffix=".mov", sound_start=0.4),
    ReelOptions("hevc10", suffix=".mkv", codec="libx265", pix_fmt="yuv420p10le"),
)
SCENES = (
    Scene("small", "9:16, the face 0.07 of the height", (720, 1280), 2.4, _small),
    Scene("talk", "4:5; also turned by its metadata, with late sound, as 10-bit HEVC", (640, 800), 2.4, _talk,
          reels=TALK_REELS),
    Scene("wide", "21:9, off the middle", (1260, 540), 2.4, _wide),
    Scene("crossing", "two people cross, the nearer one hides the other", (960, 540), 4.0, _crossing, (robin, sasha)),
    Scene("cuts", "three shots: one person, another, the first again", (960, 540), 4.2, _cuts, (robin, sasha), CUTS),
    Scene("hand", "a hand over the mouth", (640, 640), 3.0, _hand),
    Scene("away", "leaves sideways and comes back", (960, 540), 4.0, _away),
    Scene("uneven", "variable frame rate, 20 to 80 ms", (640, 640), 2.4,
          lambda times: _alone(_speaks(times, 22, (0.0, -4.0, 105.0))), rate=50, uneven=True,
          reels=(ReelOptions(suffix=".mkv"),)),
    Scene("camera", "the camera pans and zooms", (960, 540), 3.0, _camera),
    Scene("microphone", "a microphone before the chin", (640, 640), 2.4, _microphone, microphone=True),
)  # fmt: skip


def scene(name: str) -> Scene:
    """Return the scene of this name.

    Raises:
        KeyError: when there is no such scene.
    """
    return {each.name: each for each in SCENES}[name]
