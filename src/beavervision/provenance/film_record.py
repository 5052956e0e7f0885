"""Contents of a film's credentials: how it was made, from which bundles, speech and footage, under which consent."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timezone
from pathlib import Path
from typing import Any, Literal

from beavervision import __version__

FILM_ASSERTION = "org.beavervision.film"
"""Label of our own assertion, for facts that C2PA has no assertion for."""
ACTIONS = "c2pa.actions.v2"
GENERATOR = "beavervision"
NO_CONSENT = "no consent record"
GENERATED, COMPOSITE = "trainedAlgorithmicMedia", "compositeWithTrainedAlgorithmicMedia"
"""IPTC's digital source types: generated as a whole, or generated parts in footage."""
SOURCE_TYPE_URL = "http://cv.iptc.org/newscodes/digitalsourcetype/"
FOOTAGE_LABEL = "footage"
"""Label by which an action refers to the ingredient."""


@dataclass(frozen=True)
class NamedHash:
    """Name of a file, without its folder, and the hex SHA-256 of its bytes."""

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
    """Stage -> hex SHA-256 of the bundle's manifest, which contains the hashes of its other files."""
    speech: NamedHash | None
    """Speech of the person; None when the person is silent."""

    @property
    def json(self) -> dict[str, Any]:
        """As the assertion holds it."""
        spoken = {} if self.speech is None else {"speech": self.speech.json}
        return {"subject": self.subject, "clip": self.clip, "bundles": dict(self.bundles), **spoken}


@dataclass(frozen=True)
class FilmRecord:
    """Contents of the credentials of one film."""

    mode: Literal["avatar", "dub"]
    people: Sequence[PersonRecord] = ()
    footage: Path | None = None
    """Footage that the film shows: in a dub, and in an avatar with `background=source`; else None."""
    footage_sha256: str = ""
    consent: str | None = None
    """Hex SHA-256 of the consent record; None when there is none."""
    purpose: str | None = None
    """Purpose of the film; None when it was not stated."""
    thumbnail: bytes = field(default=b"", repr=False)
    """JPEG of a frame of the footage."""

    @property
    def source_type(self) -> str:
        """IPTC's digital source type of the film."""
        return GENERATED if self.footage is None else COMPOSITE

    @property
    def mark(self) -> str:
        """Sentence for the metadata of the film, see `video.film_mark`."""
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
