"""Locates conf/: in the checkout, or inside the installed package."""

from __future__ import annotations

from pathlib import Path

from beavervision.errors import DependencyError

PACKAGE = Path(__file__).resolve().parents[1]


def conf_folder() -> Path:
    """Return the folder of the configs: inside the package if it was installed as a wheel, else in the checkout.

    Raises:
        DependencyError: when neither exists.
    """
    for folder in (PACKAGE / "conf", PACKAGE.parents[1] / "conf"):
        if (folder / "train.yaml").is_file():
            return folder
    raise DependencyError(f"{PACKAGE} came without its conf folder; install beavervision again.")
