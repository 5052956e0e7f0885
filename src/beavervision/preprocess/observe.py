"""First look at the footage: follow every face, keep samples."""

from __future__ import annotations

from pathlib import Path

from beavervision.preprocess.ahead import ahead
from beavervision.preprocess.detect import FaceFinder
from beavervision.preprocess.ingest import Source
from beavervision.preprocess.mesh import FaceMesh
from beavervision.preprocess.progress import Steps
from beavervision.preprocess.samples import FrameSamples
from beavervision.preprocess.track import FaceTracker, Track


def observe(source: Source, scratch: Path, steps: Steps) -> tuple[list[Track], FrameSamples]:
    """Tracks of all faces, and a few frames kept in `scratch`."""
    samples = FrameSamples(scratch, source.n_frames, source.info.width, source.info.height)
    finder, mesh = FaceFinder(), FaceMesh()
    tracker = FaceTracker(finder, mesh)
    for frame in steps.over("faces", ahead(source.frames()), source.n_frames):
        tracker.step(frame.index, frame.rgb)
        samples.offer(frame.index, frame.rgb)
    finder.close()
    mesh.close()
    return tracker.tracks, samples
