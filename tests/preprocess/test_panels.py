from dataclasses import replace

import cv2
import numpy as np
import pytest

from beavervision.artifacts.clip import LABELS
from beavervision.face.framing import FrameSpec
from beavervision.face.landmarks import OVAL
from beavervision.face.model_registry import load_face_model
from beavervision.preprocess.crop import SquareCrop
from beavervision.preprocess.ingest import open_source
from beavervision.preprocess.options import PrepareOptions
from beavervision.preprocess.report import frame_samples
from beavervision.preprocess.report.frame_samples import Still, stills
from beavervision.preprocess.report.panels import CHECK, CHECK_GREYS, CLOSE, COLOURS, HEIGHT, WHOLE, Artist
from beavervision.preprocess.report.report_input import SubjectFindings
from beavervision.types import Label


@pytest.fixture
def artist(miniature):
    nothing = np.full(miniature.n_frames, np.nan)
    labels = miniature.folder / LABELS.format(0)
    found = SubjectFindings("", miniature.subjects[0], nothing, nothing, nothing, labels)
    return Artist(found, load_face_model("gpmm"), miniature.camera, FrameSpec("1x1", 1.0, 64, 0.4))


@pytest.fixture
def shown(miniature):
    """Frame 6, with a matte that lets the left half through."""
    ((index, rgb),) = miniature.frames([6])
    ((_, labels),) = miniature.labels([6])
    matte = np.zeros(labels.shape, np.uint8)
    matte[:, : matte.shape[1] // 2] = 255
    return Still(index, rgb, labels, matte)


@pytest.mark.parametrize("worth_seeking", [0.1, 5.0])
def test_stills_are_the_clip_s_own_frames(miniature, artist, monkeypatch, worth_seeking):
    monkeypatch.setattr(frame_samples, "WORTH_SEEKING", worth_seeking)
    wanted = [0, 2, 9, 10, 23]
    source = open_source(miniature.video, PrepareOptions("mini"))
    found = list(stills(source, artist.about, wanted))
    assert [each.index for each in found] == wanted
    for each, (_, rgb), (_, labels) in zip(found, miniature.frames(wanted), miniature.labels(wanted), strict=True):
        np.testing.assert_array_equal(each.rgb, rgb)
        np.testing.assert_array_equal(each.labels, labels)
        assert each.matte is None


def test_labels_tint_the_frame(artist, shown):
    panel = artist.panels(shown)["labels"].astype(int)
    expected = shown.rgb // 2 + COLOURS[shown.labels] // 2
    np.testing.assert_array_equal(panel, expected)
    assert len({tuple(colour) for colour in COLOURS.tolist()}) == len(Label)


def test_the_matte_lies_over_a_checkerboard(artist, shown):
    panel = artist.panels(shown)["matte"]
    head = SquareCrop.round_box(artist.about.subject.box[6], WHOLE)
    height, width = shown.rgb.shape[:2]
    matrix = head.to_crop(HEIGHT)
    (left, top), (middle, bottom) = np.array([[0, 0], [width / 2, height]]) @ matrix[:, :2].T + matrix[:, 2]
    let_through = slice(max(0, round(top)) + 4, round(bottom) - 4), slice(max(0, round(left)) + 4, round(middle) - 4)
    np.testing.assert_array_equal(panel[let_through], head.cut(shown.rgb, HEIGHT)[let_through])
    board = np.asarray(CHECK_GREYS)[(np.indices((HEIGHT, HEIGHT)) // CHECK).sum(0) % 2]
    np.testing.assert_array_equal(panel[:, round(middle) + 4 :, 0], board[:, round(middle) + 4 :])


def test_the_face_model_lies_on_the_face_and_nowhere_else(artist, shown):
    square = SquareCrop.round_box(artist.about.subject.box[6], CLOSE)
    changed = (artist.panels(shown)["face model"] != square.cut(shown.rgb, HEIGHT)).any(-1)
    matrix = square.to_crop(HEIGHT)
    outline = artist.about.subject.landmarks[6, OVAL, :2] @ matrix[:, :2].T + matrix[:, 2]
    face = np.zeros((HEIGHT, HEIGHT), np.uint8)
    cv2.fillPoly(face, [np.rint(outline - 0.5).astype(np.int32)], 1)
    overlap = (changed & (face > 0)).sum() / (changed | (face > 0)).sum()
    assert overlap >= 0.95


def test_the_canvas_is_the_one_that_is_trained_on(artist, shown):
    assert artist.panels(shown)["as trained"].shape == (64, 64, 3)


def test_where_nobody_is_visible_only_the_frame_and_its_labels_are_shown(artist, shown):
    visible = artist.about.subject.visible & (np.arange(24) != 6)
    about = replace(artist.about, subject=replace(artist.about.subject, visible=visible))
    assert list(replace(artist, about=about).panels(shown)) == ["frame", "labels"]
