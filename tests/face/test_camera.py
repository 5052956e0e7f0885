import numpy as np

from beavervision.face.camera import FRONTAL, Camera


def test_project_by_hand():
    camera = Camera(fx=100, fy=100, cx=50, cy=40, width=100, height=80)
    # x: 100 * 2 / 10 + 50 = 70; y: 100 * -1 / 10 + 40 = 30
    assert camera.project(np.array([2.0, -1.0, 10.0])).tolist() == [70.0, 30.0]


def test_frontal_head_is_upright_and_unmirrored():
    camera = Camera.centred(200, 100)
    nose, brow, left_ear = np.array([[0, 0, 5.0], [0, 4, 0], [7, 0, 0]]) @ FRONTAL.T + [0, 0, 60]
    assert nose[2] < 60, "the nose is nearer to the camera"
    assert camera.project(brow)[1] < 50, "up is towards row 0"
    assert camera.project(left_ear)[0] > 100, "the subject's left is the picture's right"


def test_crop_shows_the_same_point():
    """A point lands on the same source pixel with and without the crop, square or not."""
    camera = Camera.centred(1280, 720, 1500.0)
    point = np.array([3.0, -5.0, 70.0])
    x0, y0, scale = 410.0, 95.0, 0.375
    canvas = camera.crop(x0, y0, scale, 192, 256).project(point)
    np.testing.assert_allclose(canvas / scale + [x0, y0], camera.project(point))
