"""How drawn lower faces get into frames; a painter that fills the patch with one colour stands for the network."""

from dataclasses import dataclass, replace

import cv2
import numpy as np
import pytest

from beavervision.inference.lower_face_dub import draw_faces
from beavervision.inference.lower_face_layer import DrawnFace, face_box, face_pixels, face_pixels_plainly, lay_face
from beavervision.inference.lower_face_track import FaceTarget
from beavervision.inference.own_motion_cache import OwnMotionCache
from beavervision.inference.source_reader import SourceFrame
from beavervision.stages.lower_face.patch_geometry import PatchGeometry
from beavervision.types import Label
from beavervision.video.planar_picture import RgbPicture

GEOMETRY = PatchGeometry(64, 4.5)
WIDTH, HEIGHT = 160, 120


@dataclass
class Painter:
    """Draws 200 where it is asked for the new motion, which comes first, and 100 for the footage's own."""

    geometry: PatchGeometry = GEOMETRY
    calls: int = 0

    def render(self, patches, points):
        self.calls += 1
        drawn = np.full(patches.shape, 200.0, np.float32)
        drawn[len(points) // 2 :] = 100 if self.own else 200
        return drawn

    own: bool = True


@pytest.fixture
def target() -> FaceTarget:
    """A face whose patch lies at (50, 40) of the frame; the mouth about the middle of the patch."""
    rng = np.random.default_rng(0)
    own = rng.uniform((60, 50), (104, 94), (68, 2))
    own[48:68] = np.array((82, 72)) + rng.uniform(-6, 6, (20, 2))
    affine = np.array([[1.0, 0, -50], [0, 1.0, -40]])
    return FaceTarget(own, own.copy(), affine, 50.0, 1.0)


def frame(value: int = 100) -> SourceFrame:
    labels = np.full((HEIGHT, WIDTH), Label.FACE, np.uint8)
    return SourceFrame(RgbPicture(np.full((HEIGHT, WIDTH, 3), value, np.uint8)), (labels,), (None,))


def test_only_the_ellipse_changes(target):
    (face,) = draw_faces(Painter(own=False), [frame()], [target], detail=False)
    made = lay_face(face, GEOMETRY, frame().picture, frame().labels[0]).rgb
    assert (made[72, 82] == 200).all()
    changed = (made != 100).any(-1)
    outside = np.ones_like(changed)
    outside[40:104, 50:114] = GEOMETRY.ellipse() == 0
    assert not changed[outside].any()
    assert changed.sum() > 0.8 * GEOMETRY.ellipse().sum()


def test_a_hand_stays_on_top(target):
    source = frame()
    source.labels[0][:, 90:] = Label.HAND
    (face,) = draw_faces(Painter(own=False), [source], [target], detail=False)
    made = lay_face(face, GEOMETRY, source.picture, source.labels[0]).rgb
    assert (made[:, 90:] == 100).all()
    assert (made[72, 80] == 200).all()


def test_with_the_footages_own_motion_the_footage_stays_but_for_the_lips(target):
    # The painter draws the new motion and the own one alike, so what it lacks is carried in full.
    rng = np.random.default_rng(1)
    source = replace(frame(), picture=RgbPicture(rng.integers(0, 256, (HEIGHT, WIDTH, 3), dtype=np.uint8)))
    (face,) = draw_faces(Painter(own=False), [source], [target], detail=True)
    made = lay_face(face, GEOMETRY, source.picture, source.labels[0]).rgb
    assert (made[72, 82] == 200).all()  # inside the lips
    differs = np.abs(made.astype(int) - source.rgb).max(-1) > 1
    assert differs.sum() < 0.35 * GEOMETRY.ellipse().sum()
    np.testing.assert_array_equal(made[45:50], source.rgb[45:50])


def test_frames_without_a_face_pass_and_the_others_are_drawn_at_once(target):
    painter = Painter()
    faces = draw_faces(painter, [frame()] * 3, [target, None, target], detail=True)
    assert painter.calls == 1
    assert faces[1] is None
    assert (faces[0].new == 200).all()
    assert (faces[2].own == 100).all()
    assert draw_faces(painter, [frame()], [None], detail=True) == [None]
    assert painter.calls == 1


def test_a_face_that_comes_into_view_fades_in(target):
    values = []
    for share in (0.0, 0.5, 1.0):
        (face,) = draw_faces(Painter(own=False), [frame()], [replace(target, share=share)], detail=False)
        values.append(int(lay_face(face, GEOMETRY, frame().picture, frame().labels[0]).rgb[72, 82, 0]))
    assert values[0] == 100
    assert 140 < values[1] < 180
    assert values[2] == 200


def test_a_patch_that_is_out_of_the_frame_changes_nothing(target):
    away = replace(target, to_patch=np.array([[1.0, 0, -500], [0, 1.0, -40]]))
    (face,) = draw_faces(Painter(own=False), [frame()], [away], detail=False)
    np.testing.assert_array_equal(lay_face(face, GEOMETRY, frame().picture, frame().labels[0]).rgb, frame().rgb)


@pytest.mark.parametrize("hand", [False, True])
@pytest.mark.parametrize("scale", [1.0, 0.7, 1.6])
def test_the_compiled_layer_equals_the_plain_one(target, scale, hand):
    # `scale` is of the frame to the patch: at 1.6 the patch is made smaller, and smoothed before.
    rng = np.random.default_rng(3)
    turn = np.deg2rad(8)
    matrix = scale * np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    middle = np.array([82.0, 72.0])
    affine = np.column_stack([matrix, np.array([32.0, 32.0]) - matrix @ middle])
    moved = replace(target, new=target.own + rng.normal(0, 1.5, (68, 2)), to_patch=affine, share=0.9)
    noise = rng.integers(0, 256, (HEIGHT, WIDTH, 3), dtype=np.uint8)
    source = replace(frame(), picture=RgbPicture(cv2.GaussianBlur(noise, (0, 0), 1.5)))
    if hand:
        source.labels[0][70:80, 80:90] = Label.HAND
    drawn = [cv2.GaussianBlur(rng.uniform(0, 255, (64, 64, 3)).astype(np.float32), (0, 0), 1.5) for _ in range(2)]
    face = DrawnFace(moved, *drawn)
    box = face_box(face, GEOMETRY, (WIDTH, HEIGHT))
    part = (slice(box[1], box[3]), slice(box[0], box[2]))
    made, plain = (
        lay(face, GEOMETRY, source.rgb[part], source.labels[0][part], box).astype(int)
        for lay in (face_pixels, face_pixels_plainly)
    )
    assert (made != source.rgb[part]).any(-1).mean() > 0.15
    # OpenCV rounds positions to 1/32 px, and the inner border of the matte by as much.
    assert 10 * np.log10(255**2 / ((made - plain) ** 2).mean()) > 50
    assert np.abs(made - plain).max() <= 6


def test_only_the_first_film_draws_the_own_motion(tmp_path, target):
    counts = []

    class Counting(Painter):
        def render(self, patches, points):
            counts.append(len(points))
            drawn = np.full(patches.shape, 200.4, np.float32)
            drawn[2:] = 100.4
            return drawn

    cache = OwnMotionCache(tmp_path / "own_motion" / "key.rgb", 64)
    targets = [replace(target, frame=5), replace(target, frame=None)]
    films = [draw_faces(Counting(GEOMETRY), [frame()] * 2, targets, detail=True, cache=cache) for _ in range(2)]
    assert counts == [4, 3]  # between two frames of the clip nothing is kept
    for first, second in zip(*films, strict=True):
        np.testing.assert_array_equal(first.own, 100)
        np.testing.assert_array_equal(second.own[0], first.own[0])
