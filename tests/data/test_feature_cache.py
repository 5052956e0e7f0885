import copy

import numpy as np
import pytest
from corpora import write_speech_talk

from beavervision.audio.speech_features import FeatureSettings
from beavervision.data import feature_cache as shelf_module
from beavervision.data.augmentation import Disturbance
from beavervision.data.dataset_stats import pieces
from beavervision.data.feature_cache import Shelf
from beavervision.data.recording import open_recording
from beavervision.data.speech_sample import record

FAST = Disturbance(speed=1.25)


@pytest.fixture
def talk(tmp_path):
    return open_recording(write_speech_talk(tmp_path / "talk", "ann", 40))


def test_a_take_from_the_shelf_is_the_take(talk, tmp_path):
    shelf = Shelf(tmp_path / "shelf", FeatureSettings())
    assert list(shelf.put(talk, range(5, 40), [Disturbance(), FAST])) == [0, 1]
    for found, how in zip(shelf, (Disturbance(), FAST), strict=True):
        expected = record(talk, range(5, 40), FeatureSettings(), how)
        for name, value in vars(expected).items():
            np.testing.assert_array_equal(getattr(found, name), value)
    assert [(label.speaker, label.n_frames) for label in shelf.labels] == [("ann", 35), ("ann", 28)]
    assert [label.clean for label in shelf.labels] == [True, False]


def test_what_lies_there_is_not_computed_again(talk, tmp_path, monkeypatch):
    Shelf(tmp_path, FeatureSettings()).put(talk, range(40), [FAST])
    monkeypatch.setattr(shelf_module, "record", None)  # calling it would raise
    again = Shelf(tmp_path, FeatureSettings())
    again.put(talk, range(40), [FAST])
    assert again[0].n_frames == 32


def test_another_sound_motion_range_or_disturbance_is_another_take(talk, tmp_path):
    shelf = Shelf(tmp_path / "shelf", FeatureSettings())
    louder = write_speech_talk(tmp_path / "louder", "ann", 40, samples=np.full(40 * 640, 0.1))
    wider = write_speech_talk(tmp_path / "wider", "ann", 40, expression=np.ones((40, 64)))
    for recording in (talk, open_recording(louder), open_recording(wider)):
        shelf.put(recording, range(40), [Disturbance()])
    shelf.put(talk, range(39), [Disturbance()])
    shelf.put(talk, range(40), [Disturbance(seed=3)])
    shelf.put(talk, range(40), [Disturbance()], gain_db=1.0)
    assert len({label.path for label in shelf.labels}) == 6
    # the same content under another name is the same take
    same = open_recording(write_speech_talk(tmp_path / "copy", "eve", 40))
    shelf.put(same, range(40), [Disturbance()])
    assert shelf.labels[-1].path == shelf.labels[0].path
    assert shelf.labels[-1].speaker == "eve"


def test_the_bytes_of_a_speech_encoder_s_folder_are_part_of_the_name(tmp_path):
    (tmp_path / "encoder").mkdir()
    names = []
    for text in ("{}", '{"a": 1}'):
        (tmp_path / "encoder" / "config.json").write_text(text)
        names.append(shelf_module._named(FeatureSettings("hubert", str(tmp_path / "encoder"))))
    assert names[0] != names[1]


def test_takes_are_mapped_and_few_stay_so(talk, tmp_path, monkeypatch):
    monkeypatch.setattr(shelf_module, "MAPPED", 2)
    shelf = Shelf(tmp_path, FeatureSettings())
    shelf.put(talk, range(40), [Disturbance(seed=i) for i in range(5)])
    assert all(isinstance(take.content, np.memmap) for take in shelf)
    assert len(shelf._mapped) == 2
    # a worker process gets the labels, not what is mapped
    sent = copy.deepcopy(shelf)  # as pickling does it
    assert len(sent._mapped) == 0
    np.testing.assert_array_equal(sent[4].content, shelf[4].content)


@pytest.mark.parametrize("frames", [range(1), range(1500), range(7, 1508), range(100, 10_000)])
def test_pieces_cover_a_stretch_once(frames):
    found = pieces(frames, 25.0)
    assert [i for piece in found for i in piece] == list(frames)
    assert max(map(len, found)) <= 1500
    assert max(map(len, found)) - min(map(len, found)) <= 1
