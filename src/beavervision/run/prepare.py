"""prepare: footage to Clip, once."""

from __future__ import annotations

import shutil
from pathlib import Path

from hydra.core.hydra_config import HydraConfig
from omegaconf import DictConfig

from beavervision.artifacts.clip import Clip
from beavervision.artifacts.manifest import MANIFEST
from beavervision.errors import BeaverError
from beavervision.preprocess.workspace import WORKSPACE
from beavervision.run.commands import who
from beavervision.run.prepared import CHOSEN, Prepared
from beavervision.run.quiet import quiet_libraries
from beavervision.run.settings import DataSettings, check_nodes, typed


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
    print(f"next: python train.py model=audio2motion {who(cfg.data.name, cfg.paths.runs)}", flush=True)
    return folder


def ensure_clip(cfg: DictConfig, *, force: bool = False) -> Path:
    """Return the folder of the config's clip; prepare it when it is not there or its settings changed.

    Raises:
        BeaverError: when there is neither a clip nor footage, or the footage cannot be prepared.
    """
    settings, basis, given = typed(cfg, "data", DataSettings), cfg.face_model.name, _given()
    folder = Path(cfg.paths.runs) / settings.name / "clip"
    there, before = (folder / MANIFEST).exists(), Prepared.read(folder)
    if there and not force and (before is None or before.serves(settings, basis, given)):
        return folder
    if before is not None:
        settings = before.fill(settings, given)
    if force:
        shutil.rmtree(folder.with_name(WORKSPACE), ignore_errors=True)
    return _prepare(folder, settings, basis)


def _prepare(folder: Path, settings: DataSettings, basis: str) -> Path:
    if settings.video is None:
        raise BeaverError(f"There is no clip in {folder} yet; add data.video=<your video file> once.")
    from beavervision.preprocess import PrepareOptions
    from beavervision.preprocess import prepare as prepare_clip

    video = Path(settings.video).resolve()
    if not video.is_file():
        raise BeaverError(f"{settings.video} does not exist or is no file; check data.video=.")
    options = {name: getattr(settings, name) for name in (*CHOSEN, "workers")}
    prepare_clip(video, folder, PrepareOptions(name=settings.name, basis=basis, **options))
    Prepared.of(video, settings, basis).write(folder)
    return folder


def _given() -> set[str]:
    """Names of the `data` settings that the command line names."""
    overrides = HydraConfig.get().overrides.task
    keys = (o.lstrip("+~").partition("=")[0] for o in overrides)
    return {key.removeprefix("data.") for key in keys if key.startswith("data.")}
