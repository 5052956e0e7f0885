"""Check of a clip before a stage trains on it: whether it has speech, and shows the face for long enough."""

from __future__ import annotations

from pathlib import Path
from typing import Any, cast

from omegaconf import DictConfig

from beavervision.artifacts.clip import Clip
from beavervision.artifacts.manifest import kind_of
from beavervision.config.stage_graph import CHAIN
from beavervision.data.dataset_stats import MIN_SECONDS
from beavervision.data.recording import tracked_frames
from beavervision.errors import FootageError

SPEECH_STAGES = ("audio2motion", "postnet", "syncnet")
"""Stages that learn from speech."""
PICTURE_STAGES = tuple(stage for stage in CHAIN if stage not in SPEECH_STAGES)
UNUSABLE = "not usable"
"""Grade of the clip's report for a stage that cannot learn from it (preprocess.report.grading)."""


def speech_objection(cfg: DictConfig, source: Path) -> str | None:
    """Reason why a stage of speech cannot learn from the clip; None where it can, and for all other stages.

    Args:
        cfg: the whole config.
        source: folder of the training data.
    """
    if cfg.run.stage not in SPEECH_STAGES or kind_of(source) != "clip":
        return None
    clip = Clip.load(source)
    if not clip.has_audio:
        return "the footage has no sound"
    subjects = cast("list[dict[str, Any]]", clip.facts.report.get("subjects", []))
    number = cfg.datamodule.get("subject") or 0
    verdicts = subjects[number].get("verdicts", []) if number < len(subjects) else []
    return next((v["why"] for v in verdicts if v["stage"] == cfg.run.stage and v["grade"] == UNUSABLE), None)


def check_length(cfg: DictConfig, source: Path) -> None:
    """Refuse a clip that shows the face too shortly for any training.

    Raises:
        FootageError: names the clip, the frames with the face and the length that is needed.
    """
    if cfg.run.stage not in PICTURE_STAGES or kind_of(source) != "clip":
        return
    clip = Clip.load(source)
    frames = clip.train_range
    known = int(tracked_frames(clip.subject(cfg.datamodule.get("subject") or 0))[: frames.stop].sum())
    if known < (least := round(MIN_SECONDS * clip.fps)):
        raise FootageError(
            f"Clip {clip.name} shows the face clearly in {known} of its {len(frames)} frames to train on; at least "
            f"{least} are needed, so give longer footage (half a minute is good)."
        )
