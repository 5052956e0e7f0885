import copy

import numpy as np
import pytest
from corpora import write_speech_talk

from beavervision.audio.features import AudioFeatureExtractor
from beavervision.data import feature_cache as cache_module
from beavervision.data.augmentation import AudioAugmentation
from beavervision.data.dataset_stats import split_into_pieces
from beavervision.data.feature_cache import FeatureCache
from beavervision.data.recording import open_recording
from beavervision.data.speech_sample import make_sample

FAST = AudioAugmentation(speed=1.25)


@pytest.fixture
def talk(tmp_path):
    return open_recording(write_speech_talk(tmp_path / "talk", "ann", 40))


def test_a_cached_sample_equals_the_computed_one(talk, tmp_path):
    cache = FeatureCache(tmp_path / "cache", AudioFeatureExtractor())
    assert list(cache.add(talk, range(5, 40), [AudioAugmentation(), FAST])) == [0, 1]
    for found, augmentation in zip(cache, (AudioAugmentation(), FAST), strict=True):
        expected = make_sample(talk, range(5, 40), AudioFeatureExtractor(), augmentation)
        for name, value in vars(expected).items():
            np.testing.assert_array_equal(getattr(found, name), value)
    assert [(entry.speaker, entry.n_frames) for entry in cache.entries] == [("ann", 35), ("ann", 28)]
    assert [entry.clean for entry in cache.entries] == [True, False]


def test_what_lies_there_is_not_computed_again(talk, tmp_path, monkeypatch):
    FeatureCache(tmp_path, AudioFeatureExtractor()).add(talk, range(40), [FAST])
    monkeypatch.setattr(cache_module, "make_sample", None)  # calling it would raise
    again = FeatureCache(tmp_path, AudioFeatureExtractor())
    again.add(talk, range(40), [FAST])
    assert again[0].n_frames == 32


def test_another_sound_motion_range_or_augmentation_is_another_sample(talk, tmp_path):
    cache = FeatureCache(tmp_path / "cache", AudioFeatureExtractor())
    louder = write_speech_talk(tmp_path / "louder", "ann", 40, samples=np.full(40 * 640, 0.1))
    wider = write_speech_talk(tmp_path / "wider", "ann", 40, expression=np.ones((40, 64)))
    for recording in (talk, open_recording(louder), open_recording(wider)):
        cache.add(recording, range(40), [AudioAugmentation()])
    cache.add(talk, range(39), [AudioAugmentation()])
    cache.add(talk, range(40), [AudioAugmentation(seed=3)])
    cache.add(talk, range(40), [AudioAugmentation()], gain_db=1.0)
    assert len({entry.path for entry in cache.entries}) == 6
    # the same content under another name is the same sample
    same = open_recording(write_speech_talk(tmp_path / "copy", "eve", 40))
    cache.add(same, range(40), [AudioAugmentation()])
    assert cache.entries[-1].path == cache.entries[0].path
    assert cache.entries[-1].speaker == "eve"


def test_the_bytes_of_a_speech_encoder_s_folder_are_part_of_the_name(tmp_path):
    (tmp_path / "encoder").mkdir()
    names = []
    for text in ("{}", '{"a": 1}'):
        (tmp_path / "encoder" / "config.json").write_text(text)
        names.append(cache_module._named(AudioFeatureExtractor("hubert", str(tmp_path / "encoder"))))
    assert names[0] != names[1]


def test_samples_are_mapped_and_few_stay_so(talk, tmp_path, monkeypatch):
    monkeypatch.setattr(cache_module, "MAX_MAPPED", 2)
    cache = FeatureCache(tmp_path, AudioFeatureExtractor())
    cache.add(talk, range(40), [AudioAugmentation(seed=i) for i in range(5)])
    assert all(isinstance(sample.content, np.memmap) for sample in cache)
    assert len(cache._mapped) == 2
    # a worker process gets the entries, not the memory maps
    sent = copy.deepcopy(cache)  # as pickling does it
    assert len(sent._mapped) == 0
    np.testing.assert_array_equal(sent[4].content, cache[4].content)


@pytest.mark.parametrize("frames", [range(1), range(1500), range(7, 1508), range(100, 10_000)])
def test_pieces_cover_a_stretch_once(frames):
    found = split_into_pieces(frames, 25.0)
    assert [i for piece in found for i in piece] == list(frames)
    assert max(map(len, found)) <= 1500
    assert max(map(len, found)) - min(map(len, found)) <= 1
