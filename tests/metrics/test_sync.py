import pytest
import torch
from torch.nn.functional import normalize

from beavervision.metrics.sync import SyncOffset, offset_distances, sync_offset


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
