"""Crops: what the canvas shows, and the cache."""

from dataclasses import dataclass, replace

import numpy as np
import pytest
from stub_artifacts import CLIP

from beavervision.artifacts.clip import Clip, ClipFacts, Subject
from beavervision.artifacts.crops import cut, open_crops
from beavervision.errors import BeaverError
from beavervision.face.framing import FrameSpec

W, H, T = 64, 48, 4


@dataclass(frozen=True)
class ArrayClip(Clip):
    """A clip whose pictures are made up: frame t is red = x, green = y, blue = t; labels split at x = 32."""

    frames_given: int = T
    sha256 = "abc"

    def frames(self, indices=None):
        x, y = np.meshgrid(np.arange(W), np.arange(H))
        for t in range(self.frames_given):
            yield t, np.stack([x, y, np.full_like(x, t)], -1).astype(np.uint8)

    def labels(self, indices=None, subject=0):
        for t in range(T):
            yield t, np.tile(np.where(np.arange(W) < 32, 0, 2).astype(np.uint8), (H, 1))

    def plate(self):
        return np.full((H, W, 3), 7, np.uint8)


def subject(centre=(32.0, 24.0), half=6.0):
    nan = np.full
    box = np.tile([centre[0] - half, centre[1] - half, centre[0] + half, centre[1] + half], (T, 1))
    return Subject(
        visible=np.ones(T, bool), reason=np.zeros(T, np.int64), box=box, landmarks=nan((T, 478, 3), np.nan),
        rotation=nan((T, 3, 3), np.nan), translation=nan((T, 3), np.nan), identity=np.zeros(80),
        expression=np.zeros((T, 64)), eye_open=np.zeros((T, 2)), mouth_open=np.zeros(T),
        body=nan((T, 3, 3), np.nan), occluded=np.zeros(T, bool), covered=np.zeros(T),
        interpolated=np.zeros(T, bool),
    )  # fmt: skip


@pytest.fixture
def clip(tmp_path):
    facts = ClipFacts(
        **{**CLIP, "name": "made", "video": "made.mp4", "width": W, "height": H, "n_frames": T, "focal": 90.0}
    )
    return ArrayClip(tmp_path, facts, np.arange(T) / 25, [subject()])


def test_a_crop_at_source_scale_holds_the_sources_pixels(clip):
    crops = open_crops(clip, 0, FrameSpec("1x1", 1.0, 24, face_scale=0.5))
    assert crops.path[0] == pytest.approx([20, 12, 1])
    assert crops.rgb.shape == (T, 24, 24, 3)
    assert crops.rgb[2, 0, 0].tolist() == [20, 12, 2]
    assert crops.rgb[3, 23, 5].tolist() == [25, 35, 3]
    assert (crops.labels[1, :, :12] == 0).all()
    assert (crops.labels[1, :, 12:] == 2).all()
    assert crops.inside.all()
    assert crops.plate(3).shape == (24, 24, 3)


def test_intrinsics_follow_the_crop(clip):
    crops = open_crops(clip, 0, FrameSpec("1x1", 1.0, 24, face_scale=0.5))
    assert crops.cameras[0] == pytest.approx([90, 90, 32 - 20, 24 - 12])


def test_padding_is_not_inside(clip):
    # window 96 px round (32, 24): x from -16 to 80 of 64, y from -24 to 72 of 48, canvas 96 px
    crops = open_crops(clip, 0, FrameSpec("1x1", 1.0, 96, face_scale=0.125))
    assert crops.inside[0].sum() == 64 * 48
    assert crops.inside[0, 24:72, 16:80].all()


def test_halving_averages_and_keeps_positions():
    ramp = np.tile(np.arange(0, 64, dtype=np.uint8), (64, 1))
    half = cut(ramp, np.array([0, 0, 0.5]), (32, 32))
    # pixel i covers source 2i and 2i + 1, mean 2i + 0.5; uint8 rounds
    assert np.abs(half[16, 4:28].astype(float) - (2 * np.arange(4, 28) + 0.5)).max() <= 1.0


def test_shrinking_does_not_alias():
    stripes = np.tile(np.array([0, 255], np.uint8), (64, 32))
    small = cut(stripes, np.array([0, 0, 0.3]), (19, 19))
    assert np.ptp(small[4:-4, 4:-4].astype(int)) <= 12


def test_the_cache_is_used_and_mended(clip):
    spec = FrameSpec("1x1", 1.0, 24, face_scale=0.5)
    first = open_crops(clip, 0, spec)
    rgb = first.folder / "rgb.npy"
    stamp = rgb.stat().st_mtime_ns
    assert open_crops(clip, 0, spec).folder == first.folder
    assert rgb.stat().st_mtime_ns == stamp
    other = open_crops(clip, 0, replace(spec, height=32))
    assert other.folder != first.folder
    rgb.write_bytes(rgb.read_bytes()[:-100])  # a damaged cache is made again
    assert open_crops(clip, 0, spec).rgb[2, 0, 0].tolist() == [20, 12, 2]
    (first.folder / "matte.npy").unlink()  # so is one of a version that kept no mattes
    assert open_crops(clip, 0, spec).matte[1, :, 12:].min() == 255
    with pytest.raises(ValueError, match="read-only"):
        other.rgb[0] = 0


def test_changed_footage_is_noticed_and_nothing_is_left(clip):
    short = replace(clip, frames_given=T - 1)
    with pytest.raises(BeaverError, match="3 frames where clip made has 4"):
        open_crops(short, 0, FrameSpec("1x1", 1.0, 24))
    assert not [p for p in (clip.folder / "frames").glob("*") if p.is_dir()]


def test_a_subject_that_is_not_there(clip):
    with pytest.raises(BeaverError, match="1 prepared people, not one numbered 1"):
        open_crops(clip, 1, FrameSpec("1x1", 1.0, 24))
