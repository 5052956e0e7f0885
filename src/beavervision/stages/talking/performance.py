"""Finished frames, one after the other, with constant memory."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
from jaxtyping import Int, UInt8

from beavervision.artifacts.clip import Clip
from beavervision.stages.radnerf_torso.track import SourceTrack
from beavervision.stages.talking.avatar import Scene
from beavervision.stages.talking.canvas_layer import CanvasLayer
from beavervision.stages.talking.drive import Drive
from beavervision.stages.talking.dub import Dubber
from beavervision.stages.talking.frame_order import presence
from beavervision.stages.talking.person import Person
from beavervision.stages.talking.pose_source import smoothed
from beavervision.stages.talking.source_reader import read_in_order
from beavervision.stages.talking.stopwatch import Stopwatch

BATCH = 4
"""Frames rendered at once."""

FADE_FRAMES = 5
"""Frames over which the source's head gives way to the generated one where the subject comes into view."""

Frame = UInt8[np.ndarray, "H W 3"]


@dataclass
class Performance:
    """A person speaking, as frames at the footage's own size.

    Args:
        person: who.
        told: what the face does in each frame.
        order: frame of the footage whose pose (and in a dub, picture) each output frame takes.
        batch: frames rendered at once.
        clock: how long each part takes.
    """

    person: Person
    told: Drive
    order: Int[np.ndarray, "T"]
    batch: int = BATCH
    clock: Stopwatch = field(default_factory=Stopwatch)

    def avatar(self, smoothing: int = 7) -> Iterator[Frame]:
        """Everything generated over the plate.

        Args:
            smoothing: frames over which head poses are averaged (GeneFace++: 7).
        """
        track = smoothed(self.person.track.take(self.order), smoothing)
        facts = self.person.torso.facts
        whole = facts["frame_spec"]["aspect"] is None
        body = None if whole else self.person.body()
        scene = Scene(self.person.plate(), body, self.person.track.body[facts["body_frame"]])
        for start in range(0, len(self.order), self.batch):
            frames = np.arange(start, min(start + self.batch, len(self.order)))
            for i, layer in zip(frames, self._layers(track, frames), strict=True):
                with self.clock("composite"):
                    picture = scene.picture(layer, track.body[i])
                yield picture

    def dub(self, clip: Clip, fade: int = FADE_FRAMES) -> Iterator[Frame]:
        """The footage with the generated head in its own pose.

        Args:
            clip: the footage.
            fade: frames of cross-fade where the subject comes into view or leaves it.
        """
        track = self.person.track.take(self.order)
        share = presence(self.person.track.visible, fade)[self.order]
        dubber = Dubber(clip.plate())
        source = read_in_order(clip, self.order)
        for start in range(0, len(self.order), self.batch):
            frames = np.arange(start, min(start + self.batch, len(self.order)))
            shown = frames[share[frames] > 0]
            layers = dict(zip(shown.tolist(), self._layers(track, shown), strict=True))
            for i in frames.tolist():
                with self.clock("decode"):
                    picture, labels = next(source)
                with self.clock("composite"):
                    done = dubber.picture(layers[i], picture, labels, share[i]) if i in layers else picture
                yield done

    def _layers(self, track: SourceTrack, frames: Int[np.ndarray, "B"]) -> list[CanvasLayer]:
        """Head and torso of some output frames."""
        if not len(frames):
            return []
        some = track.take(frames)
        with self.clock("head"):
            head, head_alpha = self.person.head.render(
                self.told.condition68, self.told.eye, some.rotation, some.translation, some.cameras, frames
            )
        with self.clock("torso"):
            torso, torso_alpha = self.person.torso.render(some)
        raster = self.person.torso.raster
        layers = []
        with self.clock("stack"):
            for i, (torso_rgb, torso_opacity) in enumerate(zip(torso, torso_alpha, strict=True)):
                fine = (raster.refine(part[i].cpu().numpy()) for part in (head, head_alpha))
                layers.append(CanvasLayer.stack(*fine, torso_rgb, torso_opacity, raster.window(some.path[i])))
        return layers
