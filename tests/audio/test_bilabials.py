import numpy as np

from beavervision.audio.bilabials import bilabial_times, runs
from beavervision.audio.waveform import load_waveform
from beavervision.synthetic import actor_truth, actor_video

NEAR = 0.04
"""s; the encoder's rows are 20 ms."""


def overlap(one: tuple[float, float], others: list[tuple[float, float]]) -> bool:
    return any(one[0] < stop + NEAR and one[1] > start - NEAR for start, stop in others)


def test_most_p_b_m_of_the_actor_are_heard_where_they_are():
    truth = [(p.start, p.end) for p in actor_truth().phonemes if p.symbol[:1] in ("p", "b", "m")]
    heard = [(a, b) for a, b in bilabial_times(load_waveform(actor_video()).samples)]
    assert np.mean([overlap(one, heard) for one in truth]) > 0.85  # 0.92
    assert np.mean([overlap(one, truth) for one in heard]) > 0.6  # 0.67: v and w are taken for b


def test_runs_at_both_ends():
    assert runs(np.array([1, 0, 1, 1], bool)).tolist() == [[0, 1], [2, 4]]
    assert runs(np.zeros(3, bool)).shape == (0, 2)


def test_silence_has_none():
    assert bilabial_times(np.zeros(16_000, np.float32)).shape == (0, 2)
