"""Any canvas: from small to tall, every aspect, wider than the footage; what cannot be judged takes no part."""

import numpy as np
import pytest
import torch

from beavervision.face.framing import FrameSpec
from beavervision.stages.radnerf_head.data import HeadData
from beavervision.stages.radnerf_head.full_frame_renderer import render_full_frames
from beavervision.stages.radnerf_head.network import HeadNetwork
from beavervision.stages.radnerf_head.targets import PixelTarget
from beavervision.synthetic.miniature import miniature_clip
from beavervision.types import Label

SPECS = {
    "native": FrameSpec("native", None, 64),
    "square": FrameSpec("1x1", 1.0, 64, 0.6),
    "tall": FrameSpec("9x16", 9 / 16, 1080, 0.35),
    "wide": FrameSpec("16x9", 16 / 9, 90),
    "portrait": FrameSpec("4x5", 4 / 5, 100, 0.5),
    "padded": FrameSpec("9x16", 9 / 16, 128, 0.2),
}
WIDTHS = {"native": 85, "square": 64, "tall": 608, "wide": 160, "portrait": 80, "padded": 72}


@pytest.fixture(scope="module")
def clip(tmp_path_factory):
    return miniature_clip(tmp_path_factory.mktemp("frames") / "mini", n_frames=11)


@pytest.fixture(scope="module")
def canvases(clip):
    """DataModules by canvas, set up when first asked for."""
    made = {}

    def canvas(name):
        if name not in made:
            data = HeadData(clip.folder, SPECS[name], rays=256, frames=2, hull_frames=4, cells=16, val_frames=1)
            data.prepare_data()
            data.setup("fit")
            made[name] = data
        return made[name]

    return canvas


@pytest.mark.parametrize("name", SPECS)
def test_every_canvas_is_as_asked_and_its_cameras_see_the_face_where_it_is(canvases, name):
    data = canvases(name)
    width, height = data.crops.size
    assert height == SPECS[name].height
    assert abs(width - WIDTHS[name]) <= 1
    t = int(data.train_frames[0])
    batch = data.frame_batch(t)
    points = data.model.vertices(data.subject.identity, data.subject.expression[t])[data.model.landmarks68[27:]]
    seen = points @ data.rotation[t].T + data.translation[t]
    fx, fy, cx, cy = batch.cameras[0].tolist()
    pixels = np.stack([seen[:, 0] / seen[:, 2] * fx + cx, seen[:, 1] / seen[:, 2] * fy + cy], 1).astype(int)
    inside = (pixels >= 0).all(1) & (pixels < [width, height]).all(1)
    assert inside.mean() > 0.95
    assert (batch.labels[pixels[inside, 1], pixels[inside, 0]] == int(Label.FACE)).float().mean() > 0.8


@pytest.mark.parametrize("name", ["square", "padded"])
def test_rays_lie_on_the_canvas_and_carry_its_targets(canvases, name):
    data = canvases(name)
    width, height = data.crops.size
    for step in range(3):
        batch = data.ray_batch(step)
        columns, rows = (batch.pixels - 0.5).long().unbind(-1)
        assert int(columns.min()) >= 0
        assert int(rows.min()) >= 0
        assert int(columns.max()) < width
        assert int(rows.max()) < height
        for i, t in enumerate(data.train_frames[batch.frame]):
            np.testing.assert_array_equal(batch.target[i], data.targets(t)[rows[i], columns[i]])


def test_a_canvas_beyond_the_footage_is_ignored_there(canvases, clip):
    data = canvases("padded")
    width, height = data.crops.size
    t = int(data.train_frames[0])
    x0, y0, scale = data.crops.path[t]
    # canvas pixels whose source pixel is outside 160 x 120
    xs, ys = x0 + (np.arange(width) + 0.5) / scale, y0 + (np.arange(height) + 0.5) / scale
    outside = ~((xs > 1) & (xs < 159))[None] | ~((ys > 1) & (ys < 119))[:, None]
    beyond = ~((xs > -1) & (xs < 161))[None] | ~((ys > -1) & (ys < 121))[:, None]
    ignored = data.targets(t) == PixelTarget.IGNORED
    assert beyond.any()
    assert ignored[beyond].all()
    assert not ignored[~outside].any()


def test_a_tall_frame_is_rendered_in_bounded_parts(canvases):
    data = canvases("tall")
    args = {key: value for key, value in data.dimensions().items() if key in ("box", "n_codes", "window", "cells")}
    network = HeadNetwork(**args, levels=2, finest=24, ambient_dims=2, log2_entries=8, hidden=8, geometry=4)
    network.enter_shell(torch.from_numpy(data.hull))
    batch = data.frame_batch(int(data.test_frames[0]))
    condition = network.encode(batch.face.windows, batch.face.eye)
    shown = render_full_frames(
        network, condition, batch.cameras, batch.rotation, batch.translation, data.crops.size, samples=1
    )
    assert shown.rgb.shape == (1, 1080, 608, 3)
    assert bool(torch.isfinite(shown.rgb).all())
    assert 0 < float((shown.alpha > 0).float().mean()) < 1
