"""The correction of tracked poses: a rule that training frames teach and held-out frames profit from."""

import numpy as np
import pytest
import torch
from scipy.spatial.transform import Rotation

from beavervision.face.camera import FRONTAL
from beavervision.stages.radnerf_head.pose_optimizer import (
    MAX_DEVIATIONS,
    SHIFT,
    TURN,
    WIDTH,
    PoseOptimizer,
    tracked_features,
)

TRAINING = np.arange(60) < 50


def clip_like(seed=0, frames=60):
    """Conditions, eyes and poses of a head that nods and speaks."""
    draw = np.random.default_rng(seed)
    condition = (draw.normal(size=(frames, 3)) @ draw.normal(size=(3, 204))).astype(np.float32)
    rotation = (Rotation.from_rotvec(draw.normal(0, 0.1, (frames, 3))).as_matrix() @ FRONTAL).astype(np.float32)
    translation = draw.normal([0, 0, 60], 1, (frames, 3)).astype(np.float32)
    return condition, draw.normal(size=frames).astype(np.float32), rotation, translation


def features_of(parts):
    return tracked_features(*parts, TRAINING)


def test_features_have_mean_zero_and_unit_spread_over_training_frames():
    values = features_of(clip_like())
    assert values.shape == (60, WIDTH)
    moving = values[TRAINING].std(0) > 1e-3
    assert moving.sum() == 3 + 7  # three ways to move the face, the eyes, three turns, three places
    assert np.abs(values[TRAINING].mean(0)).max() < 0.1
    np.testing.assert_allclose(values[TRAINING].std(0)[moving], 1, atol=0.1)


def test_a_held_out_frame_decides_nothing_but_its_own_row():
    parts = clip_like()
    before = features_of(parts)
    poisoned = [part.copy() for part in parts]
    poisoned[0][55] += 1e6
    poisoned[1][55] = 1e6
    poisoned[3][55] -= 1e6
    after = features_of(poisoned)
    others = np.arange(60) != 55
    np.testing.assert_array_equal(before[others], after[others])
    assert np.abs(after[55]).max() == MAX_DEVIATIONS


def test_a_correction_starts_at_nothing():
    _, _, rotation, translation = clip_like()
    poses = torch.tensor(rotation), torch.tensor(translation)
    for same, tracked in zip(PoseOptimizer()(torch.randn(60, WIDTH), *poses), poses, strict=True):
        torch.testing.assert_close(same, tracked)


def test_a_correction_by_hand():
    """The first number turns about the camera's y axis, the last one moves away from the camera."""
    correction = PoseOptimizer(width=2)
    correction.rule.weight.data[1, 0] = 1.5
    correction.rule.weight.data[5, 1] = -2.0
    tracked = torch.tensor([[2.0, 0.0], [0.0, 1.0]])
    rotation = torch.tensor(FRONTAL, dtype=torch.float32).expand(2, 3, 3)
    turned, moved = correction(tracked, rotation, torch.tensor([[0.0, 1.0, 60.0]]).expand(2, 3))
    angle = 1.5 * 2.0 * TURN
    expected = Rotation.from_rotvec([0, angle, 0]).as_matrix() @ FRONTAL
    np.testing.assert_allclose(turned[0].detach(), expected, atol=1e-6)
    np.testing.assert_allclose(turned[1].detach(), FRONTAL, atol=1e-6)
    np.testing.assert_allclose(moved.detach(), [[0, 1, 60], [0, 1, 60 - 2 * SHIFT]], atol=1e-5)
    assert correction.penalty(tracked).item() == pytest.approx((3.0**2 + 2.0**2) / 12)


def test_a_rule_learnt_from_training_frames_corrects_held_out_ones():
    """A tracker that nods with the jaw: points seen where they truly are teach the rule in a hundred steps."""
    condition, eye, rotation, translation = clip_like()
    features = torch.tensor(features_of((condition, eye, rotation, translation)))
    truth = Rotation.from_rotvec(features[:, :1].numpy() * [[0.015, 0, 0]]).as_matrix() @ rotation
    points = torch.tensor([[0.0, 0, 8], [5, 0, 4], [-5, 0, 4], [0, -6, 5]])
    wanted = points @ torch.tensor(truth, dtype=torch.float32).transpose(1, 2) + torch.tensor(translation)[:, None]
    correction = PoseOptimizer()
    optimizer = torch.optim.Adam(correction.parameters(), 0.05)

    def error(frames):
        some = torch.as_tensor(np.flatnonzero(frames))
        tracked = torch.tensor(rotation)[some], torch.tensor(translation)[some]
        turned, moved = correction(features[some], *tracked)
        return (points @ turned.transpose(1, 2) + moved[:, None] - wanted[some]).square().mean()

    before = error(~TRAINING).item()
    for _ in range(100):
        optimizer.zero_grad()
        error(TRAINING).backward()
        optimizer.step()
    assert error(~TRAINING).item() < before / 100
