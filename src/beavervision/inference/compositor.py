"""A film's frames, one after the other: reading, rendering and compositing overlap, and memory is constant."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

import numpy as np
from jaxtyping import Float, UInt8

from beavervision.compositing.layers import over
from beavervision.compositing.watermark import Watermark
from beavervision.inference.avatar_compositor import Scene
from beavervision.inference.dub_compositor import Dubber
from beavervision.inference.head_detail import carry_head_detail
from beavervision.inference.source_reader import SourceFrame
from beavervision.inference.stage_timer import StageTimer
from beavervision.inference.subject_track import RenderedSubject, SubjectTrack, far_to_near
from beavervision.video.planar_picture import Picture, RgbPicture
from beavervision.video.prefetch import prefetch

BATCH = 4
"""Frames rendered at once."""

FrameImage = UInt8[np.ndarray, "H W c"]
"""RGB, or RGB and opacity."""
BackgroundT = TypeVar("BackgroundT", contravariant=True)


class Compositor(Protocol[BackgroundT]):
    """Lays people over the background."""

    def composite(self, rendered: Sequence[RenderedSubject], background: BackgroundT) -> FrameImage:
        """One finished frame."""
        ...


@dataclass(frozen=True)
class AvatarCompositor:
    """Generated people, the nearest last, before a background or before nothing."""

    scenes: Sequence[Scene]
    size: tuple[int, int]

    def composite(
        self, rendered: Sequence[RenderedSubject], background: UInt8[np.ndarray, "H W 3"] | None
    ) -> FrameImage:
        """One finished frame; with opacity where there is no background."""
        people = [(self.scenes[i], rendered[i]) for i in far_to_near(rendered)]
        if background is None:
            result = np.zeros((self.size[1], self.size[0], 4), np.uint8)
            for scene, one in people:
                if one.layer is not None:
                    result = over(scene.cut_out(one.layer, one.shoulders, self.size), result)
            return result
        result = background
        for scene, one in people:
            if one.layer is not None:
                result = scene.composite(one.layer, one.shoulders, result)
        return result


@dataclass(frozen=True)
class DubCompositor:
    """The footage with generated heads, the nearest last."""

    dubber: Dubber

    def composite(self, rendered: Sequence[RenderedSubject], background: SourceFrame) -> FrameImage:
        """One finished frame."""
        result = background.rgb
        for i in far_to_near(rendered):
            one = rendered[i]
            if one.layer is not None:
                result = self._with_head(one, result, background.labels[i], background.mattes[i])
        return result

    def _with_head(
        self,
        one: RenderedSubject,
        background: UInt8[np.ndarray, "H W 3"],
        labels: UInt8[np.ndarray, "H W"],
        matte: UInt8[np.ndarray, "H W"] | None,
    ) -> UInt8[np.ndarray, "H W 3"]:
        """A frame with one generated head, and the footage's own detail where it is wanted."""
        assert one.layer is not None
        made = self.dubber.composite(one.layer, background, labels, one.share, matte)
        if one.own is None:
            return made
        own = self.dubber.composite(one.own.layer, background, labels, one.share, matte)
        return carry_head_detail(made, own, background, one.own.faces, labels)


@dataclass(frozen=True)
class MarkingCompositor(Generic[BackgroundT]):
    """Marks the pixels that another compositor generated: those that differ from the background."""

    compositor: Compositor[BackgroundT]
    watermark: Watermark

    def composite(self, rendered: Sequence[RenderedSubject], background: BackgroundT) -> FrameImage:
        """One finished and marked frame."""
        source = background.rgb if isinstance(background, SourceFrame) else background
        picture = self.compositor.composite(rendered, background)
        return self.watermark.embed(picture, source if isinstance(source, np.ndarray) else None)


def marked(compositor: Compositor[BackgroundT], watermark: Watermark | None) -> Compositor[BackgroundT]:
    """Return a compositor that marks what it generates; without a watermark, the compositor itself."""
    return compositor if watermark is None else MarkingCompositor(compositor, watermark)


@dataclass(frozen=True)
class FrameStream(Generic[BackgroundT]):
    """People speaking, as frames at the footage's own size.

    Args:
        tracks: one for each person.
        compositor: lays the people over the background.
        background: frame by frame; may be endless.
        positions: film positions of the frames, see `frame_path`.
        batch: frames rendered at once.
        timer: how long each part takes.
    """

    tracks: Sequence[SubjectTrack]
    compositor: Compositor[BackgroundT]
    background: Iterator[BackgroundT]
    positions: Float[np.ndarray, "T"]
    batch: int
    timer: StageTimer

    def frames(self) -> Generator[Picture, None, None]:
        """The frames; closing the iterator stops every thread."""
        with closing(prefetch(self._composed())) as done:
            yield from done

    def _rendered(self) -> Iterator[list[RenderedSubject]]:
        try:
            for start in range(0, len(self.positions), self.batch):
                some = self.positions[start : start + self.batch]
                people = [track.render(some, self.timer) for track in self.tracks]
                for row in zip(*people, strict=True):
                    yield list(row)
        finally:
            for track in self.tracks:
                track.motion.close()

    def _composed(self) -> Iterator[Picture]:
        decoded = self.timer.measure_each("decode", self.background)
        with closing(prefetch(self._rendered(), self.batch)) as people, closing(prefetch(decoded)) as backgrounds:
            for rendered, background in zip(people, backgrounds, strict=False):
                with self.timer.measure("composite"):
                    made = self.compositor.composite(rendered, background)
                    # What a dub leaves as it is keeps the footage's stored values.
                    source = background.picture if isinstance(background, SourceFrame) else None
                    picture = RgbPicture(made) if source is None else source.with_rgb(made)
                yield picture
