import numpy as np
import pytest

from beavervision.artifacts.clip import Clip
from beavervision.synthetic.miniature import babble_phonemes, babble_sound, miniature_clip
from beavervision.types import Label


@pytest.fixture(scope="module")
def clip(tmp_path_factory) -> Clip:
    return miniature_clip(tmp_path_factory.mktemp("miniature") / "clip", n_frames=10)


def test_is_a_whole_clip(clip):
    assert clip.n_frames == 10
    assert clip.size == (160, 120)
    assert (len(clip.train_range), len(clip.test_range)) == (9, 1)
    assert [index for index, _ in clip.frames()] == list(range(10))
    assert len(clip.audio()) == 10 * 640
    subject = clip.subjects[0]
    assert subject.visible.all()
    assert np.isfinite(subject.landmarks).all()


def test_labels_say_what_the_frame_shows(clip):
    plate = clip.plate().astype(int)
    for (_, rgb), (_, labels) in zip(clip.frames(), clip.labels(), strict=True):
        assert set(np.unique(labels)) == {Label.BACKGROUND, Label.HAIR, Label.FACE, Label.NECK, Label.TORSO}
        # away from edges the background is the plate, up to the encoder
        empty = labels == Label.BACKGROUND
        inner = empty & np.roll(empty, 4, 0) & np.roll(empty, -4, 0) & np.roll(empty, 4, 1) & np.roll(empty, -4, 1)
        assert np.abs(rgb.astype(int) - plate)[inner].mean() < 4
        assert np.abs(rgb.astype(int) - plate)[labels == Label.FACE].mean() > 20


def test_landmarks_lie_on_the_face(clip):
    subject = clip.subjects[0]
    for index, labels in clip.labels():
        column, row = np.floor(subject.landmarks[index, :468, :2]).astype(int).T
        assert (labels[row, column] == Label.FACE).mean() > 0.85  # the rest lies on the outline or under hair
        x0, y0, x1, y1 = subject.box[index]
        assert x0 <= column.min() + 1
        assert y1 >= row.max()
        assert x1 - x0 > 35
        assert y1 - y0 > 45


def test_same_bytes_again(clip, tmp_path):
    again = miniature_clip(tmp_path / "clip", n_frames=10)
    for (_, a), (_, b) in zip(clip.frames(), again.frames(), strict=True):
        np.testing.assert_array_equal(a, b)
    np.testing.assert_array_equal(clip.subjects[0].landmarks, again.subjects[0].landmarks)


def test_the_babble_tells_of_the_mouth():
    opening = np.tile([0.0, 0.0, 0.1, 0.1], 10)
    sound = babble_sound(opening)
    loud = np.sqrt((sound.reshape(40, 640) ** 2).mean(axis=1))
    assert len(sound) == 40 * 640
    # frames 0 and 2 of each four hold still: shut and open
    assert loud[2::4].min() > 2 * loud[0::4].max()
    assert babble_phonemes(1.0)[-1].end >= 1.0
