"""MediaPipe's Tasks find what its graphs find: the same networks, read from model files."""

from pathlib import Path

import cv2
import numpy as np
import pytest
from task_models import write_task_models

from beavervision.errors import ConfigError
from beavervision.preprocess.mediapipe_runtime import quiet_native
from beavervision.preprocess.perception_networks import network_kind
from beavervision.preprocess.perception_networks.model_files import FACE, MODEL_FILES
from beavervision.preprocess.perception_networks.solutions import SolutionNetworks
from beavervision.preprocess.perception_networks.task_bundle import short_range_detector
from beavervision.preprocess.perception_networks.tasks import TaskNetworks, _opened, _TaskDetector
from beavervision.synthetic import actor_video
from beavervision.synthetic.curves import Moment
from beavervision.synthetic.miniature import NEAR, small_actor
from beavervision.synthetic.performance import perform
from beavervision.video.decode import read_frames

pytestmark = pytest.mark.skipif(network_kind() != "solutions", reason="this MediaPipe has no models inside to compare")

LANDMARKER = Path(__file__).resolve().parents[3] / "shared/models/face_landmarker.task"


@pytest.fixture(scope="module")
def tasks(tmp_path_factory):
    folder = tmp_path_factory.mktemp("models")
    write_task_models(folder)
    return TaskNetworks(lambda file: folder / file.name)


@pytest.fixture(scope="module")
def actor():
    """A square RGB crop with head and shoulders of the actor."""
    frame = next(iter(read_frames(actor_video()))).rgb
    side = min(frame.shape[:2])
    x = (frame.shape[1] - side) // 2
    return np.ascontiguousarray(frame[:side, x : x + side])


@pytest.fixture(scope="module")
def face(actor):
    """A square crop round the actor's face, as tight as preparation makes it."""
    side = len(actor)
    top, left, size = int(0.15 * side), int(0.25 * side), int(0.5 * side)
    return np.ascontiguousarray(actor[top : top + size, left : left + size])


@pytest.fixture(scope="module")
def hand():
    """A square crop of an actor who raises a hand before the chin."""
    small = small_actor(320, 240)
    performance = perform(small.model, (), 30, 25, seed=7, hand=Moment(0.0, 1.2), place=NEAR + np.array([0, 0, 30]))
    rgb = small.photograph(performance.pose(14)).rgb
    return np.pad(rgb, ((0, 80), (0, 0), (0, 0)))


def both(tasks, name, crop, *arguments, call="points"):
    """Results of the graph and of the task."""
    with quiet_native():
        found = []
        for networks in (SolutionNetworks(), tasks):
            network = getattr(networks, name)(*arguments)
            found.append(getattr(network, call)(crop))
            network.close()
    return found


def test_the_person_mask_is_the_same(tasks, actor):
    graph, task = both(tasks, "person_mask", cv2.resize(actor, (256, 256)), call="mask")
    assert graph.shape == task.shape == (256, 256)
    assert 0.1 < (graph > 0.5).mean() < 0.9
    assert np.abs(graph - task).mean() < 0.01


def test_the_shoulders_are_the_same(tasks, actor):
    graph, task = both(tasks, "pose", cv2.resize(actor, (384, 384)))
    assert graph.shape == task.shape == (33, 3)
    # 11, 12: shoulders; relative to the crop.
    assert np.abs(graph[11:13, :2] - task[11:13, :2]).max() < 0.02


def test_hands_lie_where_the_graph_finds_them(tasks, hand):
    graph, task = both(tasks, "palms", cv2.resize(hand, (384, 384)), 0.4, call="detect")
    assert len(graph) == len(task) == 1
    assert np.abs(graph[0].keypoints[0] - task[0].keypoints[0]).max() < 0.08  # the wrist
    low, high = task[0].box[:2], task[0].box[2:]
    middle, side = (low + high) / 2 * 320, 2.2 * float((high - low).max()) * 320
    x, y = (int(v) for v in np.maximum(middle - side / 2, 0))
    crop = cv2.resize(np.ascontiguousarray(hand[y : y + int(side), x : x + int(side)]), (224, 224))
    graph, task = both(tasks, "hand_landmarks", crop, 0.5)
    assert graph.shape == task.shape == (21, 2)
    assert np.median(np.abs(graph - task)) < 0.05


def test_the_bundle_has_the_short_range_detector(tasks, actor):
    crop = cv2.resize(actor, (256, 256))
    with quiet_native():
        from mediapipe.tasks.python.vision import FaceDetector, FaceDetectorOptions

        buffer = short_range_detector(tasks._locate(FACE))
        network = _TaskDetector(
            _opened(FACE, lambda b: FaceDetector.create_from_options(FaceDetectorOptions(base_options=b)), buffer)
        )
        (task,) = network.detect(crop)
        network.close()
        graphs = SolutionNetworks().face_detectors(0.3)
        (graph,) = graphs[1].detect(crop)
        for one in graphs:
            one.close()
    assert np.abs(graph.box - task.box).max() < 0.01
    assert np.abs(graph.keypoints - task.keypoints).max() < 0.01


@pytest.mark.skipif(not LANDMARKER.is_file(), reason=f"no {LANDMARKER}")
def test_face_landmarks_agree(face):
    networks = TaskNetworks(lambda file: LANDMARKER)
    graph, task = both(networks, "face_landmarks", cv2.resize(face, (256, 256)))
    assert graph.shape == task.shape == (478, 3)
    width = np.ptp(task[:, 0])
    assert np.hypot(*(graph - task)[:, :2].T).mean() < 0.03 * width


@pytest.mark.parametrize("name", ["pose", "person_mask", "hand_landmarks"])
def test_a_file_that_is_no_model_is_one_sentence(name, tmp_path):
    for file in MODEL_FILES:
        (tmp_path / file.name).write_bytes(b"<html>not found</html>")
    networks = TaskNetworks(lambda file: tmp_path / file.name)
    with quiet_native(), pytest.raises(ConfigError, match=r"cannot be used \(.*remove the file"):
        getattr(networks, name)(*((0.5,) if name == "hand_landmarks" else ()))


def test_a_landmark_bundle_that_is_none(tmp_path):
    (tmp_path / FACE.name).write_bytes(b"no zip")
    with pytest.raises(ConfigError, match="is no face landmark bundle"):
        short_range_detector(tmp_path / FACE.name)
