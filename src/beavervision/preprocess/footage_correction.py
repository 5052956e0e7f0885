"""Finds the correction of footage: its turn, by its faces, and its field order, by its combs."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
from jaxtyping import UInt8

from beavervision.preprocess import orientation
from beavervision.preprocess.ingest import Source
from beavervision.preprocess.options import AUTO, PrepareOptions
from beavervision.preprocess.orientation import find_turn
from beavervision.preprocess.step_cache import StepCache
from beavervision.video.correction import Correction
from beavervision.video.decode import read_frames
from beavervision.video.field_order import find_field_order

FILE = "correction.json"


def correct_footage(source: Source, options: PrepareOptions, workspace: StepCache) -> Source:
    """Return the footage with its correction; what the options leave open is measured.

    Args:
        source: the footage as its file states it.
        options: `rotate` and `deinterlace`.
        workspace: keeps the result.
    """
    inputs = {**source.recipe, "rotate": options.rotate, "deinterlace": options.deinterlace}

    def make(part: Path) -> None:
        (part / FILE).write_text(json.dumps(vars(_measured(source, options))), encoding="utf-8")

    folder = workspace.result("correction", orientation.VERSION, inputs, make)
    return source.corrected(Correction(**json.loads((folder / FILE).read_text(encoding="utf-8"))))


def _measured(source: Source, options: PrepareOptions) -> Correction:
    path, info, start = source.path, source.info, source.start
    stop = start + source.n_frames / source.fps
    order = find_field_order(path, info, start, stop) if options.deinterlace == AUTO else options.deinterlace

    def read(time: float) -> UInt8[np.ndarray, "H W 3"]:
        return next(read_frames(path, source.fps, time, time + 1 / source.fps)).rgb

    turn = find_turn(read, start, stop) if options.rotate == AUTO else int(options.rotate)
    return Correction(turn, order)  # pyright: ignore[reportArgumentType]  # PrepareOptions checked the words
