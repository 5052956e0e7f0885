from dataclasses import replace

import numpy as np
import pytest

from beavervision.compositing.canvas_layer import CanvasLayer
from beavervision.compositing.fill_holes import fill_holes
from beavervision.compositing.layers import blend
from beavervision.compositing.seam import head_matte, old_head
from beavervision.face.model_registry import load_face_model
from beavervision.face.pose import rotation_from_euler
from beavervision.inference.avatar_compositor import Scene, open_border
from beavervision.inference.dub_compositor import Dubber
from beavervision.inference.head_region import lower_region_matte
from beavervision.stages.lower_face.landmark_maps import project_landmarks
from beavervision.types import Label

# --- layers ------------------------------------------------------------------------------------------------------

RED, GREEN, BLUE, GREY = (200, 0, 0), (0, 200, 0), (0, 0, 200), (90, 90, 90)
WIDTH, HEIGHT = 80, 60


def canvas(place=(0.0, 0.0, 1.0), width=WIDTH, height=HEIGHT) -> CanvasLayer:
    """A red head (rows 0-29, columns 20-59) over a green torso (rows 25 and below, columns 20-59)."""
    head, torso = np.zeros((height, width)), np.zeros((height, width))
    head[: height // 2, width // 4 : 3 * width // 4] = 1
    torso[5 * height // 12 :, width // 4 : 3 * width // 4] = 1
    red, green = (np.broadcast_to(np.array(c) / 255, (height, width, 3)) for c in (RED, GREEN))
    return CanvasLayer.stack(red * head[..., None], head, green, torso, np.array(place))


def test_head_over_torso_over_background_at_every_pixel():
    layer = canvas()
    background = np.full((HEIGHT, WIDTH, 3), GREY, np.uint8)
    found = layer.over(background, layer.box((WIDTH, HEIGHT)))
    expected = background.copy()
    expected[25:, 20:60] = GREEN
    expected[:30, 20:60] = RED
    np.testing.assert_array_equal(found, expected)


def test_half_transparent_edge_by_hand():
    # One column of head of opacity 0.5 (colour already multiplied: 0.2) beside nothing, torso 1.0 of opacity 0.5:
    # 0.2 + 0.5 x (0.5 x 1.0) = 0.45, opacity 0.5 + 0.5 x 0.5 = 0.75. An edge stays as it was rendered.
    column = np.zeros((200, 40))
    column[:, 20] = 0.5
    layer = CanvasLayer.stack(
        0.4 * np.repeat(column[..., None], 3, -1), column, np.ones((200, 40, 3)), column, np.array([0, 0, 1.0])
    )
    np.testing.assert_allclose(layer.colour[:, 20], 0.45, rtol=1e-6)
    np.testing.assert_allclose(layer.alpha[:, 20], 0.75, rtol=1e-6)
    assert layer.alpha[:, [19, 21]].max() == 0


def test_people_have_no_holes():
    """A disc with a half transparent eye, a gap of two pixels across, and a soft rim; a ring's opening stays open."""
    y, x = np.mgrid[:400, :400]
    distance = np.hypot(x - 120, y - 200)
    alpha = np.clip((80 - distance) / 4, 0, 1)
    alpha[190:200, 100:110] = 0.4
    alpha[230:232] *= 0.0
    ring = np.hypot(x - 310, y - 200)
    alpha = np.maximum(alpha, ((ring < 70) & (ring > 40)).astype(float))
    colour = np.stack([0.8 * alpha, 0.5 * alpha, 0.2 * alpha], -1)
    filled, opaque = fill_holes(colour.astype(np.float32), alpha.astype(np.float32))
    inside = distance < 80 - 4 - 2 * 0.007 * 400
    np.testing.assert_allclose(opaque[inside], 1, atol=1e-3)
    np.testing.assert_allclose(filled[inside], np.broadcast_to([0.8, 0.5, 0.2], (inside.sum(), 3)), atol=2e-3)
    assert opaque[200, 310] == 0  # the ring's middle
    rim = (distance > 77) & (y < 220)
    np.testing.assert_array_equal(opaque[rim], alpha[rim].astype(np.float32))


def test_what_is_whole_is_not_touched():
    alpha = np.zeros((100, 100), np.float32)
    alpha[20:80, 20:80] = 1
    colour = np.repeat(alpha[..., None], 3, -1)
    filled, opaque = fill_holes(colour, alpha)
    assert filled is colour
    assert opaque is alpha


def test_a_canvas_as_large_as_the_frame_has_no_border():
    layer = canvas()
    assert (open_border(layer, layer.box((WIDTH, HEIGHT)), (WIDTH, HEIGHT)) == 1).all()


def test_a_canvas_inside_the_frame_fades_where_the_frame_goes_on():
    # Canvas 40 x 60 over columns 20-59 of a frame 80 x 60: left and right fade, top and bottom are the frame's.
    layer = canvas((20.0, 0.0, 1.0), width=40)
    matte = open_border(layer, layer.box((WIDTH, HEIGHT)), (WIDTH, HEIGHT))
    assert matte.shape == (60, 40)
    assert matte[0, 20] == matte[59, 20] == 1
    assert matte[30, 0] < 0.05
    assert matte[30, 39] < 0.05


SHOULDERS = np.array([[10.0, 50.0], [70.0, 50.0], [40.0, 40.0]])


def scene() -> Scene:
    """The body still is a blue band, rows 40 and below."""
    body = np.zeros((HEIGHT, WIDTH, 4), np.uint8)
    body[..., :3] = BLUE
    body[40:, :, 3] = 255
    return Scene(body, SHOULDERS)


PLATE = np.full((HEIGHT, WIDTH, 3), GREY, np.uint8)


def test_avatar_layers_lie_in_order():
    found = scene().composite(canvas((20.0, 0.0, 1.0), width=40), SHOULDERS, PLATE)
    np.testing.assert_array_equal(found[5, 5], GREY)  # plate outside the canvas
    np.testing.assert_array_equal(found[50, 5], BLUE)  # body still outside the canvas
    np.testing.assert_array_equal(found[10, 40], RED)  # head
    np.testing.assert_array_equal(found[50, 40], GREEN)  # the field's torso, not the still
    np.testing.assert_array_equal(found[5, 28], GREY)  # plate inside the canvas


def test_no_background_shows_through_where_canvas_and_still_cross_fade():
    # Blue body all over under a canvas that is all green: a cross-fade of the two never shows the grey plate.
    still = scene()
    still = replace(
        still,
        body=np.dstack([np.broadcast_to(np.uint8(BLUE), (HEIGHT, WIDTH, 3)), np.full((HEIGHT, WIDTH), 255, np.uint8)]),
    )
    ones = np.ones((60, 40))
    green = np.broadcast_to(np.array(GREEN) / 255, (60, 40, 3))
    layer = CanvasLayer.stack(0 * green, 0 * ones, green, ones, np.array([20.0, 0, 1]))
    found = still.composite(layer, SHOULDERS, PLATE)
    assert (found[..., 0] == 0).all()


def test_the_still_follows_the_shoulders():
    layer = canvas((20.0, 0.0, 1.0), width=40)
    found = scene().composite(layer, SHOULDERS + np.array([0, -5]), PLATE)
    np.testing.assert_array_equal(found[36, 5], BLUE)  # 5 px higher than in the still
    np.testing.assert_array_equal(found[33, 5], GREY)


def test_the_scene_is_not_changed_by_a_picture():
    still, plate = scene(), PLATE.copy()
    first = still.composite(canvas(), SHOULDERS, plate)
    assert (plate == GREY).all()
    np.testing.assert_array_equal(first, still.composite(canvas(), SHOULDERS, plate))


def test_cut_out_laid_over_the_plate_is_the_picture():
    """Opacity and colour at every pixel: over any background the cut-out gives what the picture would."""
    layer = canvas((20.0, 0.0, 1.0), width=40)
    cut = scene().cut_out(layer, SHOULDERS, (WIDTH, HEIGHT))
    assert cut[5, 5, 3] == 0  # nothing outside the canvas, above the still
    assert cut[10, 40].tolist() == [*RED, 255]
    assert cut[50, 5].tolist() == [*BLUE, 255]
    expected = scene().composite(layer, SHOULDERS, PLATE)
    found = blend(np.ascontiguousarray(cut[..., :3]), PLATE, cut[..., 3].astype(np.float32) / 255)
    # Opacity is rounded to 8 bits: next to a dark background that may show as one or two levels.
    assert np.abs(found.astype(int) - expected).max() <= 2


def dubbed(labels=None, presence=1.0, layer=None) -> tuple[np.ndarray, np.ndarray]:
    """(source, dubbed) of a blue frame whose own head is labelled; the plate is grey."""
    source = np.full((HEIGHT, WIDTH, 3), BLUE, np.uint8)
    if labels is None:
        labels = np.zeros((HEIGHT, WIDTH), np.uint8)
        labels[5:30, 25:55] = Label.FACE
        labels[30:, 20:60] = Label.TORSO
    plate = np.full((HEIGHT, WIDTH, 3), GREY, np.uint8)
    return source, Dubber(plate).composite(layer or canvas(), source, labels, presence)


def test_dub_replaces_the_head_and_keeps_the_rest():
    source, found = dubbed()
    np.testing.assert_array_equal(found[15, 40], RED)
    np.testing.assert_array_equal(found[50], source[50])
    np.testing.assert_array_equal(found[:, :15], source[:, :15])


def test_dub_covers_the_sources_own_head_where_the_new_one_is_narrower():
    labels = np.zeros((HEIGHT, WIDTH), np.uint8)
    labels[5:30, 10:70] = Label.HAIR  # wider than the new head's columns 20-59
    _, found = dubbed(labels)
    np.testing.assert_array_equal(found[15, 12], GREY)  # the plate, not the old hair
    np.testing.assert_array_equal(found[15, 40], RED)


def test_beside_the_old_head_stands_the_footage_itself():
    """The new head is wider and half transparent at its side: the source's blue shows through, not the grey plate."""
    labels = np.zeros((HEIGHT, WIDTH), np.uint8)
    labels[5:30, 30:50] = Label.FACE
    head = np.zeros((HEIGHT, WIDTH))
    head[:30, 20:60] = 0.5
    red = np.broadcast_to(np.array(RED) / 255, (HEIGHT, WIDTH, 3))
    layer = CanvasLayer.stack(red * head[..., None], head, red, 0 * head, np.array([0, 0, 1.0]))
    _, found = dubbed(labels, layer=replace(layer, head=red * head[..., None], head_alpha=head))
    assert found[15, 24].tolist() == [100, 0, 100]  # half red, half blue, as renderers mix
    np.testing.assert_array_equal(found[15, 70], BLUE)


def test_the_old_head_is_gone_with_its_wisps_and_no_more():
    labels = np.zeros((60, 60), np.uint8)
    labels[20:40, 20:40] = Label.HAIR
    own = np.zeros((60, 60), np.uint8)
    own[30, 40:44] = 80
    found = old_head(labels, 3.0, 6.0, own)
    assert found[20:40, 20:40].min() > 0.95  # its corners are rounded
    assert found[30, 43] > 0.95
    assert found[30, 47:].max() == 0
    assert found[30, :17].max() == 0


def test_hands_stay_in_front():
    labels = np.zeros((HEIGHT, WIDTH), np.uint8)
    labels[5:30, 20:60] = Label.FACE
    labels[20:28, 30:50] = Label.HAND
    source, found = dubbed(labels)
    np.testing.assert_array_equal(found[20:28, 30:50], source[20:28, 30:50])
    np.testing.assert_array_equal(found[10, 40], RED)


def test_presence_fades_the_new_head():
    source, whole = dubbed(presence=1.0)
    _, half = dubbed(presence=0.5)
    _, none = dubbed(presence=0.0)
    np.testing.assert_array_equal(none, source)
    # Half of linear(200) = 0.2890: sRGB(0.2890) = 0.575 x 255 = 147.
    assert abs(int(half[15, 40, 0]) - 147) <= 1
    assert whole[15, 40, 0] == 200


def test_dub_outside_the_frame_is_the_source():
    source, found = dubbed(layer=canvas((500.0, 0.0, 1.0)))
    np.testing.assert_array_equal(found, source)


def test_head_matte_reaches_one_on_both_heads():
    labels = np.zeros((40, 40), np.uint8)
    labels[10:20, 10:20] = Label.FACE
    alpha = np.zeros((40, 40))
    alpha[12:22, 14:26] = 1
    matte = head_matte(labels, alpha, 3.0)
    assert matte[(labels == Label.FACE) | (alpha > 0)].min() > 0.9
    assert matte[30:, 30:].max() == 0


def test_the_sources_wisps_disappear_with_its_head():
    labels = np.zeros((40, 60), np.uint8)
    labels[10:30, 20:40] = Label.HAIR
    own = np.zeros((40, 60), np.uint8)
    own[10:30, 20:44] = 60  # thin hair, four pixels beyond the label map
    own[:, 58:] = 255  # an error of the matte, far from the head
    bare = head_matte(labels, np.zeros((40, 60)), 4.0)
    found = head_matte(labels, np.zeros((40, 60)), 4.0, own)
    assert bare[20, 43] < 0.5
    assert found[20, 43] == 1
    assert found[:, 57:].max() == 0


def test_a_blurred_fingers_edge_stays_in_front():
    labels = np.zeros((40, 60), np.uint8)
    labels[:, 10:] = Label.FACE
    labels[:, 40:] = Label.HAND
    own = np.where(labels == Label.FACE, 255, 0).astype(np.uint8)
    own[:, 38:40] = 128  # two mixed pixels that the label map calls face
    found = head_matte(labels, np.zeros((40, 60)), 3.0, own)
    assert (found[:, 40:] == 0).all()
    assert (found[10, 38:40] < 0.51).all()
    assert found[10, 30] == 1


def test_lower_face_changes_and_the_upper_one_stays():
    region = np.zeros((HEIGHT, WIDTH))
    region[15:, :] = 1
    layer = replace(canvas(), region=region)
    source, found = dubbed(layer=layer)
    np.testing.assert_array_equal(found[:14], source[:14])
    np.testing.assert_array_equal(found[22, 40], RED)


def test_colours_of_neck_and_background_are_the_sources():
    """The plate is ten levels darker than the footage: round the border it is brought to the footage."""
    size, soft = (600, 800), 0.024 * 300
    source = np.full((*size, 3), GREY, np.uint8)
    labels = np.zeros(size, np.uint8)
    labels[100:400, 200:600] = Label.HAIR  # the new head is not there at all: the plate shows
    nothing = np.zeros((60, 80))
    layer = CanvasLayer.stack(np.zeros((60, 80, 3)), nothing, np.zeros((60, 80, 3)), nothing, np.array([0, 0, 0.1]))
    seam, matched = (Dubber(source - 10, match=match).composite(layer, source, labels, 1.0) for match in (False, True))
    inside = (slice(100, 400), slice(200, 200 + round(2 * soft)))
    assert np.abs(seam[inside].astype(int) - source[inside]).max() == 10
    assert np.abs(matched[inside].astype(int) - source[inside]).max() <= 2
    assert (matched[250, 400] == GREY[0] - 10).all()  # far from the border the plate is as it is


def test_skin_does_not_take_the_colour_of_what_is_beside_it():
    """A plate in another light: what shows of it is brought to the footage, the head before it is not touched."""
    source = np.full((600, 800, 3), GREY, np.uint8)
    labels = np.zeros((600, 800), np.uint8)
    labels[100:400, 200:600] = Label.HAIR
    head = np.zeros((60, 80))
    head[10:40, 24:56] = 1  # four canvas pixels narrower on either side
    red = np.broadcast_to(np.array(RED) / 255, (60, 80, 3))
    layer = CanvasLayer.stack(red * head[..., None], head, red, 0 * head, np.array([0, 0, 0.1]))
    found = Dubber(source - 10).composite(layer, source, labels, 1.0)
    assert (found[250, 260:540] == RED).all()
    assert np.abs(found[250, 202:215].astype(int) - GREY).max() <= 2


# --- lower face --------------------------------------------------------------------------------------------------


def face_on_canvas(turn: float = 0.0) -> np.ndarray:
    model = load_face_model()
    rotation = rotation_from_euler(np.array([[0.0, turn, 0.0]]))[0]
    return project_landmarks(
        model, np.zeros((68, 3)), rotation, np.array([0.0, 0.0, 50.0]), np.array([400.0, 400, 100, 80])
    )


def test_face_points_by_hand():
    model = load_face_model()
    points = face_on_canvas()
    x, y, z = model.mean[model.landmarks68[30]]  # the nose's tip; the camera looks at the face, y down
    np.testing.assert_allclose(points[30], [100 + 400 * x / (50 - z), 80 - 400 * y / (50 - z)])


@pytest.mark.parametrize("turn", [-0.4, 0.0, 0.4])
def test_lower_face_holds_mouth_and_jaw_but_no_eye_and_no_brow(turn):
    points = face_on_canvas(turn)
    matte = lower_region_matte([points], (200, 200))

    def at(indices):
        return np.array([matte[int(y), int(x)] for x, y in points[indices]])

    assert at(range(48, 68)).min() > 0.95  # mouth
    assert at(range(6, 11)).min() > 0.5  # chin
    assert at(range(36, 48)).max() == 0  # eyes
    assert at(range(17, 27)).max() == 0  # brows
    assert at([27, 28]).max() == 0  # bridge of the nose


def test_lower_face_covers_both_mouths_at_any_resolution():
    points = face_on_canvas()
    dropped = points.copy()
    dropped[5:12, 1] += 12  # a jaw that opens
    one, both = lower_region_matte([points], (200, 200)), lower_region_matte([points, dropped], (200, 200))
    assert (both >= one - 0.35).all()
    assert both.sum() > one.sum()
    fine = lower_region_matte([points], (400, 400), detail=2.0)
    np.testing.assert_allclose(fine.reshape(200, 2, 200, 2).mean((1, 3)), one, atol=0.12)


def test_an_enlarged_outline_is_no_wider_than_its_pixels():
    alpha = np.zeros((16, 16), np.float32)
    alpha[:, 8:] = 1
    red = np.dstack([0.8 * alpha, 0 * alpha, 0 * alpha])
    layer = CanvasLayer(red, alpha, red, alpha, (0.0, 0.0, 0.25))
    found = layer.head_in_frame((0, 0, 64, 64))[32]
    # Linear between two centres 4 px apart: 1/8, 3/8, 5/8, 7/8; of that 0.1 .. 0.9 becomes 0 .. 1.
    np.testing.assert_allclose(found[30:34], [0.025 / 0.8, 0.275 / 0.8, 0.525 / 0.8, 0.775 / 0.8], atol=1e-6)
    assert (found[:30] == 0).all()
    assert (found[34:] == 1).all()
    colour = layer.cut_out((0, 0, 64, 64))[32, :, :3].astype(int)
    seen = layer.cut_out((0, 0, 64, 64))[32, :, 3] > 60
    assert np.abs(colour[seen, 0] - 204).max() <= 2  # the outline stays as red as the rest: 0.8 of 255
