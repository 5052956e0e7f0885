from itertools import islice

import numpy as np
import pytest
from PIL import Image

from beavervision.errors import BeaverError
from beavervision.inference.background import Background, fill_frame, remove_people
from beavervision.inference.source_reader import SourceFrame
from beavervision.types import Label
from beavervision.video.planar_picture import RgbPicture

WIDTH, HEIGHT = 80, 60
PLATE = np.full((HEIGHT, WIDTH, 3), 90, np.uint8)


def test_backdrop_is_what_the_user_chose(tmp_path):
    picture = np.random.default_rng(0).integers(0, 256, (HEIGHT, WIDTH, 3), dtype=np.uint8)
    Image.fromarray(picture).save(tmp_path / "wall.png")
    size = (WIDTH, HEIGHT)
    found = {
        choice: next(Background.of(choice, size, PLATE).frames(25))
        for choice in ("plate", "none", "#00ff00", "navy", str(tmp_path / "wall.png"))
    }
    np.testing.assert_array_equal(found["plate"], PLATE)
    assert found["none"] is None
    assert (found["#00ff00"] == (0, 255, 0)).all()
    assert (found["navy"] == (0, 0, 128)).all()
    np.testing.assert_array_equal(found[str(tmp_path / "wall.png")], picture)


def test_a_film_as_backdrop_begins_again(miniature):
    frames = [rgb for _, rgb in miniature.frames()]
    backdrop = Background.of(str(miniature.video), miniature.size, PLATE).frames(25)
    found = list(islice(backdrop, len(frames) + 3))
    np.testing.assert_array_equal(found[5], frames[5])
    np.testing.assert_array_equal(found[len(frames) + 2], frames[2])


def test_pictures_fill_the_frame_with_their_middle():
    # 40 x 20 scaled to cover 10 x 10: by half, to 20 x 10; the middle ten columns are columns 10-29 of the picture.
    wide = np.zeros((20, 40, 3), np.uint8)
    wide[:, 10:30] = 200
    assert (fill_frame(wide, (10, 10)) == 200).all()


def test_no_backdrop_by_that_name():
    with pytest.raises(BeaverError, match="background=meadow is no file and no colour"):
        Background.of("meadow", (WIDTH, HEIGHT), PLATE)


def test_surroundings_are_the_footage_without_its_people():
    rgb = np.random.default_rng(0).integers(0, 256, (HEIGHT, WIDTH, 3), dtype=np.uint8)
    mine, theirs = np.zeros((2, HEIGHT, WIDTH), np.uint8)
    mine[20:40, 10:20], theirs[20:40, 60:70] = Label.FACE, Label.TORSO
    mine[20:40, 60:70], theirs[20:40, 10:20] = Label.OTHER, Label.OTHER
    found = remove_people(SourceFrame(RgbPicture(rgb), (mine, theirs), (None, None)), PLATE)
    for columns in (slice(10, 20), slice(60, 70)):
        np.testing.assert_array_equal(found[20:40, columns], PLATE[20:40, columns])
    np.testing.assert_array_equal(found[:, 30:50], rgb[:, 30:50])
    alone = remove_people(SourceFrame(RgbPicture(rgb), (mine,), (None,)), PLATE)
    np.testing.assert_array_equal(alone[20:40, 62:68], rgb[20:40, 62:68])  # who is not in the film stays
