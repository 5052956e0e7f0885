import numpy as np
import pytest
from stub_artifacts import stub_clip

from beavervision.artifacts.synthetic_speech import SOUND, TEST, TRAIN, SyntheticSpeech, write_synthetic_speech
from beavervision.errors import BeaverError, SyntheticSpeechError

FACTS = {"speaker": "anna", "language": "de", "fps": 25.0, "basis": "gpmm"}


def write(folder, split, frames=10):
    rng = np.random.default_rng(3)
    arrays = (
        rng.normal(size=(frames, 64)),
        rng.uniform(size=(frames, 2)),
        np.arange(frames) % 3 == 0,
        np.arange(2 * frames),
    )
    sound = (0.5 * np.sin(np.arange(640 * frames) / 9)).astype(np.float32)
    write_synthetic_speech(folder, {**FACTS, "split": split}, sound, *arrays)
    return sound, arrays


def test_a_talk_comes_back_as_it_was_written(tmp_path):
    sound, (expression, eye_open, closed, phoneme) = write(tmp_path / "anna", TRAIN)
    talk = SyntheticSpeech.load(tmp_path / "anna")
    assert (talk.speaker, talk.basis, talk.fps, talk.n_frames) == ("anna", "gpmm", 25.0, 10)
    np.testing.assert_array_equal(talk.expression, expression.astype(np.float32))
    np.testing.assert_array_equal(talk.eye_open, eye_open.astype(np.float32))
    np.testing.assert_array_equal(talk.closed, closed)
    np.testing.assert_array_equal(talk.phoneme, phoneme)
    assert np.abs(talk.audio() - sound).max() < 2**-15  # 16 bits


@pytest.mark.parametrize(("split", "learnt", "held_out"), [(TRAIN, 10, 0), (TEST, 0, 10)])
def test_a_talk_is_learnt_from_or_held_out_as_a_whole(tmp_path, split, learnt, held_out):
    write(tmp_path / "anna", split)
    talk = SyntheticSpeech.load(tmp_path / "anna")
    assert (len(talk.train_range), len(talk.test_range)) == (learnt, held_out)


def test_same_content_same_bytes(tmp_path):
    write(tmp_path / "a", TRAIN)
    write(tmp_path / "b", TRAIN)
    for file in (tmp_path / "a").iterdir():
        assert file.read_bytes() == (tmp_path / "b" / file.name).read_bytes()


def test_a_talk_without_sound_says_so(tmp_path):
    write(tmp_path / "anna", TRAIN)
    (tmp_path / "anna" / SOUND).unlink()
    with pytest.raises(BeaverError, match=SOUND):
        SyntheticSpeech.load(tmp_path / "anna")


def test_another_artifact_is_refused(tmp_path):
    stub_clip(tmp_path / "clip")
    with pytest.raises(SyntheticSpeechError, match="is a clip, not a synthetic_speech"):
        SyntheticSpeech.load(tmp_path / "clip")
