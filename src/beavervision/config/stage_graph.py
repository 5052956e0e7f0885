"""Stage graph: order of training, inputs of each stage, and the renderers."""

from __future__ import annotations

from beavervision.config.plugins import StageInputs, plugins

CHAIN = ("audio2motion", "postnet", "radnerf_head", "radnerf_torso", "lower_face")
"""The stages of an avatar, in the order of training."""
AVATAR = CHAIN[:4]
"""Those that generate a head and a body."""
LOWER_FACE_DUB = ("audio2motion", "postnet", "lower_face")
"""Those that a dub needs which draws the lower face only."""
RENDERERS = ("radnerf_head", "radnerf_torso")
"""Stages that use images: their bundles belong to one clip and one canvas."""

STAGE_INPUTS = {
    "audio2motion": StageInputs(optional=("syncnet",)),
    "postnet": StageInputs(required=("audio2motion",), optional=("syncnet",)),
    "radnerf_torso": StageInputs(required=("radnerf_head",)),
    "infer": StageInputs(required=AVATAR),
    "dub": StageInputs(required=LOWER_FACE_DUB),
}


def stage_inputs(stage: str) -> StageInputs:
    """Return the inputs of a stage, of this package or of a plugin."""
    outside = {name: needs for plugin in plugins().values() for name, needs in plugin.needs.items()}
    return STAGE_INPUTS.get(stage) or outside.get(stage, StageInputs())


def is_renderer(stage: str) -> bool:
    """Whether a stage uses images, so that its runs and bundles belong to one canvas."""
    return stage in RENDERERS or any(stage in plugin.renderers for plugin in plugins().values())
