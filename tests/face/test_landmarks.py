from collections import Counter

import numpy as np

from beavervision.face import landmarks as lm

# Mirror of the 68-point order: jaw 0 <-> 16, brows 17 <-> 26, right eye 36 <-> 45 and so on.
IBUG_MIRROR = [
    *range(16, -1, -1),
    *range(26, 16, -1),
    *range(27, 31),
    *range(35, 30, -1),
    *(45, 44, 43, 42, 47, 46, 39, 38, 37, 36, 41, 40),
    *(54, 53, 52, 51, 50, 49, 48, 59, 58, 57, 56, 55),
    *(64, 63, 62, 61, 60, 67, 66, 65),
]


def sides(triangles):
    return Counter(tuple(sorted((int(a), int(b)))) for t in triangles for a, b in zip(t, np.roll(t, -1), strict=True))


def test_mirror_is_an_involution_that_swaps_the_eyes():
    assert (lm.MIRROR[lm.MIRROR] == np.arange(lm.N_LANDMARKS)).all()
    assert lm.MIRROR[33] == 263
    assert lm.MIRROR[1] == 1
    assert (lm.MIRROR[lm.UPPER_LIDS[0]] == lm.UPPER_LIDS[1]).all()
    assert (lm.MIRROR[lm.LOWER_LIDS[0]] == lm.LOWER_LIDS[1]).all()
    assert (lm.MIRROR[lm.BROWS[0]] == lm.BROWS[1]).all()
    # The iris's rim point nearest to the nose meets its counterpart nearest to the nose.
    assert lm.MIRROR[469] == 476
    assert lm.MIRROR[468] == 473


def test_ibug_order_is_symmetric():
    assert len(set(lm.IBUG68)) == 68
    assert (lm.MIRROR[lm.IBUG68] == lm.IBUG68[IBUG_MIRROR]).all()


def test_lip_rows_mirror_onto_themselves_and_share_corners():
    for lip in (lm.UPPER_LIP, lm.LOWER_LIP):
        assert (lm.MIRROR[lip] == lip[:, ::-1]).all()
    assert (lm.UPPER_LIP[:, [0, 10]] == lm.LOWER_LIP[:, [0, 10]]).all()
    assert len(lm.LIPS) == 80
    assert len(set(lm.LIPS_INNER)) == len(set(lm.LIPS_OUTER)) == 20


def test_skin_is_a_sheet_with_three_holes():
    # A disc with h holes has V - E + F = 1 - h: here 468 - 1322 + 852 = -2.
    uses = sides(lm.SKIN_TRIANGLES)
    assert len(np.unique(lm.SKIN_TRIANGLES)) == 468
    assert (len(uses), len(lm.SKIN_TRIANGLES)) == (1322, 852)
    rims = {side for side, n in uses.items() if n == 1}
    loops = [lm.OVAL, lm.LIPS_INNER, *lm.EYES]
    expected = {tuple(sorted((int(a), int(b)))) for r in loops for a, b in zip(r, np.roll(r, -1), strict=True)}
    assert rims == expected


def test_closed_sheet_has_only_the_outline_as_its_rim():
    uses = sides(lm.TRIANGLES)
    assert Counter(uses.values()) == {2: 1329, 1: 36}  # (3 x 898 + 36) / 2 = 1365 sides
    assert {v for side, n in uses.items() if n == 1 for v in side} == set(lm.OVAL.tolist())
    assert set(lm.EYE_TRIANGLES[:14].ravel()) == set(lm.EYES[0])
    assert set(lm.EYE_TRIANGLES[14:].ravel()) == set(lm.EYES[1])
    assert set(lm.MOUTH_TRIANGLES.ravel()) == set(lm.LIPS_INNER)


def test_neighbouring_triangles_turn_alike():
    directed = Counter((int(a), int(b)) for t in lm.TRIANGLES for a, b in zip(t, np.roll(t, -1), strict=True))
    assert max(directed.values()) == 1


def test_skin_is_symmetric():
    faces = {tuple(sorted(t)) for t in lm.SKIN_TRIANGLES.tolist()}
    assert {tuple(sorted(lm.MIRROR[list(t)].tolist())) for t in faces} == faces
