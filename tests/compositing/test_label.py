"""The label in a film's corner: legible, in its language, and nothing beside it changes."""

from __future__ import annotations

import av
import numpy as np
import pytest
from PIL import Image

from beavervision.compositing.label import WORDS, DisclosureLabel
from beavervision.errors import ConfigError
from beavervision.video.encode import VideoWriter

SIZES = [(480, 270), (1280, 720), (1080, 1920), (3840, 2160)]


def luminance(grey: float) -> float:
    """Relative luminance of an sRGB grey value (WCAG 2)."""
    share = grey / 255
    return share / 12.92 if share <= 0.04045 else ((share + 0.055) / 1.055) ** 2.4


def contrast(light: float, dark: float) -> float:
    return (luminance(light) + 0.05) / (luminance(dark) + 0.05)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("behind", [0, 128, 255])
def test_letters_are_large_and_stand_out_on_every_frame(size, behind):
    label = DisclosureLabel("text", size, "de")
    frame = label.draw(np.full((size[1], size[0], 3), behind, np.uint8))
    x0, y0, x1, y1 = label.box
    box = frame[y0:y1, x0:x1, 0]
    backing, letters = int(np.median(box)), int(box.max())
    assert contrast(letters, backing) > 4.5  # WCAG 2, AA
    rows = np.flatnonzero((box > (backing + letters) / 2).any(1))
    assert np.ptp(rows) + 1 >= max(9, 0.03 * min(size))  # capitals, px
    assert x1 - x0 < 0.6 * size[0]


@pytest.mark.parametrize("channels", [3, 4])
def test_nothing_outside_its_box_changes(channels):
    before = np.random.default_rng(0).integers(0, 255, (270, 480, channels), dtype=np.uint8)
    label, kept = DisclosureLabel("text", (480, 270)), before.copy()
    after = label.draw(before)
    np.testing.assert_array_equal(before, kept)  # the frame itself may be shown again
    x0, y0, x1, y1 = label.box
    assert (after[y0:y1, x0:x1] != before[y0:y1, x0:x1]).any()
    after[y0:y1, x0:x1] = before[y0:y1, x0:x1]
    np.testing.assert_array_equal(after, before)


def test_where_a_film_is_clear_the_label_is_not():
    label = DisclosureLabel("text", (480, 270))
    frame = label.draw(np.zeros((270, 480, 4), np.uint8))
    x0, y0, x1, y1 = label.box
    box = frame[y0:y1, x0:x1]
    assert box[..., 3].min() == 165  # the backing's own opacity
    assert box[box[..., 3] == 255][..., :3].min() >= 254  # the letters
    assert frame[..., 3].sum() == box[..., 3].sum()


def test_every_language_has_two_labels_of_its_own():
    shown = {}
    for language, words in WORDS.items():
        for changed in (False, True):
            label = DisclosureLabel("text", (480, 270), language, changed=changed)
            x0, y0, x1, y1 = label.box
            shown[words[changed]] = label.draw(np.zeros((270, 480, 3), np.uint8))[y0:y1, x0:x1].tobytes()
    assert len(shown) == 2 * len(WORDS)
    assert len(set(shown.values())) == len(shown)  # no two alike, as boxes for missing letters would be


def test_a_picture_of_ones_own_keeps_its_opacity(tmp_path):
    rgba = np.zeros((100, 200, 4), np.uint8)
    rgba[:, 100:] = (255, 0, 0, 255)
    Image.fromarray(rgba).save(tmp_path / "mark.png")
    label = DisclosureLabel(str(tmp_path / "mark.png"), (1000, 500))
    x0, y0, x1, y1 = label.box
    assert (x1 - x0, y1 - y0) == (120, 60)
    frame = label.draw(np.full((500, 1000, 3), 50, np.uint8))
    assert frame[y0 + 30, x0 + 20].tolist() == [50, 50, 50]
    assert frame[y0 + 30, x1 - 20].tolist() == [255, 0, 0]


def test_coding_leaves_it_legible(tmp_path):
    label = DisclosureLabel("text", (480, 270))
    noise = np.random.default_rng(0).integers(0, 255, (270, 480, 3), dtype=np.uint8)
    with VideoWriter(tmp_path / "film.mp4", 480, 270, 25.0, preset="ultrafast", crf=30) as film:
        for _ in range(3):
            film.write(label.draw(noise))
    with av.open(str(tmp_path / "film.mp4")) as film:
        coded = [frame.to_ndarray(format="gray") for frame in film.decode(video=0)][-1]
    clean = label.draw(np.full_like(noise, 128))[..., 0]
    x0, y0, x1, y1 = label.box
    same = np.corrcoef(coded[y0:y1, x0:x1].ravel(), clean[y0:y1, x0:x1].ravel())[0, 1]
    assert same > 0.8


@pytest.mark.parametrize(
    ("choice", "language", "sentence"),
    [("text", "xx", "language=xx has no label"), ("nowhere.png", "en", "label=nowhere.png is no picture")],
)
def test_what_cannot_be_drawn_is_a_sentence(choice, language, sentence):
    with pytest.raises(ConfigError, match=sentence):
        DisclosureLabel(choice, (480, 270), language)


def test_a_frame_smaller_than_its_label():
    for size in ((32, 16), (16, 64), (8, 8)):
        frame = np.zeros((size[1], size[0], 3), np.uint8)
        assert DisclosureLabel("text", size, "el").draw(frame).shape == frame.shape
