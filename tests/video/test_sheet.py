import numpy as np
import pytest
from PIL import Image

from beavervision.video.sheet import GAP, ContactSheet, tile


def test_tiles_lie_where_they_should():
    pictures = [np.full((3, 5, 3), i, np.uint8) for i in range(5)]
    sheet = tile(pictures, 2)
    assert sheet.shape == (3 * 3 + 2 * GAP, 2 * 5 + GAP, 3)
    assert (sheet[3 + GAP : 6 + GAP, 5 + GAP :] == 3).all()
    assert (sheet[3 : 3 + GAP] == 255).all()
    assert (sheet[-3:, 5:] == 255).all()  # the sixth place is empty


def test_nothing_to_show_is_a_bug():
    with pytest.raises(ValueError, match="no pictures"):
        tile([], 2)


def test_keeps_the_middles_of_equal_parts(tmp_path):
    sheet = ContactSheet(100, count=4, columns=2, width=8)
    for i in range(100):
        sheet.see(i, np.full((8, 16, 3), i, np.uint8))
    # Parts 0-24, 25-49, 50-74, 75-99: middles 12, 37, 62, 87; width 16 -> 8 halves the height to 4.
    found = np.asarray(Image.open(sheet.save(tmp_path / "sheet.png")))
    assert found.shape == (2 * 4 + GAP, 2 * 8 + GAP, 3)
    assert [int(found[y, x, 0]) for y in (0, 4 + GAP) for x in (0, 8 + GAP)] == [12, 37, 62, 87]


def test_a_video_shorter_than_the_sheet():
    sheet = ContactSheet(2, count=12, width=8)
    for i in range(2):
        sheet.see(i, np.full((8, 8, 3), i, np.uint8))
    assert sheet.picture().shape == (8, 2 * 8 + GAP, 3)
