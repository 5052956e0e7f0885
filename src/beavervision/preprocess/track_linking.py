"""Links tracks within a shot that continue each other by position and motion."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from jaxtyping import Float, Int
from scipy.optimize import linear_sum_assignment
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

from beavervision.preprocess.appearance_signature import FaceSignature, signature_distance
from beavervision.preprocess.face_track import FaceTrack

SHORT_GAP = 25
"""Longest absence, in frames, over which position alone identifies a person."""

REACH = 0.4
"""Distance from the predicted position, in sides of the face square, within which a track may continue; it grows by as
much for every LOOSER frames of absence."""

LOOSER = 10
GROWTH = 1.5
"""Ratio of sizes beyond which it is another face."""

MAX_APPEARANCE_DISTANCE = 1.6
"""Signature distance from which two faces are two people even at the same position: between 1, the limit for faces at
different times and positions, and the distances that hands, blur and profile cause for a few frames."""

ENDS = 20
"""Number of frames at a track's end from which its signature there is computed."""


def link_tracks(tracks: Sequence[FaceTrack], firsts: Sequence[int] | Int[np.ndarray, "C"]) -> list[list[FaceTrack]]:
    """Chains of tracks, each of one face in one shot, in order of time.

    All competing links are decided together (Kuhn 1955).

    Args:
        tracks: tracks, none of them across a cut.
        firsts: first frames of new shots.
    """
    ordered = sorted(tracks, key=lambda t: (t.first, t.stop))
    after: dict[int, int] = {}
    for rows, columns, costs in _contests(ordered, np.asarray(firsts, int)):
        for row, column in zip(*linear_sum_assignment(costs), strict=True):
            if costs[row, column] < 1:
                after[rows[row]] = columns[column]
    chains, begun = [], set(after.values())
    for i in range(len(ordered)):
        if i not in begun:
            chain = [i]
            while chain[-1] in after:
                chain.append(after[chain[-1]])
            chains.append([ordered[k] for k in chain])
    return chains


def _contests(
    tracks: Sequence[FaceTrack], firsts: np.ndarray
) -> Iterator[tuple[list[int], list[int], Float[np.ndarray, "r c"]]]:
    """(earlier tracks, later tracks, cost of each pair) of every set of competing pairs; cost 1 where impossible."""
    begins, n = np.array([track.first for track in tracks]), len(tracks)
    pairs: dict[tuple[int, int], float] = {}
    for i, track in enumerate(tracks):
        near = range(*np.searchsorted(begins, [track.stop, track.stop + SHORT_GAP + 1]))
        for j in near:
            cost = _cost(track, tracks[j], firsts)
            if cost < 1:
                pairs[i, j] = cost
    if not pairs:
        return
    left, right = np.array(list(pairs)).T
    graph = coo_matrix((np.ones(len(pairs)), (left, n + right)), (2 * n, 2 * n))
    _, labels = connected_components(graph, directed=False)
    for label in np.unique(labels[left]):
        rows, columns = ([int(k) for k in np.unique(side[labels[left] == label])] for side in (left, right))
        yield rows, columns, np.array([[pairs.get((i, j), 1.0) for j in columns] for i in rows])


def _cost(earlier: FaceTrack, later: FaceTrack, firsts: np.ndarray) -> float:
    """Cost of a link, below 1 where `later` may continue `earlier`; smaller is more likely."""
    if ((firsts >= earlier.stop) & (firsts <= later.first)).any():
        return 1.0
    steps = later.first - earlier.stop + 1
    before, after = earlier.square, later.opening
    growth = abs(np.log(after.side / before.side)) / np.log(GROWTH)
    way = np.array([after.x - before.x, after.y - before.y])
    leads = (np.zeros(2), steps * earlier.velocity, steps * later.velocity_at_first)
    away = min(np.hypot(*(way - lead)) for lead in leads) / (before.side * REACH * (1 + (steps - 1) / LOOSER))
    if growth >= 1 or away >= 1:
        return 1.0
    looks = signature_distance(_end(earlier, slice(-ENDS, None)), _end(later, slice(ENDS))) / MAX_APPEARANCE_DISTANCE
    return float(np.sqrt((away**2 + growth**2 + looks**2) / 3)) if looks < 1 else 1.0


def _end(track: FaceTrack, rows: slice) -> FaceSignature:
    return FaceSignature.of(track.landmarks[rows], track.portraits[rows])
