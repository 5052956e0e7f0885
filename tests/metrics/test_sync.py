import pytest
import torch
from torch.nn.functional import normalize

from beavervision.metrics.sync import SyncOffset, offset_distances, sync_offset, window_offsets


@pytest.fixture
def embeddings():
    torch.manual_seed(0)
    return normalize(torch.randn(60, 16), dim=1)


@pytest.mark.parametrize("shift", [-7, -1, 0, 3, 15])
def test_a_shift_is_found_with_its_sign(embeddings, shift):
    sound = embeddings.roll(shift, 0)  # sound[t + shift] belongs to motion[t]: positive is late
    found = sync_offset(sound, embeddings)
    assert int(found.offset) == shift
    assert found.confidence > 1.0  # random vectors lie about sqrt 2 apart


def test_unrelated_sound_has_no_confidence(embeddings):
    torch.manual_seed(1)
    other = normalize(torch.randn(60, 16), dim=1)
    assert sync_offset(other, embeddings).confidence < 0.2


def test_distances_by_hand():
    # unit vectors at 0 and 90 degrees: equal ones lie 0 apart, others sqrt 2
    x, y = [1.0, 0.0], [0.0, 1.0]
    sound, motion = torch.tensor([x, y, y]), torch.tensor([x, x, y])
    total, count = offset_distances(sound, motion, max_offset=1)
    # o = -1: (motion 1, sound 0) 0, (motion 2, sound 1) 0; o = 0: 0, sqrt 2, 0; o = 1: (0, 1) sqrt 2, (1, 2) sqrt 2
    torch.testing.assert_close(total, torch.tensor([0.0, 2**0.5, 2 * 2**0.5]))
    assert count.tolist() == [2, 3, 2]
    known = torch.tensor([True, False, True])
    assert offset_distances(sound, motion, known, 1)[1].tolist() == [1, 2, 1]


def test_class_joins_sequences(embeddings):
    metric = SyncOffset(max_offset=5)
    for part in (embeddings[:25], embeddings[25:]):
        metric.update(part.roll(2, 0), part)
    assert int(metric.compute().offset) == 2


def test_a_short_sound_is_judged_by_the_offsets_that_it_has(embeddings):
    # 6 windows: offsets -3 .. 3 have 3 pairs or more; with all 31 the median would be infinite
    found = sync_offset(embeddings[8:14], embeddings[10:16])  # sound[t + 2] belongs to motion[t]
    assert int(found.offset) == 2
    assert 0.5 < found.confidence < 2.0


def test_nothing_known_is_no_verdict(embeddings):
    found = sync_offset(embeddings, embeddings, torch.zeros(60, dtype=torch.bool))
    assert int(found.offset) == 0
    assert torch.isnan(found.confidence)


def test_stretches_are_judged_alone(embeddings):
    # 60 embeddings, stretches of 20 from 0, 10, ... 40; the sound of the first 30 is 2 late, of the others 3 early
    sound = torch.cat([embeddings[:30].roll(2, 0), embeddings[30:].roll(-3, 0)])
    found = window_offsets(sound, embeddings, length=20, max_offset=5).tolist()
    assert (found[:2], found[3:]) == ([2, 2], [-3, -3])
    known = torch.ones(60, dtype=torch.bool)
    known[:15] = False  # 15 of the first stretch, 5 of the second
    assert len(window_offsets(sound, embeddings, known, 20, 5)) == 4
    assert len(window_offsets(sound, embeddings, length=61)) == 0
