"""Slug of a run's folder: equal for equal experiments, different for different ones."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence

MATTERS = ("model.", "model/", "datamodule.", "audio_features", "face_model", "schedule.lr")
"""Prefixes of the overrides that change the training result and therefore appear in the name."""
DEFAULT = "default"
"""Name for runs without an experiment."""
DEBUG = "debug_"
"""Prefix of runs under debug=, whose bundles no later stage uses."""
LONGEST = 100
"""Largest length in characters; most file systems allow 255 per name, and the rest of the path needs some."""


def run_slug(
    overrides: Sequence[str], choices: Mapping[str, str | None], stage: str, frame_slug: str | None, seed: int
) -> str:
    """Return the folder name of a run.

    Args:
        overrides: the command line's `key=value` parts, in any order.
        choices: group -> chosen option.
        stage: name of the stage.
        frame_slug: slug of the canvas; None for stages without images.
        seed: seed of the run; the default, 1, does not appear.

    Example:
        >>> run_slug(["model.width=64"], {"model": "postnet", "experiment": "demo"}, "postnet", None, 2)
        'demo-width=64-seed=2'
    """
    parts = [f"{DEBUG}{choices['debug']}"] if choices.get("debug") else []
    parts.append(choices.get("experiment") or DEFAULT)
    if choices.get("model") not in (None, stage):
        parts.append(str(choices["model"]))
    if frame_slug:
        parts.append(frame_slug)
    chosen = (o.lstrip("+~") for o in overrides)
    parts += sorted(_short(o) for o in chosen if o.startswith(MATTERS))
    if seed != 1:
        parts.append(f"seed={seed}")
    return safe_file_name("-".join(parts))


def experiment_of_slug(slug: str) -> str:
    """Return the experiment of a run; `default` when it has none.

    Example:
        >>> experiment_of_slug("debug_overfit-demo-native-h256")
        'demo'
    """
    words = slug.split("-")
    return words[1] if words[0].startswith(DEBUG) else words[0]


def _short(override: str) -> str:
    """Remove `model.` and `datamodule.`, which are redundant inside a stage's folder."""
    return re.sub(r"^(model[./]|datamodule\.)", "", override)


def safe_file_name(text: str) -> str:
    """Return a name that is valid in every file system; different texts give different names.

    Example:
        >>> safe_file_name("lr=0.1")
        'lr=0.1'
    """
    name = re.sub(r"[^\w.,=+-]+", "_", text)
    if len(name) <= LONGEST and name == text:
        return name
    # Two texts must not get the same name by replaced characters or truncation.
    return f"{name[:LONGEST]}-{hashlib.sha256(text.encode()).hexdigest()[:8]}"
