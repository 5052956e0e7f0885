"""What is said of a sync expert: shares of windows, stretches and shifts judged rightly."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch.nn.functional import normalize

from beavervision.artifacts.motion import Motion
from beavervision.audio.features import AudioFeatureExtractor
from beavervision.errors import BeaverError
from beavervision.stages.syncnet.evaluation import SyncEvaluation, offset_curves, shift_apart
from beavervision.stages.syncnet.inference import SyncExpert
from beavervision.stages.syncnet.network import SyncNet


@pytest.fixture(scope="module")
def network():
    torch.manual_seed(0)
    return SyncNet(80, hidden=8, embedding=16).eval()


def embeddings(length, seed=0):
    return normalize(torch.randn(length, 16, generator=torch.Generator().manual_seed(seed)), dim=1)


def test_equal_embeddings_are_in_step_and_every_shift_is_found(network):
    judgement, known = SyncEvaluation(network, 25.0), torch.ones(200, dtype=torch.bool)
    for seed in range(2):
        judgement.add(embeddings(200, seed), embeddings(200, seed), known)
    found = judgement.figures()
    assert float(found["offset"]) == 0
    assert [float(found[name]) for name in ("offset_found", "shift_noticed", "shift_found")] == [1, 1, 1]
    # scale e^1.5 = 4.5 and bias 0: windows in step have logit 4.5; shifted ones are random, half of them below 0
    assert float(found["accuracy"]) == pytest.approx(0.75, abs=0.03)


def test_unrelated_embeddings_have_chance_s_share(network):
    judgement, known = SyncEvaluation(network, 25.0), torch.ones(2000, dtype=torch.bool)
    judgement.add(embeddings(2000, 1), embeddings(2000, 2), known)
    found = judgement.figures()
    # 3 of 31 offsets lie within a frame of 0
    assert float(found["offset_found"]) == pytest.approx(3 / 31, abs=0.08)
    assert float(found["accuracy"]) == pytest.approx(0.5, abs=0.05)
    assert float(found["confidence"]) < 0.05


def test_speech_without_a_stretch_of_two_seconds_has_no_shares(network):
    judgement = SyncEvaluation(network, 25.0)
    judgement.add(embeddings(20), embeddings(20), torch.ones(20, dtype=torch.bool))
    assert set(judgement.figures()) == {"offset", "confidence", "accuracy"}
    assert SyncEvaluation(network, 25.0).figures() == {}


def test_late_sound_belongs_to_earlier_motion():
    rows, known = torch.arange(6.0)[:, None], torch.tensor([True, True, True, True, True, False])
    late, motion, counts = shift_apart(rows, rows, known, 2)
    assert (late[:, 0].tolist(), motion[:, 0].tolist()) == ([0, 1, 2, 3], [2, 3, 4, 5])
    assert counts.tolist() == [True, True, True, False]
    early, motion, _ = shift_apart(rows, rows, known, -4)
    assert (early[:, 0].tolist(), motion[:, 0].tolist()) == ([4, 5], [0, 1])
    assert len(shift_apart(rows, rows, known, 7)[0]) == 0


def test_the_valley_of_distances_lies_at_the_offset(network):
    late, known = embeddings(40).roll(3, 0), torch.ones(40, dtype=torch.bool)
    total, count = SyncEvaluation(network, 25.0).add(late, embeddings(40), known)
    curves = offset_curves(total, count)
    (distance,) = curves.lines.values()
    assert curves.x[np.nanargmin(distance)] == 3


def test_a_speech_shorter_than_a_window_is_a_sentence(network):
    expert = SyncExpert(network, AudioFeatureExtractor(), "gpmm", -20.0)
    motion = Motion(np.zeros((25, 64), np.float32), 25.0)
    with pytest.raises(BeaverError, match="4 frames are too few"):
        expert.judge(motion, np.zeros(4 * 640, np.float32))
    one_second = expert.judge(motion, 0.1 * np.random.default_rng(0).standard_normal(16000).astype(np.float32))
    assert torch.isfinite(one_second.confidence)
