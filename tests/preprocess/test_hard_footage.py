"""Scenes of the torture set, small and short, prepared and measured against their exact truth."""

from dataclasses import replace
from functools import partial

import pytest

from beavervision.artifacts.manifest import sha256_file
from beavervision.preprocess import PrepareOptions, prepare
from beavervision.synthetic.torture.evaluation import measure
from beavervision.synthetic.torture.render import render_scene
from beavervision.synthetic.torture.scenes import FPS, scene
from beavervision.synthetic.torture.video_file import ReelOptions


def prepared(folder, chosen):
    """Score of a scene's last reel, and the clip."""
    recording = render_scene(chosen, folder / "scene")
    reel = list(recording.videos)[-1]
    video, everybody = recording.video(reel), len(recording.people) > 1
    before = (sha256_file(video), video.stat().st_mtime_ns)
    options = PrepareOptions(
        "a", end=recording.people[0].n_frames / FPS, subject="all" if everybody else "largest", workers=0
    )
    clip = prepare(video, folder / "clip", options)
    assert (sha256_file(video), video.stat().st_mtime_ns) == before  # the source is only ever read
    labels = [partial(recording.labels, person) for person in range(len(recording.people))]
    sound = recording.sound()
    return clip, measure(clip, recording.people, labels, cuts=recording.cuts, sound=sound, everybody=everybody)


def test_everything_a_phone_does_at_once(tmp_path):
    """A hand over the mouth, in ten-bit HEVC in MOV, turned by its tag, at uneven times, the sound 0.4 s late."""
    reel = ReelOptions(suffix=".mov", codec="libx265", pix_fmt="yuv420p10le", rotation=-90, sound_start=0.4)
    chosen = replace(scene("hand"), size=(320, 400), seconds=1.6, rate=50, uneven=True, reels=(reel,))
    clip, score = prepared(tmp_path, chosen)
    assert clip.size == (320, 400)
    assert clip.n_frames == 40
    assert score.found == 1.0
    assert score.visibility_errors == 0
    assert score.landmarks_median <= 2.0
    assert score.landmarks_p95 <= 6.0
    assert score.rotation_median <= 4.0
    assert score.jaw >= 0.9
    assert score.head_iou >= 0.93
    assert score.hand_iou >= 0.7
    assert score.occlusion_f1 >= 0.9
    assert abs(score.sound_lag) <= 3.0


def test_two_people_cross(tmp_path):
    chosen = replace(scene("crossing"), size=(512, 288), seconds=1.2)
    clip, score = prepared(tmp_path, chosen)
    assert len(clip.subjects) == 2
    assert score.switches == 0
    assert score.visibility_errors == 0
    assert score.found == 1.0
    assert score.landmarks_median <= 2.5
    assert score.rotation_median <= 4.0
    assert score.head_iou >= 0.9


@pytest.mark.slow
def test_cuts_at_full_size(tmp_path):
    """A smaller picture would make another thing of them; `make torture` does the rest."""
    _, score = prepared(tmp_path, scene("cuts"))
    assert score.found >= 0.98
    assert score.visibility_errors <= 2
    assert score.switches == 0
    assert score.landmarks_median <= 2.0
    assert score.head_iou >= 0.9
    assert score.jaw >= 0.93
