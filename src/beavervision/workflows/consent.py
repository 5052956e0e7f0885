"""The consent record on its way: from the config into the clip, from there into bundles, from those into films."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from pathlib import Path

from beavervision.artifacts.atomic_write import atomic_file
from beavervision.artifacts.clip import CONSENT, Clip
from beavervision.errors import ConfigError
from beavervision.inference.avatar import TORSO
from beavervision.provenance.consent import Consent, read_consent


def keep_consent(folder: Path, content: bytes | None) -> None:
    """Keep a consent record in an artifact, unless it has just this one; None leaves what is there."""
    path = folder / CONSENT
    if content is None or (path.is_file() and path.read_bytes() == content):
        return
    with atomic_file(path) as part:
        part.write_bytes(content)


def carry_consent(source: Path, bundle: Path) -> None:
    """Carry the consent record of a clip into a bundle that was learnt from it."""
    path = source / CONSENT
    if path.is_file():
        keep_consent(bundle, path.read_bytes())


def consent_of(clip: Clip | None, people: Iterable[Mapping[str, Path]]) -> Consent | None:
    """Return the consent record that a film is made under: the clip's, which may be newer, else the bundles'.

    Args:
        clip: the footage; None where it is not there.
        people: stage -> bundle folder of each person.

    Raises:
        ConfigError: when a record is damaged.
    """
    folders = [] if clip is None else [clip.folder]
    folders += [bundles[stage] for bundles in people for stage in sorted(bundles, key=lambda name: name != TORSO)]
    return next((read_consent(folder / CONSENT) for folder in folders if (folder / CONSENT).is_file()), None)


def require_consent(consent: Consent | None, purpose: str | None, today: date, *, required: bool) -> str | None:
    """Check the consent of the people of a film, for callers that may insist on a record, such as a server.

    Args:
        consent: of `consent_of`.
        purpose: of the film; None where nobody stated it.
        today: the day on which it is made.
        required: whether a film without a record is refused.

    Returns:
        SHA-256 of the record, for the film's credentials; None without a record.

    Raises:
        ConfigError: when the record is required and missing, or does not allow the film.
    """
    if consent is None:
        if required:
            raise ConfigError(
                "There is no consent record for this person, and one is required; prepare the clip with data.consent=."
            )
        return None
    consent.check(purpose, today)
    return consent.sha256
