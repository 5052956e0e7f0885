"""A film's frames, one after the other: reading, rendering and compositing overlap, and memory is constant."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

import numpy as np
from jaxtyping import Float, UInt8

from beavervision.compositing.layers import over
from beavervision.inference.avatar_compositor import Scene
from beavervision.inference.dub_compositor import Dubber
from beavervision.inference.head_detail import carry_head_detail
from beavervision.inference.source_reader import SourceFrame
from beavervision.inference.stage_timer import StageTimer
from beavervision.inference.subject_track import RenderedSubject, SubjectTrack, far_to_near
from beavervision.preprocess.prefetch import prefetch

BATCH = 4
"""Frames rendered at once."""

FrameImage = UInt8[np.ndarray, "H W c"]
"""RGB, or RGB and opacity."""
BehindT = TypeVar("BehindT", contravariant=True)


class Compositor(Protocol[BehindT]):
    """Lays people over what is behind them."""

    def picture(self, shown: Sequence[RenderedSubject], behind: BehindT) -> FrameImage:
        """One finished frame."""
        ...


@dataclass(frozen=True)
class AvatarCompositor:
    """Generated people, the nearest last, before a background or before nothing."""

    scenes: Sequence[Scene]
    size: tuple[int, int]

    def picture(self, shown: Sequence[RenderedSubject], behind: UInt8[np.ndarray, "H W 3"] | None) -> FrameImage:
        """One finished frame; with opacity where there is no background."""
        people = [(self.scenes[i], shown[i]) for i in far_to_near(shown)]
        if behind is None:
            result = np.zeros((self.size[1], self.size[0], 4), np.uint8)
            for scene, one in people:
                if one.layer is not None:
                    result = over(scene.cut_out(one.layer, one.shoulders, self.size), result)
            return result
        result = behind
        for scene, one in people:
            if one.layer is not None:
                result = scene.picture(one.layer, one.shoulders, result)
        return result


@dataclass(frozen=True)
class DubCompositor:
    """The footage with generated heads, the nearest last."""

    dubber: Dubber

    def picture(self, shown: Sequence[RenderedSubject], behind: SourceFrame) -> FrameImage:
        """One finished frame."""
        result = behind.rgb
        for i in far_to_near(shown):
            one = shown[i]
            if one.layer is not None:
                result = self._with_head(one, result, behind.labels[i], behind.mattes[i])
        return result

    def _with_head(
        self,
        one: RenderedSubject,
        behind: UInt8[np.ndarray, "H W 3"],
        labels: UInt8[np.ndarray, "H W"],
        matte: UInt8[np.ndarray, "H W"] | None,
    ) -> UInt8[np.ndarray, "H W 3"]:
        """A frame with one generated head, and the footage's own detail where it is wanted."""
        assert one.layer is not None
        made = self.dubber.picture(one.layer, behind, labels, one.share, matte)
        if one.own is None:
            return made
        own = self.dubber.picture(one.own.layer, behind, labels, one.share, matte)
        return carry_head_detail(made, own, behind, one.own.faces, labels)


@dataclass(frozen=True)
class FrameStream(Generic[BehindT]):
    """People speaking, as frames at the footage's own size.

    Args:
        roles: who does what.
        composer: how they are laid over what is behind them.
        behind: that, frame by frame; may be without end.
        moments: of the film, frame by frame.
        batch: frames rendered at once.
        timer: how long each part takes.
    """

    roles: Sequence[SubjectTrack]
    composer: Compositor[BehindT]
    behind: Iterator[BehindT]
    moments: Float[np.ndarray, "T"]
    batch: int
    timer: StageTimer

    def frames(self) -> Generator[FrameImage, None, None]:
        """The frames; closing the iterator stops every thread."""
        with closing(prefetch(self._composed())) as done:
            yield from done

    def _rendered(self) -> Iterator[list[RenderedSubject]]:
        try:
            for start in range(0, len(self.moments), self.batch):
                some = self.moments[start : start + self.batch]
                people = [role.shown(some, self.timer) for role in self.roles]
                for row in zip(*people, strict=True):
                    yield list(row)
        finally:
            for role in self.roles:
                role.tape.close()

    def _composed(self) -> Iterator[FrameImage]:
        behind = self.timer.measure_each("decode", self.behind)
        with closing(prefetch(self._rendered(), self.batch)) as people, closing(prefetch(behind)) as behinds:
            for shown, back in zip(people, behinds, strict=False):
                with self.timer.measure("composite"):
                    picture = self.composer.picture(shown, back)
                yield picture
