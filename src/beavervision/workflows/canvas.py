"""Canvas of a training: resolves `frame=auto` for the clip, and refuses a face that is too small."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

from hydra.core.hydra_config import HydraConfig
from omegaconf import DictConfig, OmegaConf

from beavervision.artifacts.clip import Clip
from beavervision.config.schemas import frame_spec
from beavervision.config.stage_graph import is_renderer
from beavervision.face.canvas_recommendation import canvas_reason, check_legible, resolve_auto
from beavervision.face.framing import FrameSpec
from beavervision.workflows.distributed_launch import is_rank_zero

HEIGHT = "frame.height"


def resolve_canvas(cfg: DictConfig, source: Path) -> FrameSpec:
    """Replace `frame=auto` in the config of a renderer by the canvas for the clip, and print it.

    The name of the run's folder does not change, so that it does not depend on whether the clip was prepared before.

    Args:
        cfg: the whole config, whose clip is prepared.
        source: folder of the clip.

    Raises:
        ConfigError: when a renderer's canvas shows the face too small for training.
    """
    spec = frame_spec(cfg.frame)
    if not is_renderer(cfg.run.stage):
        return spec
    clip = Clip.load(source)
    box = clip.subject(cfg.datamodule.get("subject") or 0).box
    if spec.is_auto:
        n_people = max(len(clip.facts.people), len(clip.subjects))
        spec = resolve_auto(spec, box, clip.size, n_people, exact_height=_is_given(HEIGHT))
        # The slug is computed from the canvas whenever it is read; it stays that of the run's folder.
        cfg.run.slug = str(cfg.run.slug)
        cfg.frame = OmegaConf.create({**asdict(spec), "offset": list(spec.offset)})
        if is_rank_zero():
            print(_canvas_line(spec), flush=True)
    check_legible(spec, box, clip.size)
    return spec


def canvas_arguments() -> str:
    """The command line's own settings of the canvas, for a command that is suggested: ` frame=1x1`, or nothing."""
    own = [o for o in HydraConfig.get().overrides.task if o.split("=")[0] == "frame" or o.startswith("frame.")]
    return "".join(f" {override}" for override in own)


def _canvas_line(spec: FrameSpec) -> str:
    """One line: the canvas, and why."""
    return f"canvas: {spec.overrides} (frame=auto). {canvas_reason(spec)}"


def _is_given(key: str) -> bool:
    """Whether the command line sets this key."""
    return any(o.lstrip("+").startswith(f"{key}=") for o in HydraConfig.get().overrides.task)
