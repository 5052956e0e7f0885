"""A speech to look at: the panels' lines and the meshes' mouths."""

from __future__ import annotations

import numpy as np
import pytest
from motion_networks import TINY
from speech_clips import write_speech_clip
from stage_training import export, fit

from beavervision.data.recording import recording_from_clip
from beavervision.face.model_registry import load_face_model
from beavervision.stages.audio2motion.data import Audio2MotionData
from beavervision.stages.audio2motion.module import Audio2Motion
from beavervision.stages.postnet.data import PostNetData
from beavervision.stages.postnet.module import PostNetTraining
from beavervision.stages.visualization.mesh_video import HOLES, SIDE, draw_landmark_mesh, mesh_video
from beavervision.stages.visualization.plot import COLOURS, HEIGHT
from beavervision.stages.visualization.speech_panel import speech_panel


@pytest.fixture(scope="module")
def face():
    return load_face_model()


def mouth_pixels(panel, face):
    """Pixels of the mouth's colour."""
    return int((np.abs(panel.astype(int) - HOLES[0][1]).max(-1) < 12).sum())


def test_an_open_mouth_is_a_hole_and_a_shut_one_is_not(face):
    def panel(opening):
        shape = opening * face.semantic["jaw_open"]
        return draw_landmark_mesh(face.vertices(np.zeros(80), shape)[face.landmarks468])

    shut, half, wide = (mouth_pixels(panel(opening), face) for opening in (0.0, 0.5, 1.0))
    assert shut < 100
    assert half > 300
    assert wide > 1.5 * half


def test_a_frame_without_truth_leaves_its_panel_empty(face):
    motion = np.zeros((2, 64), np.float32)
    film = mesh_video(
        "mesh", {"true": np.full_like(motion, np.nan), "predicted": motion}, np.zeros(80), face, 25.0, None
    )
    frames = list(film.frames)
    assert [frame.shape for frame in frames] == [(SIDE, 2 * SIDE, 3)] * 2
    empty, drawn = frames[0][40:, :SIDE], frames[0][40:, SIDE:]
    assert (empty == empty[0, 0]).all()
    assert drawn.std() > 20


def test_curves_and_film_show_the_same_frames_with_their_sound(face, tmp_path):
    clip = write_speech_clip(tmp_path / "clip", n_frames=60, hidden=range(50, 54))
    recording = recording_from_clip(clip, 0)
    frames = range(40, 60)
    predicted = np.zeros((20, 64), np.float32)
    curves, film = speech_panel(recording, frames, {"predicted": predicted}, face)
    assert (curves.name, film.name) == ("curves", "mesh")
    assert curves.rgb.shape[0] == 3 * HEIGHT
    for panel in range(2):  # both lines in mouth and eyes
        part = curves.rgb[panel * HEIGHT : (panel + 1) * HEIGHT]
        assert all((part == colour).all(-1).sum() > 100 for colour in COLOURS[:2])
    assert sum(1 for _ in film.frames) == 20
    np.testing.assert_array_equal(film.sound, recording.sound(frames))


def test_evaluation_shows_the_frames_that_were_held_out(tmp_path):
    clip = write_speech_clip(tmp_path / "clip")
    data = Audio2MotionData(clip.folder, {"kind": "mel"}, batch_size=2, augmented_copies=0)
    data.setup("fit")
    module = Audio2Motion(**data.dimensions(), network=TINY)
    assert list(module.evaluation_media(data)) == []
    fit(module, data, 1, val_every=1)
    curves, film = module.evaluation_media(data)
    assert film.caption == "true | predicted"
    assert len(list(film.frames)) == len(clip.test_range) == 10
    assert len(film.sound) == 10 * 640
    export(tmp_path / "a2m", module, data)
    data = PostNetData(clip.folder, {"audio2motion": tmp_path / "a2m"}, augmented_copies=0)
    data.setup("fit")
    module = PostNetTraining(**data.dimensions(), network={"widths": [8]})
    assert all(name.startswith("test/") for name in module.evaluation_figures(data))
    curves, film = module.evaluation_media(data)
    assert list(curves.lines) == ["footage", "predicted", "refined"]
    # a new network is the identity
    np.testing.assert_allclose(curves.lines["refined"], curves.lines["predicted"], atol=1e-4)
    np.testing.assert_allclose(curves.x, np.array(clip.test_range) / 25)
    assert len(list(film.frames)) == 10
