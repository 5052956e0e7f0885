"""`model.init`: the trained network from which a stage's training starts."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from omegaconf import DictConfig, OmegaConf

import beavervision
from beavervision.artifacts.bundle import BundleFacts
from beavervision.artifacts.clip import ClipFacts
from beavervision.artifacts.manifest import MANIFEST, Manifest, kind_of
from beavervision.artifacts.synthetic_speech import SyntheticSpeechFacts
from beavervision.errors import BundleError

GENERAL = Path(beavervision.__file__).parent / "models" / "general"
"""Bundles of the package, one per stage, trained on many voices."""
AUTO, NONE, SHIPPED = "auto", "none", "general"


def find_initial_bundle(cfg: DictConfig, source: Path) -> Path | None:
    """Return the bundle whose network is adapted to the config's person; None to train from scratch.

    `model.init=auto` selects the package's bundle for one person if it fits, and prints this in one line.

    Args:
        cfg: the whole config.
        source: folder of the clip or corpus for training.

    Raises:
        BundleError: when the bundle of the config does not exist or does not fit.
    """
    wanted = cfg.model.get("init")
    if wanted in (None, NONE) or (wanted == AUTO and kind_of(source) == "corpus"):
        return None
    stage = cfg.run.stage
    folder = GENERAL / stage if wanted in (AUTO, SHIPPED) else Path(wanted).resolve()
    objection = _objection(folder, cfg, source)
    if objection is None:
        print(f"{stage} adapts {_name(folder)} (model.init=none: begins with nothing)", flush=True)
        return folder
    if wanted == AUTO:
        print(f"{stage} begins with nothing: {objection}", flush=True)
        return None
    raise BundleError(f"model.init={wanted}: {objection}; give model.init=none or another bundle.")


def shorten_schedule(cfg: DictConfig, initial: Path | None) -> None:
    """Shorten the schedule to that of an adaptation, if one person's training starts from a bundle."""
    steps, many = OmegaConf.select(cfg, "schedule.adapt_steps"), OmegaConf.select(cfg, "data.clips")
    if initial is None or many is not None or steps is None or cfg.schedule.max_steps <= steps:
        return
    cfg.schedule.max_steps = steps
    cfg.schedule.val_every = min(cfg.schedule.val_every, steps)
    if steps == 1 and OmegaConf.select(cfg, "datamodule.augmented_copies") is not None:
        cfg.datamodule.augmented_copies = 0  # An adaptation in closed form does not use them.


def _objection(folder: Path, cfg: DictConfig, source: Path) -> str | None:
    """Reason why a bundle cannot be adapted, or None."""
    if not (folder / MANIFEST).is_file():
        return f"there is no bundle in {folder}"
    facts = Manifest.read(folder, BundleFacts).facts.model_dump()
    if facts["stage"] != cfg.run.stage:
        return f"{folder} is a bundle of {facts['stage']}"
    own = _asked_for(cfg, source)
    for name, value in own.items():
        if facts.get(name, value) != value:
            return f"{_name(folder)} has {name} {_shown(facts[name])}, not {_shown(value)}"
    return None


def _asked_for(cfg: DictConfig, source: Path) -> dict[str, Any]:
    """Facts of the bundle that must agree with the training."""
    own: dict[str, Any] = {"audio_features": OmegaConf.to_container(cfg.audio_features, resolve=True)}
    if "motion" in cfg.datamodule:
        own["motion"] = cfg.datamodule.motion
    if kind_of(source) != "corpus":
        kind = ClipFacts if kind_of(source) == ClipFacts.KIND else SyntheticSpeechFacts
        facts = Manifest.read(source, kind).facts
        own |= {"basis": facts.basis, "fps": facts.fps}
    return own


def _name(folder: Path) -> str:
    return f"the general {folder.name}" if folder.parent == GENERAL else str(folder)


def _shown(value: Any) -> str:
    return str(value["kind"]) if isinstance(value, dict) else str(value)
