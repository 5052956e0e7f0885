import numpy as np
import pytest
from speech_clips import write_speech_clip

from beavervision.artifacts.synthetic_speech import write_synthetic_speech
from beavervision.data.recording import open_recording, tracked_frames
from beavervision.errors import BeaverError


def test_a_clip_s_recording(speech_clip):
    clip = speech_clip()
    found = open_recording(clip.folder)
    assert (found.speaker, found.fps, found.basis, found.n_frames) == ("babble/0", 25.0, "gpmm", 110)
    assert (found.train_ranges, found.held_out_ranges) == ((range(100),), (range(100, 110),))
    assert np.flatnonzero(~found.known).tolist() == list(range(40, 48))
    assert found.closed is None
    np.testing.assert_array_equal(found.identity, clip.subjects[0].identity)


def test_sound_of_a_range_is_that_range(speech_clip):
    clip = speech_clip()
    found = open_recording(clip.folder)
    np.testing.assert_array_equal(found.sound(range(20, 60)), clip.audio()[20 * 640 : 60 * 640])
    beyond = found.sound(range(105, 120))
    np.testing.assert_array_equal(beyond[: 5 * 640], clip.audio()[105 * 640 :])
    assert not beyond[5 * 640 :].any()


@pytest.mark.parametrize(("split", "learnt", "held_out"), [("train", (range(8),), ()), ("test", (), (range(8),))])
def test_a_talk_is_learnt_from_or_held_out_as_a_whole(tmp_path, split, learnt, held_out):
    expression, closed = np.full((8, 64), 0.5, np.float32), np.arange(8) == 3
    facts = {"speaker": "otto", "language": "de", "split": split, "fps": 25.0, "basis": "gpmm"}
    arrays = (np.full(8 * 640, 0.25), expression, np.full((8, 2), 0.3), closed, np.zeros(16))
    write_synthetic_speech(tmp_path / "talk", facts, *arrays)
    found = open_recording(tmp_path / "talk")
    assert (found.speaker, found.train_ranges, found.held_out_ranges) == ("otto", learnt, held_out)
    assert found.known.all()
    assert not found.identity.any()
    np.testing.assert_array_equal(found.expression, expression)
    np.testing.assert_array_equal(found.closed, closed)
    np.testing.assert_array_equal(found.sound(range(2, 3)), np.full(640, 0.25, np.float32))


def test_clips_of_one_speaker_are_one_speaker(tmp_path):
    clips = [write_speech_clip(tmp_path / name, name=name, facts={"speaker": "s1"}) for name in ("a", "b")]
    assert [open_recording(clip.folder).speaker for clip in clips] == ["s1", "s1"]
    alone = write_speech_clip(tmp_path / "c", name="c")
    assert open_recording(alone.folder).speaker == "c/0"


def test_what_is_no_recording_is_refused(speech_clip, tmp_path):
    with pytest.raises(BeaverError, match=r"is not an artifact: it has no manifest.json"):
        open_recording(tmp_path)
    with pytest.raises(BeaverError, match=r"has 1 prepared people, not one numbered 1"):
        open_recording(speech_clip().folder, subject=1)


def test_covered_frames_count_only_when_most_are_covered(speech_clip):
    def cover(count):
        def change(arrays):
            arrays["occluded"][:count] = True

        return change

    few = speech_clip("few", change=cover(30)).subjects[0]
    assert tracked_frames(few).sum() == 110 - 8 - 30
    most = speech_clip("most", change=cover(80)).subjects[0]
    assert tracked_frames(most).sum() == 110 - 8
