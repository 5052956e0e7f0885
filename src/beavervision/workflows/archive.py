"""Packs a person's newest bundles into one file."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from beavervision.artifacts.archive import BUNDLE, SUFFIX, ArchiveManifest, pack
from beavervision.artifacts.manifest import MANIFEST
from beavervision.errors import BundleError, ConfigError
from beavervision.workflows.upstream import BundleQuery, newest_bundle, trained_subjects


def pack_person(folder: Path, out: Path, experiment: str | None = None) -> ArchiveManifest:
    """Write an archive with the newest bundle of every stage, for each person of the clip.

    Args:
        folder: `<runs>/<name>`.
        out: file to write, ending in .bva.
        experiment: prefer bundles of this experiment.

    Raises:
        BundleError: when nothing is trained.
        ConfigError: when the file has another ending.
    """
    if out.suffix != SUFFIX:
        raise ConfigError(f"{out} should end in {SUFFIX}; name it {out.with_suffix(SUFFIX).name}.")
    if not folder.is_dir():
        raise BundleError(f"{folder} does not exist; give the folder of a trained person, such as runs/me.")
    stages = sorted({path.parts[-4] for path in folder.glob(f"*/*/{BUNDLE}/{MANIFEST}")})
    search = BundleQuery(folder.parent, folder.name, experiment)
    found = {
        (stage, newest_bundle(stage, replace(search, subject=subject)))
        for stage in stages
        for subject in trained_subjects(stage, search)
    }
    bundles = [(stage, bundle) for stage, bundle in found if bundle is not None]
    if not bundles:
        raise BundleError(f"{folder} has no finished bundle; train a stage first: python train.py model=lower_face ...")
    return pack(out, folder.name, bundles)
