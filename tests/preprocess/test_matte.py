"""Mattes of a drawn head whose exact coverage is known: soft outline, and single strands of hair beyond it."""

import cv2
import numpy as np
import pytest
from drawings import HAIR, SIZE_PX, WALL, drawn, in_crop

from beavervision.preprocess.frame_perception import FrameObservation, SubjectView
from beavervision.preprocess.head_crop import HeadCrop
from beavervision.preprocess.head_segmentation import HeadSegmentation
from beavervision.preprocess.matte import head_matte
from beavervision.types import Label


@pytest.fixture(scope="module")
def head():
    """Percept, parsed head, label map, exact coverage, strands alone, and the wall without the head."""
    rgb, labels, points = drawn()
    solid = np.isin(labels, (Label.HAIR, Label.FACE)).astype(np.float32)
    strands = np.zeros_like(solid)
    top = np.flatnonzero(solid.any(1))[0]
    for x in range(280, 361, 8):
        column = solid[:, x].argmax()
        cv2.line(strands, (x, column + 3), (x + (x - 320) // 6, max(column - 10, top - 12)), 0.7, 1, cv2.LINE_AA)
    strands[solid > 0] = 0
    coverage = np.maximum(cv2.GaussianBlur(solid, (0, 0), 1.0), strands)
    wall = np.clip(np.array(WALL) + np.arange(SIZE_PX[0])[None, :, None] / 16 - 20, 0, 255)
    wall = np.broadcast_to(wall, rgb.shape).astype(np.uint8)
    front = np.where(solid[..., None] > 0, rgb, np.array(HAIR, np.uint8))
    body = np.isin(labels, (Label.NECK, Label.TORSO))[..., None]
    mixed = coverage[..., None] * front + (1 - coverage[..., None]) * wall
    picture = np.where(body, rgb, mixed.round()).astype(np.uint8)

    view = HeadCrop.look(picture, points)
    there = in_crop(labels, view.square)
    person = cv2.GaussianBlur((there > 0).astype(np.float32), (0, 0), 2)
    subject = SubjectView(view, person, *np.full((2, 2, 3), np.nan))
    percept = FrameObservation(0, picture, np.zeros((240, 320), np.float32), None, [subject])
    kinds = np.where(there > 0, there, np.where(view.grid[1] < 0.95, Label.HAIR, Label.TORSO))
    parse = HeadSegmentation(view, person, kinds.astype(np.uint8), np.zeros(there.shape, bool))
    return percept, parse, labels, coverage, strands, wall


def band(coverage):
    return cv2.dilate(((coverage > 0.02) & (coverage < 0.98)).astype(np.uint8), np.ones((5, 5))) > 0


@pytest.mark.parametrize("known", [True, False], ids=["plate", "no plate"])
def test_outline_is_nearer_to_the_truth_than_the_mask(head, known):
    percept, parse, labels, coverage, _, wall = head
    matte = head_matte(percept, parse, labels, wall if known else None) / 255
    hard = np.isin(labels, (Label.HAIR, Label.FACE))
    above = band(coverage) & ~(cv2.dilate(np.isin(labels, (3, 4)).astype(np.uint8), np.ones((15, 15))) > 0)
    error, of_mask = (np.abs(a - coverage)[above].mean() for a in (matte, hard))
    assert error < 0.06
    assert error < 0.6 * of_mask


def test_strands_are_seen_and_the_wall_between_them_is_not(head):
    percept, parse, labels, coverage, strands, wall = head
    matte = head_matte(percept, parse, labels, wall) / 255
    assert matte[strands > 0.5].mean() > 0.4
    free = (coverage == 0) & (cv2.dilate(strands, np.ones((25, 25))) > 0)
    assert matte[free].mean() < 0.03


def test_all_is_solid_within_and_nothing_far_off(head):
    percept, parse, labels, coverage, _, wall = head
    matte = head_matte(percept, parse, labels, wall)
    solid = cv2.erode(np.isin(labels, (Label.HAIR, Label.FACE)).astype(np.uint8), np.ones((9, 9))) > 0
    assert matte[solid].min() == 255
    assert not matte[cv2.dilate(coverage, np.ones((61, 61))) == 0].any()


def test_what_stands_before_the_head_cuts_it_off(head):
    percept, parse, labels, _, _, wall = head
    labels = labels.copy()
    labels[200:260, 300:340], labels[100:150, 300:340] = Label.HAND, Label.OTHER
    matte = head_matte(percept, parse, labels, wall)
    assert not matte[(labels == Label.HAND) | (labels == Label.OTHER)].any()


def test_a_subject_that_is_not_seen_has_no_matte(head):
    percept, _, labels, *_ = head
    assert not head_matte(percept, None, labels).any()


def test_a_head_larger_than_the_working_picture_is_reduced(head, monkeypatch):
    percept, parse, labels, coverage, _, wall = head
    monkeypatch.setattr("beavervision.preprocess.matte.LARGEST", 100)
    matte = head_matte(percept, parse, labels, wall) / 255
    assert matte.shape == labels.shape
    assert np.abs(matte - coverage).mean() < 0.02
