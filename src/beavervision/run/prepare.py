"""prepare: footage to Clip, once."""

from __future__ import annotations

from pathlib import Path

from omegaconf import DictConfig

from beavervision.artifacts.clip import Clip
from beavervision.artifacts.manifest import MANIFEST, Manifest
from beavervision.errors import BeaverError
from beavervision.run.next_step import who
from beavervision.run.quiet import quiet_libraries
from beavervision.run.settings import DataSettings, check_nodes, typed

CHOSEN = ("fps", "start", "end", "focal", "subject")
"""Settings of `data` that decide what the clip holds."""


def prepare(cfg: DictConfig) -> Path:
    """Prepare the config's clip, unless it is prepared with the same settings.

    Returns:
        The clip's folder.
    """
    quiet_libraries()
    check_nodes(cfg)
    folder = ensure_clip(cfg, force=cfg.force)
    clip = Clip.load(folder)
    print(f"clip {clip.name}: {folder}  ({clip.n_frames} frames, {clip.size[0]}x{clip.size[1]})")
    print(f"next: python train.py model=audio2motion {who(cfg)}", flush=True)
    return folder


def ensure_clip(cfg: DictConfig, *, force: bool = False) -> Path:
    """Return the folder of the config's clip; prepare it when it is not there or its settings changed.

    Raises:
        BeaverError: when there is neither a clip nor footage, or the footage cannot be prepared.
    """
    settings = typed(cfg, "data", DataSettings)
    folder = Path(cfg.paths.runs) / settings.name / "clip"
    if not force and (folder / MANIFEST).exists() and _is_same(folder, settings, cfg.face_model.name):
        return folder
    video = _footage(folder, settings)
    from beavervision.preprocess import PrepareOptions
    from beavervision.preprocess import prepare as prepare_clip

    options = PrepareOptions(
        name=settings.name,
        basis=cfg.face_model.name,
        **{name: getattr(settings, name) for name in CHOSEN},
    )
    return prepare_clip(video, folder, options).folder
