"""A live person in the footage: the loop keeps everything but mouth and chin, which are drawn."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from threading import Lock

import cv2
import numpy as np
from jaxtyping import Float, UInt8

from beavervision.artifacts.clip import Clip
from beavervision.compositing.label import OFF, DisclosureLabel
from beavervision.errors import FootageError
from beavervision.inference.driver import MotionControls, MotionTrack
from beavervision.inference.frame_path import PingPongPath
from beavervision.inference.live.face import Image, Mouth
from beavervision.inference.live.idle_loop import IdleLoop, choose_loop
from beavervision.inference.live.settings import LoopSettings
from beavervision.inference.live.speech_motion import LiveMotion, motion_maker
from beavervision.inference.lower_face_avatar import LowerFaceAvatar
from beavervision.inference.lower_face_dub import DrawnFace, draw_faces, lay_face
from beavervision.inference.lower_face_track import FaceTarget, LowerFaceTrack
from beavervision.inference.pose_source import PoseSource
from beavervision.inference.source_reader import SourceFrame, SourceReader
from beavervision.stages.lower_face.landmark_maps import MOVING, project_landmarks
from beavervision.video.planar_picture import RgbPicture

CLIP_BATCH = 4
"""Frames of the loop that are drawn at once when it is loaded."""


@dataclass(frozen=True)
class LoopFrame:
    """One frame of the loop, ready for any mouth."""

    source: SourceFrame
    target: FaceTarget
    """Its own landmarks; `new` is replaced for every mouth."""
    pose: tuple[Float[np.ndarray, "3 3"], Float[np.ndarray, "3"], Float[np.ndarray, "4"]]
    own_condition: Float[np.ndarray, "68 3"]
    own: UInt8[np.ndarray, "S S 3"] | None
    """The network's drawing of the footage's own mouth, for detail transfer."""


class LiveLowerFace:
    """See `LiveFace`. The loop's frames and what does not depend on the speech are computed once and kept.

    Args:
        avatar: whose mouth.
        clip: its footage.
        settings: of the loop.

    Raises:
        FootageError: when the footage has no stretch that shows the face.
    """

    window = 1

    def __init__(self, avatar: LowerFaceAvatar, clip: Clip, settings: LoopSettings | None = None) -> None:
        settings = settings or LoopSettings()
        self.avatar, self.fps = avatar, avatar.fps
        width, height = avatar.footage_size
        self._scale = min(1.0, settings.max_height / height)
        self.size = (round(width * self._scale / 2) * 2, round(height * self._scale / 2) * 2)
        if self._scale == 1:
            self.size = (width, height)
        bytes_per_frame = self.size[0] * self.size[1] * 4
        n_frames = min(round(settings.seconds * self.fps), settings.max_bytes // bytes_per_frame)
        self.loop: IdleLoop = choose_loop(avatar, max(2, n_frames))
        self._label = None
        if settings.label != OFF:
            self._label = DisclosureLabel(settings.label, self.size, settings.language, changed=True)
        self._frames = self._load(clip, detail=settings.detail)
        self._rest: dict[int, Image] = {}
        self._lock = Lock()

    def motion_maker(self, controls: MotionControls) -> Callable[[], LiveMotion]:
        """See `LiveFace`."""
        return motion_maker(self.avatar, controls)

    def draw(self, tick: int, mouth: Mouth | None) -> Image:
        """See `LiveFace`."""
        index = self.loop.at(tick)
        if mouth is None or mouth.weight <= 0:
            return self._idle(index)
        frame = self._frames[index]
        idle = self._idle_condition(frame)
        condition = idle.copy()
        condition[MOVING] += mouth.weight * (mouth.conditions[-1] - idle)[MOVING]
        return self._drawn(frame, condition)

    def _idle(self, index: int) -> Image:
        frame = self._frames[index]
        if self.loop.still:
            return self._labelled(frame.source.rgb)
        with self._lock:
            if index in self._rest:
                return self._rest[index]
        drawn = self._drawn(frame, self._idle_condition(frame))
        with self._lock:
            return self._rest.setdefault(index, drawn)

    def _idle_condition(self, frame: LoopFrame) -> Float[np.ndarray, "68 3"]:
        if self.loop.still:
            return frame.own_condition
        condition = frame.own_condition.copy()
        condition[MOVING] = self.avatar.rest[MOVING]
        return condition

    def _drawn(self, frame: LoopFrame, condition: Float[np.ndarray, "68 3"]) -> Image:
        """The frame with a mouth."""
        new = project_landmarks(self.avatar.face_model, condition, *frame.pose) * self._scale
        target = replace(frame.target, new=new)
        renderer = self.avatar.lower_face
        (face,) = draw_faces(renderer, [frame.source], [target], detail=False)
        if face is None:
            return self._labelled(frame.source.rgb)
        own = None if frame.own is None else frame.own.astype(np.float32)
        made = DrawnFace(target, face.new, own)
        return self._labelled(lay_face(made, renderer.geometry, frame.source.picture, frame.source.labels[0]).rgb)

    def _labelled(self, picture: Image) -> Image:
        return picture if self._label is None else self._label.draw(picture)

    def _load(self, clip: Clip, *, detail: bool) -> list[LoopFrame]:
        frames, batch = [], []
        for frame in self._loop_frames(clip):
            batch.append(frame)
            if len(batch) == CLIP_BATCH:
                frames, batch = frames + self._with_own(batch, detail=detail), []
        return frames + self._with_own(batch, detail=detail)

    def _loop_frames(self, clip: Clip) -> Iterator[LoopFrame]:
        avatar, loop = self.avatar, self.loop
        places = np.arange(loop.first, loop.last + 1)
        reader = SourceReader(clip, self.fps, (avatar.subject,))
        path = PoseSource(avatar.track, PingPongPath(0, avatar.track.n_frames - 1), 1)
        silent = MotionTrack(iter(()), 0, avatar.rest)
        targets = LowerFaceTrack(avatar, path, silent, np.ones(avatar.track.n_frames)).targets(places.astype(float))
        for place, target, source in zip(places.tolist(), targets, reader.read(places), strict=True):
            if target is None:
                raise FootageError(f"frame {place} of {clip.name} shows no face; prepare the clip again.")
            pose = avatar.track.rotation[place], avatar.track.translation[place], avatar.track.cameras[place]
            yield LoopFrame(
                self._scaled(source), self._scaled_target(target), pose, avatar.source_condition[place], None
            )

    def _with_own(self, frames: list[LoopFrame], *, detail: bool) -> list[LoopFrame]:
        if not detail or not frames:
            return frames
        targets = [replace(frame.target, new=frame.target.own) for frame in frames]
        drawn = draw_faces(self.avatar.lower_face, [frame.source for frame in frames], targets, detail=False)
        return [
            replace(frame, own=np.rint(face.new).astype(np.uint8)) if face is not None else frame
            for frame, face in zip(frames, drawn, strict=True)
        ]

    def _scaled(self, source: SourceFrame) -> SourceFrame:
        """A frame at the session's size, without what is not needed; its arrays are its own."""
        if self._scale == 1:
            return SourceFrame(RgbPicture(np.array(source.rgb)), (np.array(source.labels[0]),), (None,))
        rgb = cv2.resize(source.rgb, self.size, interpolation=cv2.INTER_AREA)
        labels = cv2.resize(source.labels[0], self.size, interpolation=cv2.INTER_NEAREST)
        return SourceFrame(RgbPicture(rgb), (labels,), (None,))

    def _scaled_target(self, target: FaceTarget) -> FaceTarget:
        if self._scale == 1:
            return target
        affine = target.to_patch.copy()
        affine[:, :2] /= self._scale
        return replace(target, own=target.own * self._scale, new=target.new * self._scale, to_patch=affine)
