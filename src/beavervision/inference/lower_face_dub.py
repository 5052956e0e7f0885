"""Lower-face dub: the footage stays, mouth and chin are drawn anew, and the footage's own detail is carried along."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from itertools import islice

import numpy as np
from jaxtyping import Float, UInt8

from beavervision.compositing.watermark import Watermark
from beavervision.inference.lower_face_layer import DrawnFace, face_box, lay_face
from beavervision.inference.lower_face_track import FaceTarget, LowerFaceTrack
from beavervision.inference.own_motion_cache import OwnMotionCache
from beavervision.inference.source_reader import SourceFrame
from beavervision.inference.stage_timer import StageTimer
from beavervision.stages.lower_face.inference import LowerFaceRenderer
from beavervision.stages.lower_face.patch_geometry import Affine, map_points, patch_from_part, patch_reach
from beavervision.video.planar_picture import Box, Picture
from beavervision.video.prefetch import prefetch


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
        caches: of the own motion of each track; none by default.
        watermark: marks what is drawn; None for no mark.
    """

    tracks: Sequence[LowerFaceTrack]
    source: Iterator[SourceFrame]
    positions: Float[np.ndarray, "T"]
    batch: int
    timer: StageTimer
    detail: bool = True
    caches: Sequence[OwnMotionCache | None] = ()
    watermark: Watermark | None = None

    def frames(self) -> Generator[Picture, None, None]:
        """The frames; closing the iterator stops every thread."""
        with closing(prefetch(self._composed())) as done:
            yield from done

    def _drawn(self) -> Iterator[tuple[SourceFrame, list[DrawnFace | None]]]:
        try:
            decoded = self.timer.measure_each("decode", self.source)
            caches = self.caches or [None] * len(self.tracks)
            with closing(prefetch(decoded)) as source:
                for start in range(0, len(self.positions), self.batch):
                    positions = self.positions[start : start + self.batch]
                    pictures = list(islice(source, len(positions)))
                    targets = [track.targets(positions) for track in self.tracks]
                    with self.timer.measure("draw"):
                        faces = [
                            draw_faces(track.avatar.lower_face, pictures, wanted, detail=self.detail, cache=cache)
                            for track, wanted, cache in zip(self.tracks, targets, caches, strict=True)
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
                    if self.watermark is not None:
                        boxes = (face_box(face, geometries[i], picture.size) for face, i in shown)
                        picture = _marked(picture, source.picture, self.watermark, [box for box in boxes if box])
                yield picture


def _marked(picture: Picture, source: Picture, watermark: Watermark, boxes: Sequence[Box]) -> Picture:
    """A frame with the mark in the pixels that were drawn, all of them inside `boxes`."""
    if not boxes:
        return picture
    left, top = np.min(boxes, axis=0)[:2].tolist()
    right, bottom = np.max(boxes, axis=0)[2:].tolist()
    box = (left, top, right, bottom)
    return picture.with_part(watermark.embed(picture.part(box), source.part(box), (left, top)), box)


def draw_faces(
    renderer: LowerFaceRenderer,
    pictures: Sequence[SourceFrame],
    targets: Sequence[FaceTarget | None],
    *,
    detail: bool,
    cache: OwnMotionCache | None = None,
) -> list[DrawnFace | None]:
    """The lower face of one person in some frames, all drawn at once.

    Args:
        renderer: of the person.
        pictures: the frames.
        targets: of each frame; None where no face is seen.
        detail: whether the footage's own motion is drawn, too.
        cache: of the footage's own motion; None draws all of it.
    """
    size = renderer.geometry.size
    rows = [i for i, target in enumerate(targets) if target is not None and i < len(pictures)]
    seen = [target for target in targets[: len(pictures)] if target is not None]
    result: list[DrawnFace | None] = [None] * len(targets)
    if not rows:
        return result
    patches = [_patch(pictures[i].picture, target.to_patch, size) for i, target in zip(rows, seen, strict=True)]
    owns = [None if not detail or cache is None else _kept(cache, target) for target in seen]
    lacking = [k for k, own in enumerate(owns) if detail and own is None]
    points = [map_points(target.to_patch, target.new) for target in seen]
    points += [map_points(seen[k].to_patch, seen[k].own) for k in lacking]
    drawn = renderer.render(np.stack(patches + [patches[k] for k in lacking]), np.stack(points))
    for k, own in zip(lacking, drawn[len(rows) :], strict=True):
        # Whole numbers, as they are kept: a film is the same whether they were or not.
        whole = owns[k] = (own + 0.5).astype(np.uint8)
        if cache is not None and (frame := seen[k].frame) is not None:
            cache.put(frame, whole)
    for k, (i, target) in enumerate(zip(rows, seen, strict=True)):
        own = owns[k]
        result[i] = DrawnFace(target, drawn[k], None if own is None else own.astype(np.float32))
    return result


def _kept(cache: OwnMotionCache, target: FaceTarget) -> UInt8[np.ndarray, "S S 3"] | None:
    return None if target.frame is None else cache.get(target.frame)


def _patch(picture: Picture, affine: Affine, size: int) -> UInt8[np.ndarray, "S S 3"]:
    """The patch of a frame; only the part of the frame that it touches is converted."""
    box = patch_reach(affine, size, picture.size)
    return patch_from_part(picture.part(box), box, affine, size)
