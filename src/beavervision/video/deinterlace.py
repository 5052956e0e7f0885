"""Deinterlaces frames with FFmpeg's bwdif filter."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from fractions import Fraction

from av.filter import Graph
from av.video.frame import VideoFrame

from beavervision.video.correction import FieldOrder

REACH = 8
"""Frames before the wanted one from which a read from the middle starts. bwdif takes one of them into account; with
uneven frame times, as many of average length contain it."""

Timed = tuple[float, VideoFrame]


def deinterlaced(frames: Iterable[Timed], order: FieldOrder) -> Iterator[Timed]:
    """Yield one progressive frame for each interlaced one, with the same times.

    Each frame shows the time of its earlier field. The frames before and after it are taken into account.

    Args:
        frames: (seconds, frame) in order.
        order: top or bottom.
    """
    times: list[float] = []
    graph, layout, pushed = None, None, 0
    for time, frame in frames:
        if graph is None or layout != _layout(frame):  # some streams change their size
            yield from _rest(graph, times)
            graph, layout, pushed = _graph(frame, order), _layout(frame), 0
        # Its own clock: the filter must not depend on the file's time stamps.
        frame.pts, frame.time_base = pushed, Fraction(1, 25)
        pushed += 1
        times.append(time)
        graph.vpush(frame)
        yield from _ready(graph, times)
    yield from _rest(graph, times)


def _layout(frame: VideoFrame) -> tuple[int, int, str]:
    return frame.width, frame.height, frame.format.name


def _graph(frame: VideoFrame, order: FieldOrder) -> Graph:
    graph = Graph()
    graph.threads = 1
    source = graph.add_buffer(
        width=frame.width, height=frame.height, format=frame.format, time_base=Fraction(1, 25), name="in"
    )
    parity = "tff" if order == "top" else "bff"
    # deint=all: the flags of the frames are often missing.
    graph.link_nodes(
        source, graph.add("bwdif", f"mode=send_frame:parity={parity}:deint=all"), graph.add("buffersink")
    ).configure()
    return graph


def _ready(graph: Graph, times: list[float]) -> Iterator[Timed]:
    """Frames that the filter has finished."""
    while True:
        try:
            frame = graph.vpull()
        except (BlockingIOError, EOFError):
            return
        yield times.pop(0), frame


def _rest(graph: Graph | None, times: list[float]) -> Iterator[Timed]:
    if graph is not None:
        graph.vpush(None)
        yield from _ready(graph, times)
        times.clear()
