from types import SimpleNamespace

import cv2
import numpy as np
import pytest
from torso_track import make_track

from beavervision.stages.radnerf_torso.registration import registered_body
from beavervision.types import Label

SIDE, N = 128, 24
POINTS = np.array([[30.0, 90.0], [98.0, 90.0], [64.0, 70.0]])


def movement(t: int) -> np.ndarray:
    """A body that sways: turned by up to 2 degrees, shifted by up to 4 px, in a smooth curve."""
    phase = 2 * np.pi * t / N
    turn = np.deg2rad(2) * np.sin(phase)
    matrix = np.array([[np.cos(turn), -np.sin(turn), 0], [np.sin(turn), np.cos(turn), 0]])
    matrix[:, 2] = np.array([64, 90]) - matrix[:, :2] @ [64, 90] + 2 * np.array([np.sin(phase), 1 - np.cos(phase)])
    return matrix


def footage(cloth: np.ndarray) -> SimpleNamespace:
    """Frames of a cloth that moves; rows of 60 and above are body at rest."""
    rgb, labels = [], []
    body = np.zeros((SIDE, SIDE), np.uint8)
    body[60:] = Label.TORSO
    for t in range(N):
        shift = movement(t)
        shift[:, 2] += shift[:, :2] @ [0.5, 0.5] - 0.5  # OpenCV's pixel centres are whole numbers
        rgb.append(cv2.warpAffine(cloth, shift, (SIDE, SIDE), borderMode=cv2.BORDER_REFLECT))
        labels.append(cv2.warpAffine(body, shift, (SIDE, SIDE), flags=cv2.INTER_NEAREST))
    return SimpleNamespace(rgb=np.stack(rgb), labels=np.stack(labels))


@pytest.fixture(scope="module")
def cloth() -> np.ndarray:
    grain = np.random.default_rng(0).uniform(size=(SIDE, SIDE, 1)).astype(np.float32)
    return np.repeat((cv2.GaussianBlur(grain, (0, 0), 1.2) * 600 - 200).clip(0, 255).astype(np.uint8)[..., None], 3, 2)


def seen(noise: float) -> tuple:
    """A track whose keypoints are wrong by `noise` px, and the right ones (canvas = footage / 2)."""
    track = make_track(N)
    true = np.stack([POINTS @ movement(t)[:, :2].T + movement(t)[:, 2] for t in range(N)])
    wrong = true + np.random.default_rng(1).normal(scale=noise, size=true.shape)
    wrong[0] = true[0]
    track.path[:] = [10.0, 0.0, 0.5]
    return track.__class__(**{**track.__dict__, "body": wrong / 0.5 + [10.0, 0.0]}), true / 0.5 + [10.0, 0.0]


def test_keypoints_follow_the_cloth(cloth):
    track, true = seen(noise=2.0)
    found = registered_body(track, footage(cloth), np.arange(N), 0)
    inner = slice(3, N - 3)  # the ends of a clip are smoothed against themselves
    assert np.abs(track.body - true)[inner].max() > 5  # footage px
    assert np.abs(found - true)[inner].max() < 1.0  # 0.5 px of the canvas
    assert np.abs(found - true)[inner].mean() < 0.25


def test_where_the_body_is_hidden_its_neighbours_tell(cloth):
    track, true = seen(noise=0.0)
    shifted = track.body + np.array([6.0, 0.0])
    shifted[0] -= [6.0, 0.0]
    film = footage(cloth)
    film.rgb[10] = 128
    found = registered_body(track.__class__(**{**track.__dict__, "body": shifted}), film, np.arange(N), 0)
    assert np.abs(found - true)[10].max() < 1.0


def test_plain_clothes_keep_their_keypoints():
    track, _ = seen(noise=2.0)
    plain = footage(np.full((SIDE, SIDE, 3), 200, np.uint8))
    assert registered_body(track, plain, np.arange(N), 0) is track.body


def test_what_moves_of_itself_is_no_body(cloth):
    track, _ = seen(noise=0.0)
    film = footage(cloth)
    rng = np.random.default_rng(2)
    film.rgb[1:] = rng.integers(0, 255, film.rgb[1:].shape)
    assert registered_body(track, film, np.arange(N), 0) is track.body
