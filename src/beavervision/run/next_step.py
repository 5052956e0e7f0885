"""What to type next."""

from __future__ import annotations

from omegaconf import DictConfig

from beavervision.run.upstream import CHAIN


def who(cfg: DictConfig) -> str:
    """Return the part of a command that says whose avatar it is."""
    return "data=demo" if cfg.data.name == "demo" else f"data=myvideo data.name={cfg.data.name}"


def command_after(stage: str, cfg: DictConfig) -> str:
    """Return the command that comes after training `stage`: the chain's next stage, or infer."""
    choices = _experiment(cfg)
    after = CHAIN[CHAIN.index(stage) + 1 :][:1] if stage in CHAIN else ()
    if after:
        return f"python train.py model={after[0]} {who(cfg)}{choices}"
    return f"python infer.py {who(cfg)} audio=speech.wav"


def _experiment(cfg: DictConfig) -> str:
    name = cfg.run.slug.split("-")[0]
    return "" if name == "default" else f" experiment={name}"
