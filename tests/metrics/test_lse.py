import numpy as np
import pytest
import torch

from beavervision.errors import BeaverError
from beavervision.metrics.lse import LipSyncErrors, embeddings, lip_sync_error, offset_distances, verdict
from beavervision.metrics.lse_crops import crop_corners, face_crops
from beavervision.metrics.syncnet_v2 import SyncNetV2


@pytest.fixture(scope="module")
def weights(tmp_path_factory):
    """A file of the public weights' format, randomly initialised."""
    torch.manual_seed(0)
    path = tmp_path_factory.mktemp("syncnet") / "syncnet_v2.model"
    # the public file's layout: parameters and running statistics, without num_batches_tracked in its oldest form
    torch.save({k: v for k, v in SyncNetV2().state_dict().items() if "num_batches" not in k}, path)
    return path


@pytest.fixture(scope="module")
def network(weights):
    return SyncNetV2.from_file(weights)


def speech(frames):
    return (0.1 * np.random.default_rng(1).standard_normal(frames * 640)).astype(np.float32)


def faces(frames):
    return np.random.default_rng(2).integers(0, 255, (frames, 224, 224, 3), np.uint8)


def test_the_layout_is_that_of_the_public_file(network):
    shapes = {name: tuple(value.shape) for name, value in network.state_dict().items()}
    # places counted through its layers: conv, norm, ReLU, with a pooling after the first, second and fifth
    assert shapes["netcnnaud.0.weight"] == (64, 1, 3, 3)
    assert shapes["netcnnaud.4.weight"] == (192, 64, 3, 3)
    assert shapes["netcnnaud.18.weight"] == (512, 256, 5, 4)
    assert shapes["netcnnlip.0.weight"] == (96, 3, 5, 7, 7)
    assert shapes["netcnnlip.4.weight"] == (256, 96, 1, 5, 5)
    assert shapes["netcnnlip.18.weight"] == (512, 256, 1, 6, 6)
    assert shapes["netfcaud.3.weight"] == shapes["netfclip.3.weight"] == (1024, 512)


def test_a_window_is_five_frames_and_twenty_rows(network):
    sound, face = embeddings(network, faces(8), speech(8))
    assert sound.shape == face.shape == (3, 1024)  # 8 - 5, as the authors count
    pictures = torch.from_numpy(faces(8)[2:7]).float()[None]
    torch.testing.assert_close(network.embed_face(pictures)[0], face[2], rtol=1e-4, atol=1e-4)


def test_blue_comes_first(network):
    pictures = torch.from_numpy(faces(5)).float()[None]
    first = network.netcnnlip[0]
    seen = []
    handle = first.register_forward_pre_hook(lambda _, given: seen.append(given[0]))
    network.embed_face(pictures)
    handle.remove()
    assert torch.equal(seen[0][:, 0], pictures[..., 2])


def test_distances_by_hand():
    # zero beyond the ends: o = -1 pairs (f0, 0), (f1, s0); o = 0 pairs (f0, s0), (f1, s1); o = 1 (f0, s1), (f1, 0)
    face = torch.tensor([[3.0, 4.0], [6.0, 8.0]])
    sound = torch.tensor([[6.0, 8.0], [0.0, 0.0]])
    found = offset_distances(sound, face, 1)
    torch.testing.assert_close(found, torch.tensor([2.5, 7.5, 7.5]), atol=1e-4, rtol=0)
    distance, confidence, offset = verdict(found)
    assert (round(float(distance), 3), round(float(confidence), 3), int(offset)) == (2.5, 5.0, -1)


def test_late_sound_has_a_positive_offset():
    torch.manual_seed(0)
    face = torch.randn(40, 8)
    assert int(verdict(offset_distances(face.roll(4, 0), face)).offset) == 4


def test_class_is_the_mean_over_films(network):
    metric = LipSyncErrors(network)
    single = []
    for frames in (7, 8):
        metric.update(iter(faces(frames)), speech(frames))
        single.append(lip_sync_error(network, faces(frames), speech(frames)))
    expected = [torch.stack([one[i].float() for one in single]).mean() for i in range(3)]
    torch.testing.assert_close(list(metric.compute()), expected)


def test_too_short_a_film_is_a_sentence(network):
    with pytest.raises(BeaverError, match="LSE needs 6 frames"):
        lip_sync_error(network, faces(5), speech(5))


def test_another_file_is_a_sentence(tmp_path):
    with pytest.raises(BeaverError, match="does not exist"):
        SyncNetV2.from_file(tmp_path / "none.model")
    for name, content in (("a", {"x": torch.zeros(1)}), ("b", [1, 2])):
        torch.save(content, tmp_path / name)
        with pytest.raises(BeaverError, match="does not hold SyncNet's weights"):
            SyncNetV2.from_file(tmp_path / name)
    (tmp_path / "c").write_bytes(b"nothing")
    with pytest.raises(BeaverError, match="does not hold SyncNet's weights"):
        SyncNetV2.from_file(tmp_path / "c")


def test_crops_show_the_box_with_its_margins():
    # box of side 20 at (40, 40): half 10, margins 4 left and right, none above, 8 below -> (36, 40), side 28
    boxes = np.tile([40.0, 40.0, 60.0, 60.0], (15, 1))
    boxes[7] += 30  # one wrong box is no jump
    np.testing.assert_allclose(crop_corners(boxes), np.tile([36.0, 40.0, 28.0], (15, 1)))
    frame = np.zeros((64, 100, 3), np.uint8)
    frame[40:, 36:64] = 200
    crop = next(face_crops([frame] * 15, boxes))
    assert crop.shape == (224, 224, 3)
    assert (crop[8:184, 8:-8] == 200).all()  # 24 of the 28 rows: the picture ends at row 64
    assert (crop[-24:] == 110).all()
