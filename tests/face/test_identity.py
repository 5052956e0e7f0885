import numpy as np

from beavervision.face.fit_state import Evidence, Track
from beavervision.face.identity import Sitting, varied_frames
from beavervision.face.pose import rotation_from_euler


def test_varied_frames_take_the_extremes():
    euler = np.zeros((40, 3))
    euler[10, 0], euler[30, 0] = 0.8, -0.8
    track = Track(rotation_from_euler(euler), np.zeros((40, 3)), np.zeros((40, 64)))
    pixels = np.tile(np.random.default_rng(0).normal(size=(1, 9, 2)), (40, 1, 1))
    evidence = Evidence(pixels, np.ones(9), np.ones(40))
    assert set(varied_frames(track, evidence, 3)) == {10, 20, 30}
    assert varied_frames(track, evidence, 64).tolist() == list(range(40))


def test_schur_step_solves_the_whole_system():
    rng = np.random.default_rng(0)
    frames, size, shared = 3, 4, 2
    whole = rng.normal(size=(frames * size + shared, 40))
    whole = whole @ whole.T
    for a in range(frames):
        for b in range(frames):
            if a != b:
                whole[a * size : (a + 1) * size, b * size : (b + 1) * size] = 0.0
    whole += 40 * np.eye(len(whole))
    gradient = rng.normal(size=len(whole))
    blocks = (
        np.stack([whole[i * size : (i + 1) * size, i * size : (i + 1) * size] for i in range(frames)]),
        np.stack([whole[i * size : (i + 1) * size, -shared:] for i in range(frames)]),
        whole[-shared:, -shared:],
        gradient[:-shared].reshape(frames, size),
        gradient[-shared:],
    )
    damping = 0.1
    expected = -np.linalg.solve(whole + damping * np.diag(np.diag(whole)), gradient)
    step_shared, step_frames = Sitting._step(blocks, damping)
    np.testing.assert_allclose(step_shared, expected[-shared:], rtol=1e-9)
    np.testing.assert_allclose(step_frames.ravel(), expected[:-shared], rtol=1e-9)
