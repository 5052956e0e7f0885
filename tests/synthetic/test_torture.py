from dataclasses import replace
from functools import partial

import numpy as np
import pytest

from beavervision.artifacts.clip import LABELS, Clip, write_clip
from beavervision.face.camera import FRONTAL
from beavervision.face.pose import rotation_from_euler
from beavervision.synthetic.annotation import landmark_pixels
from beavervision.synthetic.miniature import babble_phonemes, small_actor
from beavervision.synthetic.performance import perform
from beavervision.synthetic.tonemapping import develop
from beavervision.synthetic.torture.appearance import cast, robin, sasha
from beavervision.synthetic.torture.evaluation import clear_of_changes, measure
from beavervision.synthetic.torture.multi_actor_renderer import Stage, View, zoomed
from beavervision.synthetic.torture.performance_edits import ease, moved, panned
from beavervision.synthetic.torture.render import render_scene, shown_at
from beavervision.synthetic.torture.scenes import SCENES, Scene, scene
from beavervision.synthetic.torture.video_file import ReelOptions
from beavervision.types import Label, VisibilityReason
from beavervision.video.decode import read_frames
from beavervision.video.lossless import GrayWriter
from beavervision.video.probe import probe

SIZE = (128, 96)


def acted(actor, place, n=3):
    return perform(actor.model, babble_phonemes(n / 25), n, 25, 5, turns=(8, 4, 2), place=np.array(place))


@pytest.fixture(scope="module")
def two():
    actors = [cast(robin(), SIZE), cast(sasha(), SIZE)]
    return Stage(actors), acted(actors[0], (0.0, -3.0, 80.0)).pose(0), acted(actors[1], (4.0, -3.0, 110.0)).pose(0)


def test_one_person_on_a_stage_is_that_person_photographed():
    actor = small_actor(*SIZE)
    pose = acted(actor, (0.0, -3.0, 80.0)).pose(1)
    shot, picture = Stage([actor]).photograph([pose]), actor.photograph(pose)
    np.testing.assert_array_equal(shot.rgb, picture.rgb)
    np.testing.assert_array_equal(shot.labels[0], picture.labels)
    assert shot.covered == [0.0]


def test_the_nearer_one_hides_the_other(two):
    stage, near, far = two
    alone, shot = stage.photograph([None, far]), stage.photograph([near, far])
    assert shot.covered[0] < 0.01
    assert shot.covered[1] > 0.9
    front, behind = shot.labels
    assert ((front > 0) == (behind > 0)).mean() > 0.99  # the same people, named differently
    mine = (front > 0) & (front != Label.OTHER)
    assert (behind[mine] == Label.OTHER).mean() > 0.97  # pixels on the border are shared
    assert (behind == Label.FACE).sum() < 0.1 * (alone.labels[1] == Label.FACE).sum()
    assert (alone.labels[1] == Label.FACE).sum() > 100
    assert (alone.labels[0][alone.labels[1] > 0] == Label.OTHER).all()
    np.testing.assert_array_equal(stage.photograph([None, None]).rgb, develop(stage._room))


def test_somebody_else_looks_like_somebody_else(two):
    stage, near, _ = two
    face = [stage.photograph([near if i == who else None for i in range(2)]) for who in range(2)]
    tones = [shot.rgb[shot.labels[who] == Label.FACE].mean(axis=0) for who, shot in enumerate(face)]
    assert (tones[0] - tones[1] > 40).all()


def test_a_turned_camera_sees_the_same_people_elsewhere(two):
    stage, near, _ = two
    turn = rotation_from_euler(np.array([0.05, 0.0, 0.0])) @ FRONTAL.T
    actor = stage.actors[0]
    before = acted(actor, (0.0, -3.0, 80.0))
    after = panned(before, np.tile(turn, (3, 1, 1)))
    expected = actor.camera.project((actor.landmarks(before.pose(0)) @ near.rotation.T + near.translation) @ turn.T)
    np.testing.assert_allclose(landmark_pixels(actor, after)[0, :, :2], expected, atol=1e-6)
    # The room is as far as can be: it moves by the focal length times the angle's tangent, 192 x 0.05 = 9.6 px.
    still, turned = (stage.photograph([None, None], view).rgb.astype(int) for view in (View(np.eye(3)), View(turn)))
    shift = {s: np.abs(still[:, 20 + s : 90 + s] - turned[:, 20:90]).mean() for s in range(-14, 15)}
    assert abs(abs(min(shift, key=lambda s: shift[s])) - 9.6) <= 1


def test_a_zoomed_camera_by_hand():
    # 10 px right of the middle at twice the focal length are 20.
    np.testing.assert_allclose(zoomed(np.array([[74.0, 48.0]]), 2.0, (64.0, 48.0)), [[84.0, 48.0]])


def test_ticks_show_what_was_taken_last():
    # Ticks at 0, 40, 80, 120 ms; pictures at 0, 20, 60, 100 ms.
    assert shown_at(np.array([0, 0.02, 0.06, 0.1]), 0.16).tolist() == [0, 1, 2, 3]
    assert shown_at(np.array([0, 0.04, 0.12]), 0.16).tolist() == [0, 1, 1, 2]


def test_ease_and_moved_by_hand():
    np.testing.assert_allclose(ease(np.array([0, 1, 1.5, 2, 3]), 1, 2), [0, 0, 0.5, 1, 1])
    one = acted(small_actor(*SIZE), (0.0, 0.0, 90.0))
    far = moved(one, np.array([[1.0, 2.0, 3.0]] * 3))
    np.testing.assert_allclose(far.translation - one.translation, [[1, 2, 3]] * 3)
    np.testing.assert_allclose(far.body_translation - one.body_translation, [[1, 2, 3]] * 3)


def test_changes_are_forgiven_two_frames_on_both_sides():
    visible = np.array([True] * 5 + [False] * 6)
    assert clear_of_changes(visible).tolist() == [True] * 3 + [False] * 4 + [True] * 4
    assert clear_of_changes(np.ones(6, bool), [3]).tolist() == [True, False, False, False, False, True]


def test_scenes_have_names_of_their_own_and_even_sizes():
    assert len({each.name for each in SCENES}) == len(SCENES)
    assert all(width % 2 == height % 2 == 0 for each in SCENES for width, height in [each.size])
    small = scene("small")
    assert small.size[0] * 16 == small.size[1] * 9


@pytest.fixture(scope="module")
def rendered(tmp_path_factory):
    """A tiny crossing with a cut in it, turned by its tag, at uneven times, the sound late."""
    reel = ReelOptions("all", suffix=".mov", rotation=90, sound_start=0.2)
    tiny: Scene = replace(scene("crossing"), size=SIZE, seconds=0.6, rate=50, uneven=True, reels=(reel,))
    return render_scene(tiny, tmp_path_factory.mktemp("torture") / "crossing")


def test_files_are_as_asked(rendered):
    video = rendered.video("crossing_all")
    info = probe(video)
    assert (info.width, info.height, info.rotation) == (*SIZE, 90)
    assert info.audio_start == pytest.approx(0.2, abs=0.07)  # an encoder's frame of priming precedes it
    frames = [frame.rgb for frame in read_frames(video, 25, end=0.6)]
    assert len(frames) == rendered.people[0].n_frames == 15
    for person in range(2):
        maps = dict(rendered.labels(person))
        assert len(maps) == 15
        x, y = rendered.people[person].landmarks[0, 4, :2]  # the tip of the nose
        assert maps[0][int(y), int(x)] == Label.FACE
        assert frames[0][int(y), int(x)].sum() > 100


def test_who_is_hidden_is_not_visible(rendered):
    front, back = rendered.people
    hidden = rendered.covered[1] >= 0.5
    assert hidden.any()
    assert not back.visible[hidden].any()
    assert (back.reason[hidden] == VisibilityReason.NO_FACE).all()
    assert front.visible[hidden].all()
    assert back.occluded[hidden].all()


def test_the_truth_scores_full_marks(rendered, tmp_path):
    clip = as_clip(rendered, tmp_path / "clip", [0, 1])
    labels = [partial(rendered.labels, person) for person in range(2)]
    score = measure(clip, rendered.people, labels, everybody=True)
    assert score.landmarks_p95 < 1e-3
    assert score.rotation_median < 0.1
    assert (score.head_iou, score.found, score.visibility_errors, score.switches) == (1.0, 1.0, 0, 0)


def test_somebody_forgotten_and_somebody_mistaken_cost_marks(rendered, tmp_path):
    labels = [partial(rendered.labels, person) for person in range(2)]
    alone = measure(as_clip(rendered, tmp_path / "a", [0]), rendered.people, labels, everybody=True)
    clear = [person.visible & clear_of_changes(person.visible) for person in rendered.people]
    assert alone.found == pytest.approx(clear[0].sum() / (clear[0].sum() + clear[1].sum()))
    first, second = (person.subject() for person in rendered.people)
    mixed = {
        name: np.concatenate([value[:3], vars(second)[name][3:]]) if len(value) == 15 else value
        for name, value in vars(first).items()
    }
    clip = as_clip(rendered, tmp_path / "b", [0])
    swapped = replace(clip, subjects=[replace(first, **mixed)])
    assert measure(swapped, rendered.people, labels).switches == 1


def as_clip(recording, folder, people):
    """A clip that holds the truth of some people."""
    folder.mkdir()
    video = recording.video("crossing_all")
    for index, person in enumerate(people):
        with GrayWriter(folder / LABELS.format(index), *SIZE, 25) as writer:
            for _, labels in recording.labels(person):
                writer.write(labels)
    facts = {
        "name": "a", "video": str(video), "width": SIZE[0], "height": SIZE[1], "fps": 25.0, "n_frames": 15,
        "start": 0.0, "end": None, "focal": recording.people[0].focal, "basis": "gpmm", "has_audio": False,
        "background": "still", "report": {},
    }  # fmt: skip
    subjects = [recording.people[person].subject() for person in people]
    write_clip(folder, facts, np.arange(15) / 25, subjects, {"video": {"path": str(video), "sha256": ""}})
    return Clip.load(folder)
