import numpy as np
from faces import landmarks

from beavervision.preprocess.face_track import FaceTrack
from beavervision.preprocess.track_linking import SHORT_GAP, link_tracks


def walk(first, length, x, speed=0.0, eyes=60.0):
    face = landmarks((x, 240), eyes)
    return FaceTrack(first, [face + np.array([speed * t, 0, 0], np.float32) for t in range(length)])


def spans(chains):
    return sorted([(track.first, track.stop) for track in chain] for chain in chains)


def test_a_face_that_stays_is_linked():
    assert spans(link_tracks([walk(0, 10, 300), walk(10, 10, 300), walk(25, 10, 300)], [])) == [
        [(0, 10), (10, 20), (25, 35)]
    ]


def test_nothing_is_linked_across_a_cut():
    assert spans(link_tracks([walk(0, 10, 300), walk(10, 10, 300)], [10])) == [[(0, 10)], [(10, 20)]]
    assert spans(link_tracks([walk(0, 10, 300), walk(14, 10, 300)], [12])) == [[(0, 10)], [(14, 24)]]


def test_nothing_is_linked_over_a_long_absence():
    assert len(link_tracks([walk(0, 10, 300), walk(10 + SHORT_GAP + 1, 10, 300)], [])) == 2


def test_nobody_jumps_or_grows():
    assert len(link_tracks([walk(0, 10, 300), walk(10, 10, 500)], [])) == 2
    assert len(link_tracks([walk(0, 10, 300), walk(10, 10, 300, eyes=120)], [])) == 2


def test_motion_leads_through_a_crossing():
    # Both vanish for ten frames about x = 300; at 10 px a frame each goes on where its motion leads, not where it was.
    before = [walk(0, 20, 50, 10), walk(0, 20, 550, -10)]
    after = [walk(30, 20, 350, 10), walk(30, 20, 250, -10)]
    chains = link_tracks([*before, *after], [])
    assert len(chains) == 2
    for chain in chains:
        assert (chain[0].velocity[0] > 0) == (chain[1].velocity[0] > 0)


def test_of_two_that_compete_both_are_served():
    # The nearer pair (0 px) would leave the other 60 px apart with nobody; together 20 + 20 is dearer than 0 + none
    chains = link_tracks([walk(0, 10, 280), walk(0, 10, 460), walk(10, 10, 300), walk(10, 10, 480)], [])
    assert [[round(track.landmarks[0][4, 0], -1) for track in chain] for chain in chains] == [[280, 300], [460, 480]]
