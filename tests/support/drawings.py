"""A drawn head and a hand of points, with exact truth: nothing is detected or rendered."""

import cv2
import numpy as np
from faces import landmarks

from beavervision.face.landmarks import OVAL
from beavervision.preprocess.head_crop import SIZE, HeadCrop

SKIN, HAIR, CLOTHES, WALL = (224, 172, 140), (70, 45, 30), (40, 90, 170), (120, 130, 120)
SIZE_PX = (640, 480)
EYES = 90.0


def drawn(euler=(0.0, 0.0, 0.0)):
    """A frame with a head on it: picture, truth as a label map, landmarks."""
    points = landmarks((320, 200), EYES, euler)
    oval = np.rint(points[OVAL, :2]).astype(np.int32)
    (cx, cy), (width, height) = oval.mean(0), np.ptp(oval, 0)
    truth = np.zeros((SIZE_PX[1], SIZE_PX[0]), np.uint8)
    bottom = cy + height / 2
    cv2.rectangle(truth, (int(cx - width * 1.3), int(bottom + height * 0.28)), (int(cx + width * 1.3), 480), 4, -1)
    cv2.rectangle(truth, (int(cx - width * 0.3), int(cy)), (int(cx + width * 0.3), int(bottom + height * 0.28)), 3, -1)
    cv2.ellipse(truth, (int(cx), int(cy - height * 0.2)), (int(width * 0.6), int(height * 0.55)), 0, 180, 360, 1, -1)
    cv2.fillPoly(truth, [oval], 2)
    colours = np.array([WALL, HAIR, SKIN, SKIN, CLOTHES], np.uint8)
    noise = np.random.default_rng(0).normal(0, 4, (*truth.shape, 3))
    return np.clip(colours[truth] + noise, 0, 255).astype(np.uint8), truth, points


def look(euler=(0.0, 0.0, 0.0)):
    """View, exact person mask and truth in the head's crop."""
    rgb, truth, points = drawn(euler)
    view = HeadCrop.look(rgb, points)
    there = in_crop(truth, view.square)
    return view, (there > 0).astype(np.float32), there


def in_crop(labels, square):
    """A label map as the head's crop shows it."""
    matrix, half = square.to_crop(SIZE), np.array([0.5, 0.5])
    matrix[:, 2] += matrix[:, :2] @ half - half
    return cv2.warpAffine(labels, matrix, (SIZE, SIZE), flags=cv2.INTER_NEAREST)


def open_hand(x=100.0, y=100.0, scale=1.0):
    """A flat hand, fingers up: palm 40 wide and 50 high, each finger 40 long."""
    points = np.zeros((21, 2))
    points[0] = (20, 50)
    points[1:5] = [(0, 35), (-10, 25), (-18, 17), (-25, 10)]
    for finger, base in enumerate((0.0, 13.0, 27.0, 40.0)):
        for joint in range(4):
            points[5 + 4 * finger + joint] = (base, -13.0 * joint)
    return points * scale + (x, y)
