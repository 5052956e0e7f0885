"""A track for the torso's tests, simple enough to be worked out by hand."""

import numpy as np

from beavervision.stages.source_track import SourceTrack


def make_track(n: int = 4) -> SourceTrack:
    """Heads that look into the camera 50 cm away, moving to the right by 1 cm a frame; shoulders stand still."""
    return SourceTrack(
        rotation=np.tile(np.diag([1.0, -1.0, -1.0]), (n, 1, 1)),
        translation=np.column_stack([np.arange(n, dtype=float), np.zeros(n), np.full(n, 50.0)]),
        body=np.tile([[20.0, 80.0], [80.0, 80.0], [50.0, 70.0]], (n, 1, 1)),
        eye_open=np.full((n, 2), 0.3),
        expression=np.zeros((n, 64)),
        visible=np.ones(n, bool),
        occluded=np.zeros(n, bool),
        box=np.tile([40.0, 30.0, 60.0, 60.0], (n, 1)),
        path=np.tile([10.0, 0.0, 0.5], (n, 1)),
        cameras=np.tile([100.0, 100.0, 20.0, 25.0], (n, 1)),
    )
