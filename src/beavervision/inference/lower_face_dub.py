"""Lower-face dub: the footage stays, mouth and chin are drawn anew, and the footage's own detail is carried along."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from itertools import islice

import cv2
import numpy as np
from jaxtyping import Float, UInt8

from beavervision.compositing.detail_transfer import landmark_flow, outside_lips, transfer_detail
from beavervision.compositing.layers import blend, quantise
from beavervision.compositing.watermark import Watermark
from beavervision.inference.compositor import FrameImage
from beavervision.inference.head_detail import clear_of_occluders
from beavervision.inference.lower_face_track import FaceTarget, LowerFaceTrack
from beavervision.inference.source_reader import SourceFrame
from beavervision.inference.stage_timer import StageTimer
from beavervision.preprocess.prefetch import prefetch
from beavervision.stages.lower_face.inference import LowerFaceRenderer
from beavervision.stages.lower_face.patch_geometry import (
    PatchGeometry,
    frame_box,
    inverse,
    map_points,
    patch_picture,
    shifted_to,
    warp,
)


@dataclass(frozen=True)
class DrawnFace:
    """The lower face of one person in one frame, on its patch, [0, 255]."""

    target: FaceTarget
    new: Float[np.ndarray, "S S 3"]
    """With the motion that is wanted."""
    own: Float[np.ndarray, "S S 3"] | None
    """With the footage's own motion; None where no detail is carried."""


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
        watermark: marks what is drawn; None for no mark.
    """

    tracks: Sequence[LowerFaceTrack]
    source: Iterator[SourceFrame]
    positions: Float[np.ndarray, "T"]
    batch: int
    timer: StageTimer
    detail: bool = True
    watermark: Watermark | None = None

    def frames(self) -> Generator[FrameImage, None, None]:
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

    def _composed(self) -> Iterator[UInt8[np.ndarray, "H W 3"]]:
        geometries = [track.avatar.lower_face.geometry for track in self.tracks]
        with closing(prefetch(self._drawn(), self.batch)) as drawn:
            for source, faces in drawn:
                with self.timer.measure("composite"):
                    picture = source.rgb
                    shown = [(face, i) for i, face in enumerate(faces) if face is not None]
                    for face, i in sorted(shown, key=lambda pair: -pair[0].target.depth):
                        picture = lay_face(face, geometries[i], picture, source.labels[i])
                    if self.watermark is not None:
                        picture = self.watermark.embed(picture, source.rgb)
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
        [patch_picture(pictures[i].rgb, target.to_patch, size) for i, target in zip(rows, seen, strict=True)]
    )
    new = [map_points(target.to_patch, target.new) for target in seen]
    own = [map_points(target.to_patch, target.own) for target in seen] if detail else []
    drawn = renderer.render(np.concatenate([patches] * (2 if detail else 1)), np.stack([*new, *own]))
    for k, (i, target) in enumerate(zip(rows, seen, strict=True)):
        result[i] = DrawnFace(target, drawn[k], drawn[len(rows) + k] if detail else None)
    return result


def lay_face(
    face: DrawnFace,
    geometry: PatchGeometry,
    source: UInt8[np.ndarray, "H W 3"],
    labels: UInt8[np.ndarray, "H W"],
) -> UInt8[np.ndarray, "H W 3"]:
    """A frame with one drawn lower face; only pixels inside the patch's box change.

    Args:
        face: drawn.
        geometry: of its patch.
        source: the frame.
        labels: its label map; what stands before the face stays on top.
    """
    target = face.target
    left, top, right, bottom = box = frame_box(target.to_patch, geometry.size, (source.shape[1], source.shape[0]))
    size = (right - left, bottom - top)
    if min(size) <= 0 or target.share <= 0:
        return source
    part = (slice(top, bottom), slice(left, right))
    from_patch = inverse(shifted_to(target.to_patch, left, top))
    matte = np.clip(warp(geometry.matte, from_patch, size, cv2.INTER_LINEAR), 0, 1) * target.share
    clear = clear_of_occluders(labels[part])
    made = warp(face.new, from_patch, size)
    if face.own is not None:
        own = warp(face.own, from_patch, size)
        made = _detailed(
            made, own, source[part], (target.own - box[:2], target.new - box[:2]), clear, (geometry, from_patch)
        )
    result = source.copy()
    result[part] = blend(quantise(made / np.float32(255)), source[part], matte * clear)
    return result


def _detailed(
    made: Float[np.ndarray, "h w 3"],
    own: Float[np.ndarray, "h w 3"],
    source: UInt8[np.ndarray, "h w 3"],
    faces: tuple[Float[np.ndarray, "68 2"], Float[np.ndarray, "68 2"]],
    clear: Float[np.ndarray, "h w"],
    place: tuple[PatchGeometry, Float[np.ndarray, "2 3"]],
) -> Float[np.ndarray, "h w 3"]:
    """The drawn face with the footage's detail carried along; all in pixels of the box."""
    size = (source.shape[1], source.shape[0])
    geometry, from_patch = place
    still = map_points(from_patch, geometry.border_points)
    flow = landmark_flow(*faces, size, still)
    return transfer_detail(made, own, source, flow, outside_lips(*faces, size), clear)
