from __future__ import annotations

import json
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soundfile
from stub_artifacts import CLIP

from beavervision.artifacts.clip import Clip, ClipFacts
from beavervision.cli.demo import Step, run_step, steps
from beavervision.cli.demo_figures import clip_figures, dub_seam, face_figures
from beavervision.synthetic import actor_truth, speech_audio


def test_the_demo_is_what_a_user_would_type():
    prepare, train, avatar, dub = steps(["paths.runs=/tmp/x", "trainer.max_steps=3"])
    assert prepare.command == "beavervision prepare data=demo paths.runs=/tmp/x"
    assert "model=audio2motion,postnet,radnerf_head,radnerf_torso,lower_face" in train.command
    assert train.command.endswith("experiment=demo paths.runs=/tmp/x trainer.max_steps=3")
    assert avatar.command == "beavervision infer data=demo experiment=demo mode=avatar paths.runs=/tmp/x"
    assert "mode=dub" in dub.command


def test_a_step_is_timed_and_its_failure_is_the_demos(tmp_path):
    took = run_step(Step("help", ("--version",)))
    assert took.seconds > 0
    assert took.peak_memory_mb > 5
    with pytest.raises(SystemExit) as stop:
        run_step(Step("typo", ("prepare", "data.vidoe=me.mp4", f"paths.runs={tmp_path}")))
    assert stop.value.code == 2


def test_the_clips_errors_are_those_put_in():
    truth = actor_truth()
    subject = truth.subject()
    # Every head turned 3 degrees further about its own y axis, every landmark 2 % of the eyes' distance off.
    angle = np.radians(3.0)
    turn = np.array([[np.cos(angle), 0, np.sin(angle)], [0, 1, 0], [-np.sin(angle), 0, np.cos(angle)]])
    eyes = np.linalg.norm(truth.landmarks[:, 33, :2] - truth.landmarks[:, 263, :2], axis=1)
    landmarks = subject.landmarks.copy()
    landmarks[..., 0] += 0.02 * eyes[:, None]
    wrong = replace(subject, rotation=subject.rotation @ turn, landmarks=landmarks)
    clip = Clip(Path("nowhere"), ClipFacts(**CLIP), np.arange(truth.n_frames) / truth.fps, [wrong])
    figures = clip_figures(clip, truth)
    assert figures["prepare/pose_error_deg_median"] == pytest.approx(3.0, abs=0.05)
    assert figures["prepare/landmark_error_percent_of_eye_distance_median"] == pytest.approx(2.0, abs=0.01)
    assert figures["prepare/visible_agreement"] == 1.0


def test_sharpness_and_flicker_are_those_of_the_faces_box():
    rng = np.random.default_rng(0)
    face = rng.integers(0, 256, (128, 128, 3), dtype=np.uint8)
    frames = [np.zeros((200, 300, 3), np.uint8) for _ in range(3)]
    for frame, lighter in zip(frames, (0, 0, 10), strict=True):
        frame[20:148, 50:178] = np.clip(face.astype(int) // 2 + lighter, 0, 255)
    boxes = np.tile([50.0, 20, 178, 148], (3, 1))
    figures = face_figures(enumerate(frames), boxes, np.array([0.1, np.nan, 0.3]))
    assert figures["flicker"] == 5  # nothing, then 10
    assert figures["opening"] == pytest.approx(0.29)
    boxes[1] = np.nan  # without it, no two faces follow each other
    assert "flicker" not in face_figures(enumerate(frames), boxes, np.full(3, np.nan))
    still = face_figures(enumerate(frames[:1]), boxes[:1], np.zeros(1))
    own = np.zeros_like(frames[0])
    own[20:148, 50:178] = face
    assert still["gradient"] == pytest.approx(
        face_figures([(0, own)], boxes[:1], np.zeros(1))["gradient"] / 2, rel=0.02
    )


def test_a_pasted_box_has_a_seam_and_the_footage_has_none(miniature, tmp_path):
    from beavervision.video.encode import VideoWriter

    with VideoWriter(tmp_path / "dub.mp4", *miniature.size, miniature.fps) as writer:
        for _, rgb in miniature.frames(range(4)):
            pasted = rgb.copy()
            pasted[40:80, 40:100] = np.clip(rgb[40:80, 40:100].astype(int) + 60, 0, 255)
            writer.write(pasted)
    assert dub_seam(tmp_path / "dub.mp4", miniature)["seam"] > 1.5
    assert dub_seam(miniature.video, miniature) == {}


@pytest.mark.slow
def test_the_whole_demo_on_its_first_seconds(tmp_path, capfd, monkeypatch):
    from beavervision.cli.demo import demo

    samples, rate = soundfile.read(speech_audio())
    short = tmp_path / speech_audio().name
    soundfile.write(short, samples[:rate], rate)
    small = ("data.end=2", f"data.speech={short}", "trainer.max_steps=2", "schedule.val_every=2", "frame.height=80")
    monkeypatch.setattr(sys, "argv", ["demo"])
    folder = demo([f"paths.runs={tmp_path / 'runs'}", *small])
    assert sorted(path.name for path in folder.iterdir()) == [
        "avatar.mp4",
        "dub.mp4",
        "index.html",
        "metrics.json",
        "sheet.png",
    ]
    figures = json.loads((folder / "metrics.json").read_text())
    assert figures["prepare/pose_error_deg_median"] < 5
    wanted = ("prepare/wall_seconds", "radnerf_head/val/psnr", "avatar/frames_with_a_face", "train/peak_memory_mb")
    wanted += ("dub/flicker", "dub/flicker_footage")  # No face is found in an avatar after a few steps.
    assert {*wanted, "prepare/landmark_error_percent_of_eye_distance_median"} <= set(figures)
    page = (folder / "index.html").read_text()
    assert page.count("data:video/mp4;base64,") == 2
    assert "http" not in page  # nothing is loaded from elsewhere
    said = capfd.readouterr().out
    assert str(folder / "index.html") in said
    assert "data.video=me.mp4" in said
