"""What the head's data keeps of footage in memory."""

from dataclasses import fields, is_dataclass

import numpy as np
import pytest
import torch

from beavervision.face.framing import FrameSpec
from beavervision.stages.radnerf_head.data import HeadData

SPEC = FrameSpec("1x1", 1.0, 96)


@pytest.fixture(scope="module")
def data(miniature, tmp_path_factory):
    made = HeadData(miniature.folder, SPEC, rays=256, frames=4, hull_frames=4, cells=16)
    made.prepare_data()
    made.setup("fit")
    return made


def arrays(thing, seen):
    """Every array that can be reached, once; those that lie in a mapped file apart."""
    if id(thing) in seen:
        return
    seen.add(id(thing))
    if isinstance(thing, np.ndarray | torch.Tensor):
        yield thing
    elif isinstance(thing, dict):
        for value in thing.values():
            yield from arrays(value, seen)
    elif isinstance(thing, list | tuple):
        for value in thing:
            yield from arrays(value, seen)
    elif is_dataclass(thing):
        for field in fields(thing):
            yield from arrays(getattr(thing, field.name), seen)


def is_mapped(array):
    while isinstance(array, np.ndarray):
        if isinstance(array, np.memmap):
            return True
        array = array.base
    return False


def test_pictures_stay_on_the_disk_and_a_frame_costs_little(data):
    # What the clip itself holds is mapped where it is large: tests/artifacts/test_store.py.
    own = {name: value for name, value in vars(data).items() if name not in ("clip", "subject")}
    found, frames = list(arrays(own, set())), len(data.crops.rgb)
    mapped = [array for array in found if is_mapped(array)]
    assert {array.shape for array in mapped} >= {(frames, 96, 96, 3), (frames, 96, 96)}
    kept = sum(array.nbytes for array in found if not is_mapped(array) and len(array) == frames)
    # Condition 204 x 4, tracked 15 x 4, pose 12 x 4, eyes, boxes 12 x 8, crop path and cameras 7 x 8.
    assert kept / frames < 2048


def test_a_step_reads_only_its_frames(data, monkeypatch):
    read = []

    class Reading:
        """Stands before a mapped array and notes which frames are asked for."""

        def __init__(self, array):
            self.array, self.shape = array, array.shape

        def __getitem__(self, key):
            read.append(key if isinstance(key, int | np.integer) else key[0])
            return self.array[key]

    for name in ("rgb", "labels", "inside"):
        monkeypatch.setitem(data.crops.__dict__, name, Reading(getattr(data.crops, name)))
    batch = data.ray_batch(3)
    assert {int(t) for t in read} == set(batch.shown)
    assert len(batch.shown) == 4
