"""Lower-face dub: the footage stays, mouth and chin are drawn anew, and the footage's own detail is carried along."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from itertools import islice

import numpy as np
from jaxtyping import Float, UInt8

from beavervision.inference.lower_face_layer import DrawnFace, lay_face
from beavervision.inference.lower_face_track import FaceTarget, LowerFaceTrack
from beavervision.inference.source_reader import SourceFrame
from beavervision.inference.stage_timer import StageTimer
from beavervision.preprocess.prefetch import prefetch
from beavervision.stages.lower_face.inference import LowerFaceRenderer
from beavervision.stages.lower_face.patch_geometry import Affine, map_points, patch_from_part, patch_reach
from beavervision.video.planar_picture import Picture


@dataclass(frozen=True)
class LowerFaceStream:
    """People with new lower faces, as frames at the footage's own size; memory is constant.

    Args:
        tracks: who does what.
        source: the footage's frames, one for each moment.
        positions: film positions of the frames, see `frame_path`.
        batch: frames drawn at once.
        timer: how long each part takes.
        detail: whether the footage's own detail is carried along.
    """

    tracks: Sequence[LowerFaceTrack]
    source: Iterator[SourceFrame]
    positions: Float[np.ndarray, "T"]
    batch: int
    timer: StageTimer
    detail: bool = True

    def frames(self) -> Generator[Picture, None, None]:
        """The frames; closing the iterator stops every thread."""
        with closing(prefetch(self._composed())) as done:
            yield from done

    def _drawn(self) -> Iterator[tuple[SourceFrame, list[DrawnFace | None]]]:
        try:
            decoded = self.timer.measure_each("decode", self.source)
            with closing(prefetch(decoded)) as source:
                for start in range(0, len(self.positions), self.batch):
                    positions = self.positions[start : start + self.batch]
                    pictures = list(islice(source, len(positions)))
                    targets = [track.targets(positions) for track in self.tracks]
                    with self.timer.measure("draw"):
                        faces = [
                            draw_faces(track.avatar.lower_face, pictures, wanted, detail=self.detail)
                            for track, wanted in zip(self.tracks, targets, strict=True)
                        ]
                    yield from ((picture, list(row)) for picture, *row in zip(pictures, *faces, strict=False))
        finally:
            for track in self.tracks:
                track.motion.close()

    def _composed(self) -> Iterator[Picture]:
        geometries = [track.avatar.lower_face.geometry for track in self.tracks]
        with closing(prefetch(self._drawn(), self.batch)) as drawn:
            for source, faces in drawn:
                with self.timer.measure("composite"):
                    picture = source.picture
                    shown = [(face, i) for i, face in enumerate(faces) if face is not None]
                    for face, i in sorted(shown, key=lambda pair: -pair[0].target.depth):
                        picture = lay_face(face, geometries[i], picture, source.labels[i])
                yield picture


def draw_faces(
    renderer: LowerFaceRenderer, pictures: Sequence[SourceFrame], targets: Sequence[FaceTarget | None], *, detail: bool
) -> list[DrawnFace | None]:
    """The lower face of one person in some frames, all drawn at once.

    Args:
        renderer: of the person.
        pictures: the frames.
        targets: of each frame; None where no face is seen.
        detail: whether the footage's own motion is drawn, too.
    """
    size = renderer.geometry.size
    rows = [i for i, target in enumerate(targets) if target is not None and i < len(pictures)]
    seen = [target for target in targets[: len(pictures)] if target is not None]
    result: list[DrawnFace | None] = [None] * len(targets)
    if not rows:
        return result
    patches = np.stack(
        [_patch(pictures[i].picture, target.to_patch, size) for i, target in zip(rows, seen, strict=True)]
    )
    new = [map_points(target.to_patch, target.new) for target in seen]
    own = [map_points(target.to_patch, target.own) for target in seen] if detail else []
    drawn = renderer.render(np.concatenate([patches] * (2 if detail else 1)), np.stack([*new, *own]))
    for k, (i, target) in enumerate(zip(rows, seen, strict=True)):
        result[i] = DrawnFace(target, drawn[k], drawn[len(rows) + k] if detail else None)
    return result


def _patch(picture: Picture, affine: Affine, size: int) -> UInt8[np.ndarray, "S S 3"]:
    """The patch of a frame; only the part of the frame that it touches is converted."""
    box = patch_reach(affine, size, picture.size)
    return patch_from_part(picture.part(box), box, affine, size)
