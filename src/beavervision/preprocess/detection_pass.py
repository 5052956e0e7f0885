"""First pass over the footage, segment by segment: track every face and sample frames."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import UInt8
from safetensors.numpy import save_file

from beavervision.artifacts.arrays import map_arrays
from beavervision.preprocess.face_detection import FaceFinder
from beavervision.preprocess.face_mesh import FaceMesh
from beavervision.preprocess.face_track import FaceTrack
from beavervision.preprocess.face_tracker import FaceTracker
from beavervision.preprocess.frame_samples import keep_sample
from beavervision.preprocess.ingest import Source
from beavervision.video.prefetch import prefetch

VERSION = 3
TRACKS, SIGNATURES = "tracks.safetensors", "signatures.npy"


@dataclass(frozen=True)
class DetectionPass:
    """The work for one segment; see `segments.Job`."""

    source: Source
    kept: tuple[int, ...]
    """Frames to keep as samples."""

    def __call__(self, span: range, part: Path, tick: Callable[[], None]) -> None:
        """Track the faces of the segment, independently of earlier segments."""
        finder, mesh = FaceFinder(), FaceMesh()
        tracker = FaceTracker(finder, mesh)
        for frame in prefetch(self.source.frames(span)):
            tracker.step(frame.index, frame.rgb)
            if frame.index in self.kept:
                keep_sample(part, frame.index, frame.rgb)
            tick()
        finder.close()
        mesh.close()
        _write_tracks(part / TRACKS, tracker.tracks)
        np.save(part / SIGNATURES, np.stack(tracker.signatures))


def load_tracks(folders: Sequence[Path]) -> list[FaceTrack]:
    """Memory-map the tracks of every segment, in order; those of an hour have half a gigabyte."""
    return [track for folder in folders for track in _read_tracks(folder / TRACKS)]


def load_signatures(folders: Sequence[Path]) -> UInt8[np.ndarray, "T 18 32 3"]:
    """Load the signature of every frame, see `shot_detection.signature`."""
    return np.concatenate([np.load(folder / SIGNATURES) for folder in folders])


def _write_tracks(path: Path, tracks: Sequence[FaceTrack]) -> None:
    arrays = {f"{i}/{name}": array for i, track in enumerate(tracks) for name, array in track.to_arrays().items()}
    save_file(arrays, path)


def _read_tracks(path: Path) -> list[FaceTrack]:
    arrays = map_arrays(path)
    n_tracks = len({name.partition("/")[0] for name in arrays})
    return [
        FaceTrack.from_arrays({name.partition("/")[2]: a for name, a in arrays.items() if name.startswith(f"{i}/")})
        for i in range(n_tracks)
    ]
