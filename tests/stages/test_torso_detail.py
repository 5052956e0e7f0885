from dataclasses import replace

import cv2
import numpy as np
import pytest
import torch
from PIL import Image
from torso_track import make_track

from beavervision.stages.radnerf_torso.conditioner import TorsoConditioner
from beavervision.stages.radnerf_torso.inference import bake
from beavervision.stages.radnerf_torso.network import TorsoField
from beavervision.stages.radnerf_torso.pixel_grid import PixelGrid
from beavervision.stages.radnerf_torso.texture_detail import detail_from_picture, rest_detail, save_detail
from beavervision.stages.radnerf_torso.torso_deformation import deformation_from_network, sample_at_rest

RASTER = PixelGrid((96, 96), 2.0)


@pytest.fixture(scope="module")
def scene():
    """A field whose body sways by some pixels between two frames, and a texture with knit on it."""
    torch.manual_seed(0)
    small = {"levels": 4, "finest": 24, "log2_entries": 8, "hidden": 8, "canonical": 8}
    network = TorsoField(20, 1, 1.0, **small, backend="torch")
    track = make_track(4)
    sway = track.body + np.array([[[6.0, -4.0]]]) * np.arange(4)[:, None, None]
    conditioner = TorsoConditioner.fit(np.zeros((7, 3)) + np.eye(7, 3), (96, 96), replace(track, body=sway))
    condition = conditioner.condition(replace(track, body=sway))
    plain = bake(network, RASTER)
    grain = np.random.default_rng(0).normal(size=plain.shape[:2]).astype(np.float32)
    knit = cv2.GaussianBlur(grain, (0, 0), 1.5)
    knit -= cv2.GaussianBlur(knit, (0, 0), 3.0)  # nothing coarse in it
    knit = np.repeat((0.3 * knit / knit.std()).clip(-0.9, 0.9)[..., None], 3, 2)
    return network, condition, plain, knit


def picture(scene, frame: int, texture: np.ndarray) -> np.ndarray:
    network, condition, _, _ = scene
    movement = deformation_from_network(network, RASTER, condition.take(np.array([frame])))[0]
    logits = sample_at_rest(texture, movement, network.aspect)[..., :3]
    return np.rint(255 / (1 + np.exp(-logits))).astype(np.uint8)


def knitted(plain: np.ndarray, knit: np.ndarray) -> np.ndarray:
    return np.dstack([plain[..., :3] + knit, plain[..., 3]]).astype(np.float32)


def test_detail_of_one_frame_is_right_in_another(scene):
    network, condition, plain, knit = scene
    true = [picture(scene, frame, knitted(plain, knit)) for frame in (0, 3)]
    body = np.zeros(true[0].shape[:2], bool)
    body[20:170, 20:170] = True
    detail = rest_detail(network, plain, RASTER, condition.take(np.array([0])), true[0], body)
    inner = (slice(45, 140), slice(45, 140))
    for frame, truth in zip((0, 3), true, strict=True):
        before, after = (picture(scene, frame, texture) for texture in (plain, knitted(plain, detail)))
        errors = [np.abs(one.astype(int) - truth)[inner].mean() for one in (before, after)]
        assert errors[1] < 0.5 * errors[0], (frame, errors)


def test_no_detail_beyond_the_cloth(scene):
    network, condition, plain, knit = scene
    truth = picture(scene, 0, knitted(plain, knit))
    body = np.zeros(truth.shape[:2], bool)
    assert not rest_detail(network, plain, RASTER, condition.take(np.array([0])), truth, body).any()
    body[60:120, 60:120] = True
    detail = rest_detail(network, plain, RASTER, condition.take(np.array([0])), truth, body)
    changed = (picture(scene, 0, knitted(plain, detail)) != picture(scene, 0, plain)).any(-1)
    assert changed[70:110, 70:110].mean() > 0.5
    assert not changed[:56].any()
    assert not changed[:, 124:].any()


def test_what_is_kept_is_what_was_found(tmp_path):
    detail = np.random.default_rng(0).uniform(-1, 1, (5, 7, 3)).astype(np.float32)
    detail[0] = 0
    found = detail_from_picture(np.asarray(Image.open(save_detail(tmp_path / "detail.png", detail))))
    np.testing.assert_allclose(found, detail, atol=0.5 / 127 + 1e-6)
    assert (found[0] == 0).all()
