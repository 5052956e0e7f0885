"""Where conf/ lies: there is one copy, in the checkout or inside the installed package."""

from __future__ import annotations

from pathlib import Path

from beavervision.errors import DependencyError

PACKAGE = Path(__file__).resolve().parents[1]


def conf_folder() -> Path:
    """Return the folder of the configs: inside the package when it came as a wheel, else the checkout's.

    Raises:
        DependencyError: when neither is there.
    """
    for folder in (PACKAGE / "conf", PACKAGE.parents[1] / "conf"):
        if (folder / "train.yaml").is_file():
            return folder
    raise DependencyError(f"{PACKAGE} came without its conf folder; install beavervision again.")
