"""What a film's credentials say: how it was made, from which bundles, speech and footage, and with whose consent."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timezone
from pathlib import Path
from typing import Any, Literal

from beavervision import __version__

FILM_ASSERTION = "org.beavervision.film"
"""Label of our own assertion, which holds what C2PA has no place for."""
ACTIONS = "c2pa.actions.v2"
GENERATOR = "beavervision"
NO_CONSENT = "no consent record"
GENERATED, COMPOSITE = "trainedAlgorithmicMedia", "compositeWithTrainedAlgorithmicMedia"
"""IPTC's digital source types: all of it generated, or generated parts in somebody's footage."""
SOURCE_TYPE_URL = "http://cv.iptc.org/newscodes/digitalsourcetype/"
FOOTAGE_LABEL = "footage"
"""By which an action names the ingredient."""


@dataclass(frozen=True)
class NamedHash:
    """A file by its name and the hex SHA-256 of its bytes; folders are not told."""

    name: str
    sha256: str

    @property
    def json(self) -> dict[str, str]:
        """As the assertion holds it."""
        return {"name": self.name, "sha256": self.sha256}


@dataclass(frozen=True)
class PersonRecord:
    """One generated person of a film."""

    subject: int
    """Number of the person in the clip."""
    clip: str
    """Name of the clip that the bundles were trained on."""
    bundles: Mapping[str, str]
    """Stage -> hex SHA-256 of the bundle's manifest, which holds the hashes of the rest."""
    speech: NamedHash | None
    """What the person says; None where the person is silent."""

    @property
    def json(self) -> dict[str, Any]:
        """As the assertion holds it."""
        spoken = {} if self.speech is None else {"speech": self.speech.json}
        return {"subject": self.subject, "clip": self.clip, "bundles": dict(self.bundles), **spoken}


@dataclass(frozen=True)
class FilmRecord:
    """Everything that the credentials of one film say."""

    mode: Literal["avatar", "dub"]
    people: Sequence[PersonRecord] = ()
    footage: Path | None = None
    """The footage that the film shows: a dub's, or an avatar's before its moving surroundings; None for neither."""
    footage_sha256: str = ""
    consent: str | None = None
    """Hex SHA-256 of the consent record; None where there is none."""
    purpose: str | None = None
    """What the film is for; None where nobody said."""
    thumbnail: bytes = field(default=b"", repr=False)
    """JPEG of a frame of the footage."""

    @property
    def source_type(self) -> str:
        """IPTC's word for how the film came to be."""
        return GENERATED if self.footage is None else COMPOSITE

    @property
    def mark(self) -> str:
        """The sentence that the film says of itself in its metadata."""
        return f"AI-generated ({self.source_type}) by {GENERATOR} {__version__}"

    @property
    def consent_note(self) -> str:
        """Half a sentence on the consent record."""
        return f"{NO_CONSENT} (data.consent=)" if self.consent is None else f"consent record {self.consent[:12]}"

    def manifest(self, title: str, media_type: str) -> dict[str, Any]:
        """Return the C2PA manifest definition.

        Args:
            title: name of the film.
            media_type: such as video/mp4.
        """
        assertions = [
            {"label": ACTIONS, "data": {"actions": self._actions()}},
            {"label": FILM_ASSERTION, "data": self._facts()},
        ]
        return {
            "claim_generator_info": [{"name": GENERATOR, "version": __version__}],
            "title": title,
            "format": media_type,
            "assertions": assertions,
        }

    @property
    def ingredient(self) -> dict[str, Any]:
        """The footage as C2PA's parent ingredient."""
        thumbnail = {"thumbnail": {"format": "image/jpeg", "identifier": "footage.jpg"}} if self.thumbnail else {}
        name = "footage" if self.footage is None else self.footage.name
        return {
            "title": name,
            "relationship": "parentOf",
            "label": FOOTAGE_LABEL,
            "description": f"sha256 {self.footage_sha256}",
            **thumbnail,
        }

    def _actions(self) -> list[dict[str, Any]]:
        agent = {
            "softwareAgent": {"name": GENERATOR, "version": __version__},
            "when": datetime.now(timezone.utc).isoformat(timespec="seconds"),
        }
        source = {"digitalSourceType": SOURCE_TYPE_URL + self.source_type}
        if self.footage is None:
            return [{"action": "c2pa.created", **agent, **source}]
        # C2PA 2.x wants an edit to begin with what was opened.
        opened = {"action": "c2pa.opened", **agent, "parameters": {"ingredientIds": [FOOTAGE_LABEL]}}
        return [opened, {"action": "c2pa.edited", **agent, **source}]

    def _facts(self) -> dict[str, Any]:
        footage = {} if self.footage is None else {"footage": NamedHash(self.footage.name, self.footage_sha256).json}
        return {
            "mode": self.mode,
            "people": [person.json for person in self.people],
            **footage,
            "consent": NO_CONSENT if self.consent is None else {"sha256": self.consent},
            "purpose": self.purpose or "not stated",
        }
