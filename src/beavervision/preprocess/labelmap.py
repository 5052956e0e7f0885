"""Label map of a full frame: the segmented head of the subject, the body, hands and other people."""

from __future__ import annotations

import cv2
import numpy as np
from jaxtyping import Bool, Float, UInt8

from beavervision.preprocess.frame_perception import FrameObservation
from beavervision.preprocess.head_crop import SIZE
from beavervision.preprocess.head_segmentation import HeadSegmentation
from beavervision.preprocess.person_segmentation import window_of
from beavervision.types import Label

UPRIGHT = 0.5
"""Weight of vertical relative to horizontal distance when a pixel is assigned to the nearer of two people: people are
usually side by side."""

HEAD = (0.62, 0.85, 0.12)
"""Half width and half height of a head, and height of its middle above the face's, in face heights."""

HEAD_BORDER = 6
"""Width of the crop's border in which the frame's coarser mask is used, pixels."""


def label_frame(
    percept: FrameObservation, head: HeadSegmentation | None, boxes: Float[np.ndarray, "P 4"]
) -> UInt8[np.ndarray, "H W"]:
    """Label map of a frame for one subject.

    Args:
        percept: outputs of the networks.
        head: the subject's head segmentation; None where the subject is not visible, so that all people are OTHER.
        boxes: face boxes of all people, the subject first; NaN for those who are not visible.
    """
    height, width = percept.rgb.shape[:2]
    body = Label.OTHER if head is None else Label.TORSO
    small = np.where(percept.person > 0.5, np.uint8(body), np.uint8(Label.BACKGROUND))
    others = np.zeros(small.shape, bool)
    if head is not None:
        reduced = boxes * small.shape[1] / width
        others = nearer_to_others(small.shape, reduced)
        small[(others | _apart(small > 0, reduced[0])) & (small == Label.TORSO)] = Label.OTHER
    labels = _enlarge(percept.person, small, width, height)
    theirs = np.zeros((height, width), np.uint8)
    if others.any():
        theirs = cv2.resize(others.astype(np.uint8), (width, height), interpolation=cv2.INTER_NEAREST)
    if head is not None:
        _draw_head(labels, _settled(head, percept), head, theirs)
    if percept.hand_pixels is not None:
        np.copyto(labels, np.uint8(Label.HAND), where=percept.hand_pixels > theirs)
        np.copyto(labels, np.uint8(Label.OTHER), where=(percept.hand_pixels & theirs) > 0)
    return labels


def _enlarge(person: np.ndarray, small: np.ndarray, width: int, height: int) -> UInt8[np.ndarray, "H W"]:
    """The reduced map at full size, with the mask's smooth border instead of blocks."""
    mask = cv2.resize((person * 255).astype(np.uint8), (width, height), interpolation=cv2.INTER_LINEAR) > 127
    kinds = cv2.dilate(small, np.ones((3, 3), np.uint8))  # BACKGROUND is 0: it never spreads over people.
    return cv2.resize(kinds, (width, height), interpolation=cv2.INTER_NEAREST) * mask


def nearer_to_others(shape: tuple[int, ...], boxes: Float[np.ndarray, "P 4"]) -> Bool[np.ndarray, "h w"]:
    """Pixels that belong to other people rather than to the subject, the first of the face boxes.

    They are nearer, in face sizes, to another face. Where heads overlap, the larger face is nearer to the camera, and
    its head is in front.
    """
    seen = boxes[np.isfinite(boxes).all(1)]
    if len(seen) < 2 or not np.isfinite(boxes[0]).all():
        return np.zeros(shape, bool)
    y, x = np.mgrid[: shape[0], : shape[1]].astype(np.float32) + 0.5
    across = [(x - (x0 + x1) / 2) / (y1 - y0) for x0, y0, x1, y1 in seen]
    down = [(y - (y0 + y1) / 2) / (y1 - y0) for y0, y1 in seen[:, [1, 3]]]
    own, *others = [np.hypot(a, UPRIGHT * d) for a, d in zip(across, down, strict=True)]
    heads = [np.hypot(a / HEAD[0], (d + HEAD[2]) / HEAD[1]) < 1 for a, d in zip(across, down, strict=True)]
    theirs = np.zeros(shape, bool)
    sizes = seen[:, 3] - seen[:, 1]
    for size, distance, head in zip(sizes[1:], others, heads[1:], strict=True):
        theirs |= (distance < own) & ~heads[0] if size < sizes[0] else (distance < own) | head
    return theirs


def _apart(people: Bool[np.ndarray, "h w"], box: Float[np.ndarray, "4"]) -> Bool[np.ndarray, "h w"]:
    """Parts of the person mask that are not connected to the subject's face (cushions, passers-by)."""
    _, parts = cv2.connectedComponents(people.astype(np.uint8))
    x0, y0, x1, y1 = np.clip(np.rint(box), 0, [*people.shape[::-1]] * 2).astype(int)
    own = np.unique(parts[y0:y1, x0:x1])
    return people & ~np.isin(parts, own[own > 0])


def _settled(head: HeadSegmentation, percept: FrameObservation) -> UInt8[np.ndarray, "S S"]:
    """Labels of the head crop, including occluders.

    Skin that is not connected to the head is not neck: it is hand where it touches one, else torso.
    """
    labels, reach = head.labels.copy(), np.ones((3, 3), np.uint8)
    labels[head.person <= 0.5] = Label.BACKGROUND
    labels[head.occluder] = Label.OTHER
    hands = np.zeros_like(labels)
    if percept.hand_pixels is not None:
        hands = head.view.square.cut(percept.hand_pixels, SIZE)
        labels[hands > 0] = Label.HAND
    n, parts = cv2.connectedComponents((labels == Label.NECK).astype(np.uint8))
    if n > 1:
        near_head = cv2.dilate(((labels == Label.FACE) | (labels == Label.HAIR)).astype(np.uint8), reach) > 0
        kinds = np.full(n, Label.TORSO, np.uint8)
        kinds[np.unique(parts[cv2.dilate(hands, reach) > 0])] = Label.HAND
        kinds[np.unique(parts[near_head])] = Label.NECK
        skin = parts > 0
        labels[skin] = kinds[parts[skin]]
    # Under hands and beyond the person's edge the head's labels continue, so that finer masks define the borders.
    return np.where((labels == Label.HAND) & (hands > 0) | (labels == Label.BACKGROUND), head.labels, labels)


def _draw_head(
    labels: UInt8[np.ndarray, "H W"],
    kinds: UInt8[np.ndarray, "S S"],
    head: HeadSegmentation,
    theirs: UInt8[np.ndarray, "H W"],
) -> None:
    """Replace the labels in the head crop by its finer ones, in place, except those of other people."""
    height, width = labels.shape
    window, matrix = window_of(head.view.square, SIZE, width, height)
    if window is None:
        return
    part = labels[window]
    person = cv2.warpAffine((head.person * 255).astype(np.uint8), matrix, part.shape[::-1], flags=cv2.INTER_LINEAR)
    finer = cv2.warpAffine(kinds, matrix, part.shape[::-1], flags=cv2.INTER_NEAREST)
    finer[(person <= 127) & (finer != Label.OTHER)] = Label.BACKGROUND
    low, high = HEAD_BORDER, SIZE - HEAD_BORDER
    corners = np.array([[low, low, 1], [high, low, 1], [high, high, 1], [low, high, 1]]) @ matrix.T
    inner = cv2.fillConvexPoly(np.zeros(part.shape, np.uint8), np.rint(corners).astype(np.int32), (1,))
    np.copyto(part, finer, where=inner > theirs[window])
