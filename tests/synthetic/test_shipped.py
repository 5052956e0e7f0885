import numpy as np
import pytest

from beavervision.artifacts.clip import TEST_SHARE
from beavervision.audio.waveform import load_waveform
from beavervision.face.camera import Camera
from beavervision.face.gpmm import load_gpmm
from beavervision.face.landmarks import OVAL
from beavervision.face.openness import eye_open, mouth_open
from beavervision.face.pose import euler_from_rotation
from beavervision.synthetic.actor import Actor, actor_identity
from beavervision.synthetic.ground_truth import Truth, actor_truth, actor_video, speech_audio, speech_truth
from beavervision.synthetic.script import AWAY, FPS, HAND, N_FRAMES, SPEECH_DURATION, clip_performance
from beavervision.types import Label, VisibilityReason
from beavervision.video.decode import read_frames
from beavervision.video.probe import probe

MODEL = load_gpmm()
COMPARED = (60, 395)
"""Frames that are rendered again: one in speech, one with the hand up."""


@pytest.fixture(scope="module")
def truth() -> Truth:
    return actor_truth()


@pytest.fixture(scope="module")
def again(truth):
    actor = Actor(actor_identity())
    performance = clip_performance(actor.model, truth.phonemes)
    return {index: actor.photograph(performance.pose(index)) for index in COMPARED}


def test_the_clip_is_what_the_issue_asks_for():
    info = probe(actor_video())
    assert (info.width, info.height, info.fps) == (1280, 720, 25)
    assert info.duration == pytest.approx(N_FRAMES / FPS, abs=0.05)
    assert info.audio_start == pytest.approx(0, abs=0.03)
    assert actor_video().stat().st_size < 4e6
    sound = load_waveform(actor_video())
    assert len(sound.samples) == pytest.approx(16_000 * N_FRAMES / FPS, abs=2048)
    assert np.abs(sound.samples).max() > 0.3


def test_the_landmarks_are_the_models(truth):
    vertices = MODEL.vertices(truth.identity.astype(float), truth.expression.astype(float))
    camera = np.einsum("nij,nkj->nki", truth.rotation, vertices) + truth.translation[:, None]
    pixels = Camera.centred(*truth.size, truth.focal).project(camera)
    # stored in twentieths of a pixel
    np.testing.assert_allclose(truth.landmarks[:, :468, :2], pixels, atol=0.03)


def test_ratios_follow_from_the_landmarks(truth):
    np.testing.assert_allclose(truth.mouth_open, mouth_open(truth.landmarks), atol=2e-3)
    np.testing.assert_allclose(truth.eye_open, eye_open(truth.landmarks), atol=5e-3)


def test_the_face_is_about_a_third_of_the_frame(truth):
    face = truth.landmarks[truth.visible][:, OVAL, 1]
    assert 0.28 < np.median(np.ptp(face, axis=1)) / 720 < 0.38


def test_events_lie_in_the_training_part(truth):
    training = round(N_FRAMES * (1 - TEST_SHARE))
    time = np.arange(N_FRAMES) / FPS
    gone = truth.reason == VisibilityReason.OUT_OF_FRAME
    assert 0.6 < gone.sum() / FPS < 2
    assert ((time >= AWAY.start) & (time <= AWAY.end))[~truth.visible].all()
    assert 5 <= truth.occluded.sum() <= 40
    assert ((time >= HAND.start) & (time <= HAND.end))[truth.occluded].all()
    assert np.flatnonzero(~truth.visible | truth.occluded).max() < training
    assert truth.visible[training:].all()


def test_the_head_turns(truth):
    yaw, pitch, _ = np.degrees(np.abs(euler_from_rotation(truth.rotation[truth.visible]).max(axis=0)))
    assert 14 < yaw < 27
    assert pitch < 20
    assert (truth.eye_open < 0.1).any(axis=1).sum() > 5  # blinks


def test_a_shipped_frame_is_rendered_again(truth, again):
    shown = {f.index: f.rgb for f in read_frames(actor_video(), end=(max(COMPARED) + 1) / FPS) if f.index in COMPARED}
    for index, picture in again.items():
        error = ((picture.rgb.astype(float) - shown[index]) ** 2).mean()
        assert 10 * np.log10(255**2 / error) > 35


def test_labels_show_the_head_where_the_landmarks_are(truth, again):
    speaking, raised = (again[index].labels for index in COMPARED)
    column, row = np.floor(truth.landmarks[COMPARED[0], :468, :2]).astype(int).T
    assert np.isin(speaking[row, column], (Label.FACE, Label.HAIR)).mean() > 0.95
    assert set(np.unique(speaking)) == {Label.BACKGROUND, Label.HAIR, Label.FACE, Label.NECK, Label.TORSO}
    assert (raised == Label.HAND).sum() > 5000
    assert truth.occluded[COMPARED[1]]


def test_truth_survives_saving(truth, tmp_path):
    truth.save(tmp_path / "truth.safetensors")
    found = Truth.load(tmp_path / "truth.safetensors")
    np.testing.assert_array_equal(found.landmarks, truth.landmarks)
    assert found.phonemes == truth.phonemes
    assert (found.size, found.fps, found.focal) == (truth.size, truth.fps, truth.focal)


def test_as_a_subject_invisible_rows_are_empty(truth):
    subject = truth.subject()
    assert np.isnan(subject.landmarks[~truth.visible]).all()
    assert np.isnan(subject.expression[~truth.visible]).all()
    assert np.isfinite(subject.landmarks[truth.visible]).all()
    assert not subject.occluded[~truth.visible].any()


def test_the_second_speech():
    sound, found = load_waveform(speech_audio()), speech_truth()
    assert len(sound.samples) / 16_000 == pytest.approx(SPEECH_DURATION, abs=0.01)
    assert len(found.mouth_open) == round(SPEECH_DURATION * FPS)
    expected = mouth_open(MODEL.vertices(actor_identity(), found.expression.astype(float)))
    np.testing.assert_allclose(found.mouth_open, expected, atol=1e-4)
    assert found.mouth_open.max() > 0.1
    said = {p.symbol for p in actor_truth().phonemes}
    assert {p.symbol for p in found.phonemes} & said
