import cv2
import numpy as np
import pytest
import torch
from stage_training import export, fit

from beavervision.face.camera import FRONTAL
from beavervision.face.model_registry import load_face_model
from beavervision.face.pose import rotation_from_euler
from beavervision.metrics import film_comparison
from beavervision.stages.lower_face import mouth_figures
from beavervision.stages.lower_face.batch import make_batch_example
from beavervision.stages.lower_face.data import LowerFaceData
from beavervision.stages.lower_face.evaluation import gradient_energy, masked_psnr
from beavervision.stages.lower_face.inference import LowerFaceRenderer, render_patches
from beavervision.stages.lower_face.landmark_maps import landmark_maps, project_landmarks
from beavervision.stages.lower_face.losses import LowerFaceWeights, lower_face_loss, pixel_weight
from beavervision.stages.lower_face.module import LowerFace
from beavervision.stages.lower_face.network import LowerFaceNetwork
from beavervision.stages.lower_face.patch_geometry import CENTRE, PatchGeometry, frame_box, inverse, map_points, warp
from beavervision.stages.lower_face.references import (
    WarpedReferences,
    choose_references,
    reference_preference,
    warp_references,
)
from beavervision.stages.lower_face.training_patches import counted_pixels
from beavervision.types import Label

CAMERA = np.array([800.0, 800.0, 320.0, 240.0])
WIDTHS = (8, 16)


# --- geometry ----------------------------------------------------------------------------------------------------


def test_a_frontal_patch_by_hand():
    # 800 px of focal length at 80 cm: 10 px a cm; 12.2 cm are 122 px, which makes 128, four times 32.
    assert PatchGeometry.of_faces(np.array([10.0]), 512) == PatchGeometry(128, 10.0)
    geometry = PatchGeometry(160, 10.0)
    translation = np.array([0.0, 0.0, 80.0]) - FRONTAL @ CENTRE  # the patch's centre on the camera's axis
    affine = geometry.to_patch(FRONTAL, translation, CAMERA)
    np.testing.assert_allclose(map_points(affine, np.array([320.0, 240.0])), [80, 80])
    # The head's origin is 1 cm further away than the patch's centre, so a pixel of the frame is 1.0125 of the patch.
    np.testing.assert_allclose(map_points(affine, np.array([330.0, 240.0])), [80 + 10 * translation[2] / 80, 80])


def test_a_patch_keeps_the_head_upright_and_its_size():
    geometry = PatchGeometry(160, 10.0)
    tilt = rotation_from_euler(np.array([[0.0, 0.0, 0.5]]))[0]
    translation = np.array([3.0, 1.0, 40.0])  # half as far: twice as large
    affine = geometry.to_patch(tilt, translation, CAMERA)
    ends = np.array([CENTRE - np.array([0, 2, 0]), CENTRE + np.array([0, 2, 0])]) @ tilt.T + translation
    seen = map_points(affine, ends[:, :2] / ends[:, 2:] * CAMERA[:2] + CAMERA[2:])
    up = seen[1] - seen[0]
    assert abs(up[0]) < 0.02 * abs(up[1])
    assert up[1] == pytest.approx(-40, rel=0.05)  # 4 cm


def test_largest_patch_is_kept():
    assert PatchGeometry.of_faces(np.array([60.0]), 250).size == 224
    assert PatchGeometry.of_faces(np.array([1.0]), 250).size == 64


def test_ellipse_and_matte():
    geometry = PatchGeometry(160, 10.0)
    ellipse, matte = geometry.ellipse(), geometry.matte
    assert ellipse[80, 80] == matte[80, 80] == 1
    # The ellipse reaches 4.2 cm up and 5.7 cm down: its middle is row 80 + 7.5; 5.2 cm aside are 52 px.
    assert ellipse[87, 27] == 0
    assert ellipse[87, 30] == 1
    assert 0 < matte[87, 30] < 0.5
    assert ellipse[80 - 41, 80] == ellipse[80 + 55, 80] == 1
    assert ellipse[80 - 43, 80] == ellipse[80 + 58, 80] == 0
    assert (matte <= ellipse).all()
    assert ellipse[0].max() == ellipse[:, 0].max() == 0  # wholly within the patch


def test_the_ellipse_ends_below_the_lowest_chin():
    geometry = PatchGeometry(160, 10.0)
    assert geometry.reaching(np.full(9, 28.0)).reach == pytest.approx(3.8)  # 2.8 cm and one of room
    assert geometry.reaching(np.full(9, 90.0)).reach == 5.7


def test_warp_and_back():
    rng = np.random.default_rng(0)
    picture = np.repeat(np.repeat(rng.integers(0, 255, (12, 12, 3), dtype=np.uint8), 8, 0), 8, 1)
    affine = np.array([[1.0, 0.1, -8.3], [-0.1, 1.0, 2.6]])
    there = warp(picture, affine, (96, 96))
    again = warp(there, inverse(affine), (96, 96))
    assert np.abs(again[30:66, 30:66].astype(int) - picture[30:66, 30:66]).mean() < 6
    assert frame_box(np.array([[1.0, 0, -90], [0, 1.0, -200]]), 64, (160, 120)) == (90, 120, 154, 120)  # below it


def test_a_hand_and_what_is_outside_do_not_count():
    labels = np.full((60, 80), Label.FACE, np.uint8)
    labels[:, 60:] = Label.HAND
    shift = np.array([[1.0, 0, 0], [0, 1.0, -30]])  # the patch begins 30 px further down
    counted = counted_pixels(labels, shift, 64)
    assert counted[:28, :55].all()
    assert not counted[:28, 58:].any()  # the hand, and 3 px round it
    assert not counted[31:].any()  # the frame has no more than 60 rows


# --- maps, references, loss --------------------------------------------------------------------------------------


def test_maps_show_how_far_the_mouth_is_open():
    model = load_face_model()
    geometry = PatchGeometry(160, 10.0)
    translation = np.array([0.0, 8.4, 80.0])
    affine = geometry.to_patch(FRONTAL, translation, CAMERA)
    maps = []
    for share in (0.0, 1.0):
        condition = model.condition68(np.zeros(80), share * model.semantic["jaw_open"])
        points = project_landmarks(model, condition, FRONTAL, translation, CAMERA)
        maps.append(landmark_maps(map_points(affine, points), geometry.size, geometry.pixels_per_cm))
    shut, wide = (one.astype(float).mean((0, 1)) for one in maps)
    assert wide[1] > 4 * shut[1]  # the mouth between the lips
    assert maps[0].shape == (160, 160, 3)


def test_references_go_from_shut_to_open():
    opening = np.linspace(0, 1, 101)
    rotation = np.tile(np.eye(3), (101, 1, 1))
    clean = np.ones(101, bool)
    clean[98] = False  # a hand before the widest mouth
    chosen = choose_references(opening, rotation, clean)
    assert chosen[0] == 5
    assert chosen[1] == 40
    assert chosen[2] in (74, 75)  # without the hand's frame the quantile lies between
    assert chosen[3] in (97, 99)


def test_references_are_warped_to_the_landmarks():
    rng = np.random.default_rng(0)
    references = rng.integers(0, 255, (2, 64, 64, 3), dtype=np.uint8)
    references[1] = np.roll(references[0], (2, -3), (0, 1))
    face = rng.uniform(10, 50, (68, 2))
    warped = warp_references(references, np.stack([face, face + np.array([-3, 2])]), face + np.array([5, 5]))
    # Both faces move to the same place, and with them the same pixels.
    inner, before = (slice(20, 56),) * 2, (slice(15, 51),) * 2
    np.testing.assert_allclose(warped[0][inner].astype(int), references[0][before], atol=2)
    np.testing.assert_allclose(warped[1][inner].astype(int), references[0][before], atol=2)


def test_compiled_references_equal_the_plain_ones():
    rng = np.random.default_rng(2)
    references = np.stack(
        [cv2.GaussianBlur(rng.integers(0, 255, (64, 64, 3), dtype=np.uint8), (0, 0), 1.0) for _ in range(3)]
    )
    faces = rng.uniform(8, 56, (68, 2)) + rng.normal(0, 1.5, (4, 68, 2))
    warped = WarpedReferences(references, faces[:3]).warped(faces[3]).astype(int)
    plain = warp_references(references, faces[:3], faces[3])
    assert 10 * np.log10(255**2 / ((warped - plain) ** 2).mean()) > 50
    assert np.abs(warped - plain).max() <= 4


def test_a_reference_that_opens_alike_is_preferred():
    faces = np.zeros((2, 68, 2))
    faces[:, [67, 66, 65], 1] = [[1.0], [5.0]]  # open by 1 and by 5 px
    # 10 px a cm: 2 px, 0.2 cm, make a logit of -1, 4 px of -4; no logit is below -6.
    np.testing.assert_allclose(reference_preference(faces, faces[0], 10.0), [0, -4])
    np.testing.assert_allclose(reference_preference(faces, faces[0] + 0, 5.0), [0, -6])


def test_loss_by_hand():
    truth = torch.zeros(1, 3, 4, 4)
    drawn = truth.clone()
    drawn[..., 2] = 0.5  # one column of four
    weight = torch.ones(1, 1, 4, 4)
    # Colours: 0.5 in a quarter of the pixels. Gradients: 0.5 on two of the three steps across, none down.
    expected = 0.125 + 2 / 3 * 0.5
    assert lower_face_loss(drawn, truth, weight, LowerFaceWeights(1.0, 1, 0)) == pytest.approx(expected)
    weight[..., 1:] = 0  # nothing counts but the first column
    assert lower_face_loss(drawn, truth, weight, LowerFaceWeights(1.0, 1, 0)) == 0


def test_lips_count_more_and_hands_do_not():
    batch = make_batch_example(1)
    batch.counted[..., :32] = 0
    everywhere = torch.ones(1, 1, 64, 64)
    batch.maps[:, 1, 32:] = 1
    batch.maps[:, 1, :32] = 0
    weight = pixel_weight(everywhere, batch.counted, everywhere, batch.mouth, LowerFaceWeights(lips=4, mouth=8))
    assert weight[..., :32].max() == 0
    assert (weight[..., :32, 32:] == 5).all()
    assert (weight[..., 32:, 32:] == 13).all()  # between the lips


def test_figures_by_hand():
    mask = torch.ones(1, 1, 2, 2)
    one, two = torch.zeros(1, 3, 2, 2), torch.full((1, 3, 2, 2), 0.1)
    assert masked_psnr(one, two, mask) == pytest.approx(20)  # error 0.01
    one[..., 0] = 0.4
    assert gradient_energy(one, mask) == pytest.approx(0.8)  # two rows, a step of 0.4 in each
    mask[..., 0, 0] = 0
    assert gradient_energy(one, mask) == pytest.approx(0.4)


def test_the_network_never_looks_at_what_it_draws():
    network = LowerFaceNetwork(64, WIDTHS)
    network.ellipse.copy_(torch.from_numpy(PatchGeometry(64, 4.5).ellipse())[None, None])
    batch = make_batch_example(2)
    other = batch.patch * (1 - network.ellipse)
    with torch.no_grad():
        torch.nn.init.normal_(network.head.weight, std=0.05)
        drawn = network(batch.patch, batch.maps, batch.warped, batch.preference)
        again = network(other, batch.maps, batch.warped, batch.preference)
    assert torch.equal(drawn, again)
    outside = network.ellipse.expand_as(drawn) == 0
    assert torch.equal(drawn[outside], batch.patch[outside])
    one = network(batch.patch[:1], batch.maps[:1], batch.warped[:1], batch.preference[:1])
    torch.testing.assert_close(one, drawn[:1], atol=1e-4, rtol=0)  # whatever else is in the batch


# --- training ----------------------------------------------------------------------------------------------------


@pytest.fixture
def make_data(miniature):
    def make(**options) -> LowerFaceData:
        data = LowerFaceData(miniature.folder, **({"largest": 64, "frames_per_step": 2, "val_frames": 2} | options))
        data.setup("fit")
        return data

    return make


def train(data: LowerFaceData, steps: int, checkpoint=None, rate=6e-3):
    torch.manual_seed(0)
    module = LowerFace(**data.dimensions(), widths=WIDTHS, learning_rate=rate, decay_steps=100)
    return module, fit(module, data, steps, checkpoint, val_every=steps)


def test_draws_are_a_function_of_their_number(make_data):
    data = make_data()
    first, again, other = data.draw(3), data.draw(3), data.draw(4)
    assert torch.equal(first.patch, again.patch)
    assert not torch.equal(first.frames, other.frames)
    assert set(data.train_frames).isdisjoint(data.held_out_frames)
    assert (first.frames < data.clip.train_range.stop).all()


def test_open_mouths_are_drawn_more_often(make_data):
    data = make_data(frames_per_step=8, open_share=1.0)
    even = data.person.mouth_open[data.train_frames].mean()
    drawn = np.concatenate([data.draw(i).frames.numpy() for i in range(8)])
    assert data.person.mouth_open[drawn].mean() > 1.15 * even


def test_two_steps_to_a_bundle_and_back(make_data, tmp_path):
    data = make_data()
    module, trainer = train(data, 2)
    assert {"val/psnr", "val/lips_psnr", "val/gradient"} <= set(trainer.callback_metrics)
    assert module.validation_media()[0].rgb.shape == (2 * 64, 3 * 64, 3)
    bundle = export(tmp_path / "b", module, data)
    renderer = LowerFaceRenderer.from_bundle(bundle.folder)
    assert renderer.geometry == data.geometry
    row = data.patches.row(int(data.measured[0]))
    patch, points = np.array(data.patches.rgb[row])[None], data.points[row][None]
    expected = render_patches(module.network, data.geometry, patch, points)
    made = renderer.render(patch, points)
    # Compiled for the CPU: sampling positions are not rounded to 1/32 px as in OpenCV, and sums have another order.
    assert 10 * np.log10(255**2 / ((made - expected) ** 2).mean()) > 50
    np.testing.assert_array_equal(renderer.track.rotation, data.person.rotation)
    frames = list(module.preview(data).frames)
    assert len(frames) == len(data.clip.test_range)


def test_resumed_equals_uninterrupted(make_data, tmp_path):
    whole, _ = train(make_data(), 4)
    _, trainer = train(make_data(), 2)
    trainer.save_checkpoint(tmp_path / "last.ckpt")
    resumed, _ = train(make_data(), 4, tmp_path / "last.ckpt")
    for (name, a), b in zip(whole.state_dict().items(), resumed.state_dict().values(), strict=True):
        assert torch.equal(a, b), name


def test_the_footage_itself_opens_and_moves_as_the_footage(make_data, monkeypatch):
    data = make_data()

    def perfect(network, geometry, patches, points):
        return patches.astype(np.float32)

    def shut(network, geometry, patches, points):
        row = data.reference_rows[0]
        return np.array(data.patches.rgb[row], np.float32)[None]

    monkeypatch.setattr(film_comparison, "FEWEST", 2)
    monkeypatch.setattr(mouth_figures, "render_patches", perfect)
    found = mouth_figures.mouth_figures(LowerFaceNetwork(64, WIDTHS), data)
    assert found["flicker"] == found["gradient"] == 1
    assert found["gradient_footage"] > 0
    assert found.get("opening", 1) == pytest.approx(1, abs=0.1)
    monkeypatch.setattr(mouth_figures, "render_patches", shut)
    still = mouth_figures.mouth_figures(LowerFaceNetwork(64, WIDTHS), data)
    assert still["flicker"] == 0


def test_a_pasted_patch_leaves_the_rest():
    rng = np.random.default_rng(0)
    frame = rng.integers(0, 256, (120, 160, 3), dtype=np.uint8)
    geometry = PatchGeometry(64, 4.5)
    affine = np.array([[1.0, 0, -50], [0, 1.0, -40]])
    made = mouth_figures.paste_patch(frame, np.full((64, 64, 3), 10.0), geometry, affine)
    assert (made[72, 82] == 10).all()
    np.testing.assert_array_equal(made[:41], frame[:41])
    np.testing.assert_array_equal(made[:, :51], frame[:, :51])


def test_learns_to_correct_the_references(make_data):
    def dark(**options) -> LowerFaceData:
        data = make_data(**options)
        patches, points = data.references
        data.__dict__["references"] = patches // 2, points  # half as bright as the footage
        return data

    def figure(module: LowerFace, data: LowerFaceData) -> float:
        truth = [data.held_out(int(frame)) for frame in data.measured]
        with torch.no_grad():
            drawn = [module.network(one.patch, one.maps, one.warped, one.preference) for one in truth]
        pairs = zip(drawn, truth, strict=True)
        return float(np.mean([masked_psnr(made, one.patch, module.network.ellipse) for made, one in pairs]))

    data = dark()
    untrained, _ = train(data, 1, rate=1e-7)
    module, _ = train(data, 30)
    assert figure(module, data) > figure(untrained, data) + 2
