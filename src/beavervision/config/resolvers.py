"""OmegaConf resolvers `${bv.<name>:}`: values that YAML cannot compute."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from typing import Any

from hydra.core.hydra_config import HydraConfig
from omegaconf import DictConfig, ListConfig, OmegaConf

from beavervision.artifacts.names import check_name
from beavervision.config.grid_corpus import grid_clip_name, grid_speaker
from beavervision.config.slug import run_slug
from beavervision.config.stage_graph import is_renderer
from beavervision.config.sweep_name import SWEEP_FOLDER
from beavervision.config.wildcards import clip_name


def register_resolvers() -> None:
    """Register the resolvers with OmegaConf; may be called again."""
    for name, function in (
        ("stage", stage_of_target),
        ("slug", _slug),
        ("actor", _actor),
        ("speech", _speech),
        ("run_id", run_id),
        ("wandb_offline", wandb_offline),
        ("group", _group),
        ("gpus", _gpus),
        ("sweep_folder", _sweep_folder),
        ("tags", _tags),
        ("stem", clip_name),
        ("grid_clip", grid_clip_name),
        ("grid_speaker", grid_speaker),
        ("name", check_name),
    ):
        OmegaConf.register_new_resolver(f"bv.{name}", function, replace=True)


def stage_of_target(target: str) -> str:
    """Return the stage of a class path: the folder that contains its module.

    Example:
        >>> stage_of_target("beavervision.stages.postnet.module.PostNet")
        'postnet'
    """
    return target.split(".")[-3]


def run_id(folder: str) -> str:
    """Return a run's id for dashboards, derived from its folder, so that a resumed run keeps its id."""
    return hashlib.sha256(str(Path(folder).resolve()).encode()).hexdigest()[:16]


def wandb_offline() -> bool:
    """Whether wandb has to be offline: no key in the environment and none stored by `wandb login`."""
    netrc = Path(os.environ.get("NETRC", Path.home() / ".netrc"))
    stored = netrc.is_file() and "wandb" in netrc.read_text(encoding="utf-8", errors="replace")
    return not (stored or os.environ.get("WANDB_API_KEY"))


def _group(name: str) -> str:
    """Group of a run in a dashboard: the runs of the same sweep, else those of the same person."""
    sweep = HydraConfig.get().runtime.choices.get("sweep")
    return f"{name}/{sweep}" if sweep else name


def _tags(*names: str) -> ListConfig:
    """Tags of a run in a dashboard: those of the config, and the selected options."""
    choices = HydraConfig.get().runtime.choices
    chosen = (choices.get(group) for group in ("experiment", "frame", "audio_features"))
    return ListConfig([*names, *(str(option) for option in chosen if option)])


def _gpus() -> ListConfig:
    """Ids of the GPUs that this process may use; one entry without an id where there is none."""
    named = os.environ.get("CUDA_VISIBLE_DEVICES")
    if named is not None:
        return ListConfig([device for device in named.split(",") if device] or [None])
    import torch

    return ListConfig(list(range(torch.cuda.device_count())) or [None])


def _sweep_folder() -> str:
    """Folder of the running sweep, from the environment."""
    return os.environ.get(SWEEP_FOLDER, "runs/sweeps")


def _actor() -> str:
    from beavervision.synthetic import actor_video

    return str(actor_video())


def _speech() -> str:
    from beavervision.synthetic import speech_audio

    return str(speech_audio())


def _slug(*, _root_: DictConfig) -> str:
    hydra: Any = _root_.get("hydra") or HydraConfig.get()
    frame = _frame_slug(_root_) if is_renderer(_root_.run.stage) else None
    return run_slug(hydra.overrides.task, hydra.runtime.choices, _root_.run.stage, frame, _root_.seed)


def _frame_slug(root: DictConfig) -> str:
    from beavervision.config.schemas import frame_spec

    return frame_spec(root.frame).slug
