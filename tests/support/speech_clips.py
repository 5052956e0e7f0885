"""Clips with speech, written straight from arrays."""

from collections.abc import Callable
from pathlib import Path

import numpy as np

from beavervision.artifacts.atomic_write import atomic_folder
from beavervision.artifacts.clip import AUDIO, Clip, Subject, write_clip
from beavervision.audio.waveform import Waveform, save_waveform
from beavervision.face.camera import FRONTAL
from beavervision.face.model_registry import load_face_model

FPS = 25.0


def babble(n_frames: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """A voice whose loudness is the mouth's opening: (16 kHz samples, opening 0..1 at 25 fps)."""
    rng = np.random.default_rng(seed)
    knots = rng.uniform(0, 1, n_frames // 4 + 3) * (rng.uniform(0, 1, n_frames // 4 + 3) > 0.3)
    opening = np.interp(np.arange(n_frames) / 4, np.arange(len(knots)), knots)
    time = np.arange(n_frames * 640) / 16000
    phase = 2 * np.pi * np.cumsum(130 + 20 * np.sin(2 * np.pi * 0.7 * time)) / 16000
    voice = sum(np.sin(k * phase) / k for k in range(1, 20))
    envelope = np.interp(time * FPS, np.arange(n_frames), opening)
    return (0.1 * envelope * voice + 1e-4 * rng.standard_normal(len(time))).astype(np.float32), opening


def write_speech_clip(
    folder: Path,
    n_frames: int = 110,
    seed: int = 0,
    hidden: range = range(40, 48),
    name: str = "babble",
    change: Callable[[dict[str, np.ndarray]], None] | None = None,
    facts: dict[str, object] | None = None,
) -> Clip:
    """Write a Clip whose sound and motion belong together.

    Args:
        folder: where.
        n_frames: at 25 fps.
        seed: of everything.
        hidden: frames without a face.
        name: of the clip.
        facts: of the manifest, besides the usual ones.
        change: may alter the subject's arrays and, under the key "samples", the sound, before they are written.
    """
    samples, opening = babble(n_frames, seed)
    rng = np.random.default_rng(seed + 1)
    face = load_face_model()
    noise = 0.05 * rng.standard_normal((n_frames, len(face.exp_basis)))
    visible = np.ones(n_frames, bool)
    visible[hidden] = False
    eye_open = np.full((n_frames, 2), 0.3)
    eye_open[20:24] = 0.05
    arrays = {
        "visible": visible,
        "reason": (~visible).astype(np.int64),
        "box": np.tile([60.0, 30.0, 100.0, 90.0], (n_frames, 1)),
        "landmarks": rng.uniform(0, 100, (n_frames, 478, 3)),
        "rotation": np.tile(FRONTAL, (n_frames, 1, 1)),
        "translation": np.tile([0.0, 0.0, 60.0], (n_frames, 1)),
        "identity": 0.3 * rng.standard_normal(len(face.id_basis)),
        "expression": opening[:, None] * face.semantic["jaw_open"] + noise,
        "eye_open": eye_open,
        "mouth_open": opening,
        "body": np.zeros((n_frames, 3, 3)),
        "occluded": np.zeros(n_frames, bool),
        "covered": np.zeros(n_frames, np.float32),
        "interpolated": np.zeros(n_frames, bool),
        "samples": samples,
    }
    for key in ("box", "landmarks", "rotation", "translation", "expression", "eye_open", "mouth_open", "body"):
        arrays[key] = arrays[key].astype(np.float32)
        arrays[key][~visible] = np.nan
    arrays["identity"] = arrays["identity"].astype(np.float32)
    if change is not None:
        change(arrays)
    video = folder.with_suffix(".mp4")
    video.parent.mkdir(parents=True, exist_ok=True)
    video.touch()
    facts = {
        **(facts or {}),
        "name": name,
        "video": str(video),
        "width": 160,
        "height": 120,
        "fps": FPS,
        "n_frames": n_frames,
        "start": 0.0,
        "end": None,
        "focal": 240.0,
        "basis": face.name,
        "has_audio": True,
    }
    with atomic_folder(folder) as part:
        save_waveform(part / AUDIO, Waveform(arrays.pop("samples"), 16000))
        write_clip(part, facts, np.arange(n_frames) / FPS, [Subject(**arrays)], {})
    return Clip.load(folder)
