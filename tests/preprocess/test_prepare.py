import json

import av
import numpy as np
import pytest
from altered_footage import actor_frames, actor_speech, write_film
from footage import write_footage
from PIL import Image

from beavervision.artifacts.manifest import sha256_file
from beavervision.audio.waveform import load_waveform
from beavervision.errors import BeaverError
from beavervision.face.pose import rotation_angle
from beavervision.preprocess import PrepareOptions, prepare
from beavervision.synthetic.ground_truth import actor_truth, actor_video
from beavervision.types import Label, VisibilityReason


def empty(path):
    path.write_bytes(b"")


def text(path):
    path.write_text("not a video\n" * 100)


def sound_only(path):
    with av.open(str(path), "w", format="wav") as container:
        stream = container.add_stream("pcm_s16le", 16_000)
        stream.codec_context.layout = "mono"
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 16_000), np.int16), format="s16", layout="mono")
        frame.sample_rate = 16_000
        container.mux(stream.encode(frame))


def nobody(path):
    write_footage(path, 0.4, size=(160, 120), click_at=0.2)


@pytest.mark.parametrize(
    ("make", "name", "message"),
    [
        (lambda path: None, "a.mp4", "does not exist"),
        (empty, "a.mp4", "empty"),
        (text, "a.mp4", "not a video"),
        (sound_only, "a.wav", "no video stream"),
        (nobody, "a.mkv", "shows no face anywhere"),
    ],
)
def test_bad_footage_is_one_sentence_and_leaves_nothing(tmp_path, make, name, message):
    make(tmp_path / name)
    with pytest.raises(BeaverError, match=message) as error:
        prepare(tmp_path / name, tmp_path / "out" / "clip", PrepareOptions("a"))
    assert name in str(error.value)
    assert [path for path in tmp_path.rglob("*") if path.is_file() and path.name != name] == []


def test_a_folder_that_cannot_be_written_is_named(tmp_path):
    video = write_footage(tmp_path / "a.mp4", 0.4)
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(BeaverError, match="cannot be written"):
        prepare(video, tmp_path / "file" / "clip", PrepareOptions("a"))


def test_an_unknown_face_model_is_refused_before_any_work(tmp_path):
    with pytest.raises(BeaverError, match="gpmn"):
        prepare(tmp_path / "missing.mp4", tmp_path / "clip", PrepareOptions("a", basis="gpmn"))


@pytest.fixture(scope="module")
def speaking(tmp_path_factory):
    """The actor turning the head, speaking, raising a hand; prepared, and what is true of it."""
    return excerpt(tmp_path_factory.mktemp("speaking"), 13.0, 16.6)


@pytest.fixture(scope="module")
def away(tmp_path_factory):
    """The actor as it leaves the picture and comes back."""
    return excerpt(tmp_path_factory.mktemp("away"), 8.4, 10.6)


def excerpt(folder, start, end):
    before = sha256_file(actor_video())
    clip = prepare(actor_video(), folder / "clip", PrepareOptions("actor", start=start, end=end))
    assert sha256_file(actor_video()) == before  # the footage is only ever read
    rows = slice(round(25 * start), round(25 * end))
    return clip, clip.subjects[0], actor_truth(), rows


def eye_distance(landmarks):
    return np.linalg.norm(landmarks[:, 33, :2] - landmarks[:, 263, :2], axis=-1)


def test_landmarks_are_where_they_truly_are(speaking):
    _, subject, truth, rows = speaking
    true = truth.landmarks[rows]
    error = np.linalg.norm(subject.landmarks[..., :2] - true[..., :2], axis=-1) / eye_distance(true)[:, None]
    assert np.median(error) <= 0.015
    assert np.percentile(error, 95) <= 0.045


def test_pose_is_what_it_truly_is(speaking):
    _, subject, truth, rows = speaking
    error = rotation_angle(subject.rotation.astype(float), truth.rotation[rows].astype(float))
    assert np.degrees(np.median(error)) <= 2.0


def test_mouth_and_eyes_open_when_they_truly_do(speaking):
    _, subject, truth, rows = speaking
    assert np.corrcoef(subject.mouth_open, truth.mouth_open[rows])[0, 1] >= 0.9
    assert np.corrcoef(subject.eye_open.mean(1), truth.eye_open[rows].mean(1))[0, 1] >= 0.85


def test_a_hand_before_the_chin_is_flagged_when_it_truly_is_there(speaking):
    _, subject, truth, rows = speaking
    true = truth.occluded[rows]
    assert true.any()
    assert not true.all()
    both = (subject.occluded & true).sum()
    assert 2 * both / (subject.occluded.sum() + true.sum()) >= 0.75


def test_labels_fit_the_landmarks(speaking):
    clip, subject, *_ = speaking
    for index, labels in clip.labels([0, 40, 85]):
        assert labels.shape == (720, 1280)
        for landmark, expected in ((4, Label.FACE), (151, Label.FACE), (152, Label.FACE)):  # nose, brow, chin
            x, y = subject.landmarks[index, landmark, :2]
            assert labels[int(y) - 8, int(x)] in {expected, Label.HAND}
        x0, y0, x1, _ = subject.box[index].astype(int)
        assert labels[y0 - (x1 - x0) // 6, (x0 + x1) // 2] == Label.HAIR
        assert labels[715, (x0 + x1) // 2] in {Label.TORSO, Label.HAND}
        assert labels[20, 20] == Label.BACKGROUND


def test_nothing_but_visible_frames_holds_numbers_and_no_index_moves(away):
    clip, subject, truth, rows = away
    assert clip.n_frames == len(subject.visible) == 55
    for name in ("box", "landmarks", "rotation", "translation", "expression", "eye_open", "mouth_open", "body"):
        known = np.isfinite(getattr(subject, name).reshape(55, -1)).all(1)
        assert np.array_equal(known, subject.visible), name
    error = np.linalg.norm(subject.landmarks[..., :2] - truth.landmarks[rows][..., :2], axis=-1)
    assert np.nanmax(np.median(error[subject.visible], axis=1)) < 0.08 * np.median(eye_distance(truth.landmarks[rows]))


def test_the_face_is_visible_when_it_truly_is(away):
    _, subject, truth, rows = away
    true = truth.visible[rows]
    assert not true.all()
    changes = np.flatnonzero(np.diff(true.astype(int)))
    clear = np.abs(np.arange(55)[:, None] - changes - 0.5).min(1) > 2
    assert np.array_equal(subject.visible[clear], true[clear])
    assert set(subject.reason[~subject.visible]) == {VisibilityReason.OUT_OF_FRAME}


def test_the_plate_is_the_room_without_the_actor(away):
    clip, subject, *_ = away
    plate = clip.plate()
    assert clip.facts.background == "still"
    index, empty = next((i, rgb) for i, rgb in clip.frames() if not subject.visible[i - 3 : i + 4].any())
    labels = dict(clip.labels([index]))[index]
    difference = np.abs(plate.astype(int) - empty).max(-1)
    assert np.percentile(difference[labels == Label.BACKGROUND], 99) < 16


def test_the_sound_is_the_footage_s_own(speaking):
    clip, *_, rows = speaking
    whole = load_waveform(actor_video()).samples
    piece = whole[rows.start * 640 : rows.stop * 640]
    assert len(clip.audio()) == clip.n_frames * 640
    assert np.corrcoef(clip.audio(), piece)[0, 1] > 0.999


def test_the_report_says_what_was_found(speaking):
    clip, subject, *_ = speaking
    facts = json.loads((clip.folder / "report" / "report.json").read_text())
    assert facts["frames"] == 90
    assert facts["people"] == 1
    (found,) = facts["subjects"]
    assert found["occluded_share"] == pytest.approx(subject.occluded.mean(), rel=1e-3)
    assert {v["stage"] for v in found["verdicts"]} >= {"radnerf_head", "radnerf_torso"}
    page = (clip.folder / "report" / "report.html").read_text()
    assert all(remark["found"] in page for verdict in found["verdicts"] for remark in verdict["remarks"])
    assert Image.open(clip.folder / "report" / "contact_sheet_0.jpg").size[0] > 1000


def test_nothing_is_left_over(speaking):
    clip, *_ = speaking
    names = {path.name for path in clip.folder.iterdir()}
    assert names == {
        *("manifest.json", "frames.safetensors", "subject_0.safetensors"),
        *("labels_0.mkv", "matte_0.mkv", "audio.wav", "background.png", "report"),
    }
    assert {path.name for path in clip.folder.parent.iterdir()} == {"clip", ".prepare"}


@pytest.mark.slow
def test_footage_on_its_head_is_prepared_upright(tmp_path):
    upright = actor_frames(0.4, size=(640, 360))
    video = write_film(tmp_path / "a.mp4", [np.rot90(frame, 2) for frame in upright], [actor_speech(0.4)])
    before = sha256_file(video)
    clip = prepare(video, tmp_path / "clip", PrepareOptions("a", workers=0))
    assert (clip.facts.turn, clip.facts.fields, clip.size) == (180, "off", (640, 360))
    assert sha256_file(video) == before
    for (_, found), expected in zip(clip.frames(), upright, strict=True):
        assert np.abs(found.astype(int) - expected).mean() < 3
    truth = np.asarray(actor_truth().landmarks)[25:35, :, :2] / 2
    error = np.linalg.norm(clip.subjects[0].landmarks[..., :2] - truth, axis=2)
    eyes = np.linalg.norm(truth[:, 33] - truth[:, 263], axis=1)[:, None]
    assert np.median(error / eyes) < 0.03
    assert clip.facts.report["footage"]["turned"] == 180
