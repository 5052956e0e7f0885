import av
import numpy as np
import pytest
from footage import write_footage

from beavervision.errors import BeaverError
from beavervision.preprocess import PrepareOptions, prepare


def empty(path):
    path.write_bytes(b"")


def text(path):
    path.write_text("not a video\n" * 100)


def sound_only(path):
    with av.open(str(path), "w", format="wav") as container:
        stream = container.add_stream("pcm_s16le", 16_000)
        stream.codec_context.layout = "mono"
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 16_000), np.int16), format="s16", layout="mono")
        frame.sample_rate = 16_000
        container.mux(stream.encode(frame))


def nobody(path):
    write_footage(path, 0.4, size=(160, 120), click_at=0.2)


@pytest.mark.parametrize(
    ("make", "name", "message"),
    [
        (lambda path: None, "a.mp4", "does not exist"),
        (empty, "a.mp4", "empty"),
        (text, "a.mp4", "not a video"),
        (sound_only, "a.wav", "no video stream"),
        (nobody, "a.mkv", "shows no face anywhere"),
    ],
)
def test_bad_footage_is_one_sentence_and_leaves_nothing(tmp_path, make, name, message):
    make(tmp_path / name)
    with pytest.raises(BeaverError, match=message) as error:
        prepare(tmp_path / name, tmp_path / "out" / "clip", PrepareOptions("a"))
    assert name in str(error.value)
    assert [path for path in tmp_path.rglob("*") if path.is_file() and path.name != name] == []


def test_a_folder_that_cannot_be_written_is_named(tmp_path):
    video = write_footage(tmp_path / "a.mp4", 0.4)
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(BeaverError, match="cannot be written"):
        prepare(video, tmp_path / "file" / "clip", PrepareOptions("a"))


def test_an_unknown_face_model_is_refused_before_any_work(tmp_path):
    with pytest.raises(BeaverError, match="gpmn"):
        prepare(tmp_path / "missing.mp4", tmp_path / "clip", PrepareOptions("a", basis="gpmn"))
