"""Consent records: who agreed to be made to speak, for what, and until when."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from beavervision.artifacts.manifest import Text, first_problem
from beavervision.errors import ConfigError, StorageError

MAX_BYTES = 64 << 10
"""Largest file that is read as a record."""
MAX_DEPTH = 10
"""Lists within lists that are read; a record has one."""
TEMPLATE = """\
# Consent of a person whose avatar is trained. Give it to prepare: data.consent={name}
subject: {subject} # who is seen and heard
given_by: {subject} # who agreed: the same person, or who may act for them
date: {today} # when
purposes: # what films may be made for; infer refuses a provenance.purpose= that is not among them
  - {purpose}
until: {until} # last day on which films may be made; null: until it is withdrawn
contact: {contact} # whom to ask
"""
PLACEHOLDERS = {
    "subject": "Anna Example",
    "purpose": "e-learning",
    "contact": "anna@example.org",
}
"""What a template says before somebody fills it in."""


def _is_day(value: Any) -> Any:
    """Take days as YAML or ISO 8601 has them; a number would be taken for seconds since 1970."""
    if isinstance(value, datetime) or not isinstance(value, date | str | None):
        raise ValueError("write a day as 2026-11-29")
    return value


def _is_line(text: str) -> str:
    if not text.isprintable() or not text.strip():
        raise ValueError("write words on one line")
    return text


Line = Annotated[Text, Field(max_length=200), AfterValidator(_is_line)]
"""Words on one line."""
Day = Annotated[date, BeforeValidator(_is_day)]


class ConsentRecord(BaseModel):
    """What a person agreed to."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    subject: Line
    """Who is seen and heard."""
    given_by: Line
    """Who agreed: the subject, or who may act for them."""
    date: Day
    """When."""
    purposes: Annotated[tuple[Line, ...], Field(min_length=1, max_length=100)]
    """What films may be made for."""
    until: Annotated[date | None, BeforeValidator(_is_day)]
    """Last day on which films may be made; None: until it is withdrawn."""
    contact: Line
    """Whom to ask."""


@dataclass(frozen=True)
class Consent:
    """A consent record and the file that it was read from."""

    record: ConsentRecord
    path: Path
    sha256: str
    """Hex, of the file's bytes: what films carry."""

    def check(self, purpose: str | None, today: date) -> None:
        """Refuse a film that the person did not agree to.

        Args:
            purpose: of the film; None where nobody said.
            today: the day on which it is made.

        Raises:
            ConfigError: saying which part of the record stands against it.
        """
        record = self.record
        if record.until is not None and today > record.until:
            raise ConfigError(
                f"{self.path}: the consent of {record.subject} ended on {record.until}; ask {record.contact} for a new "
                "one and give it with data.consent=."
            )
        if today < record.date:
            raise ConfigError(f"{self.path}: the consent of {record.subject} begins on {record.date}; wait until then.")
        allowed = {one.strip().casefold() for one in record.purposes}
        if purpose is not None and purpose.strip().casefold() not in allowed:
            raise ConfigError(
                f"{self.path}: {record.subject} agreed to {_listed(record.purposes)}, not to {purpose}; choose another "
                f"provenance.purpose= or ask {record.contact}."
            )

    @property
    def summary(self) -> str:
        """Half a sentence: who agreed to what, until when."""
        record = self.record
        end = "until it is withdrawn" if record.until is None else f"until {record.until}"
        return f"{record.subject}, for {_listed(record.purposes)}, {end}"


def read_consent(path: Path) -> Consent:
    """Read and check a record.

    Raises:
        ConfigError: naming the file and the key that is wrong.
    """
    content = consent_bytes(path)
    again = "correct it, or write a template: beavervision consent NEW.yaml"
    with _told(path, again):
        record = ConsentRecord.model_validate(_parsed(content))
    if record.until is not None and record.until < record.date:
        raise ConfigError(f"{path}: until ({record.until}) is before date ({record.date}); {again}.")
    if record.subject == PLACEHOLDERS["subject"]:
        raise ConfigError(f"{path} is the template as it was written; fill in who agreed to what.")
    return Consent(record, path, hashlib.sha256(content).hexdigest())


def consent_bytes(path: Path) -> bytes:
    """Return the content of a record's file.

    Raises:
        ConfigError: when it cannot be read, or is no such file.
    """
    try:
        with path.open("rb") as stream:
            content = stream.read(MAX_BYTES + 1)
    except OSError as error:
        raise ConfigError(f"data.consent={path} cannot be read ({error.strerror}); give a consent record.") from None
    if len(content) > MAX_BYTES:
        raise ConfigError(f"data.consent={path} is larger than 64 kB, which no consent record is; give another file.")
    return content


def write_template(path: Path, today: date) -> None:
    """Write a record to fill in.

    Args:
        path: where; nothing may be there.
        today: the day that it says.

    Raises:
        StorageError: when something is there, or it cannot be written.
    """
    until = today.replace(year=today.year + 1, day=min(today.day, 28))
    text = TEMPLATE.format(name=path.name, today=today, until=until, **PLACEHOLDERS)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("x", encoding="utf-8") as stream:
            stream.write(text)
    except OSError as error:
        raise StorageError(f"{path} cannot be written ({error.strerror}); choose another place.") from None


def _parsed(content: bytes) -> Any:
    """A YAML file as plain values.

    Raises:
        ValueError: when it is none.
    """
    import yaml

    class Loader(yaml.SafeLoader):
        """Knows no aliases, by which a few bytes could grow without end, and no deep nests."""

        depth = 0

        def compose_node(self, parent: Any, index: Any) -> Any:
            if self.check_event(yaml.AliasEvent):
                raise yaml.YAMLError("it uses aliases (*), which a consent record does not need")
            if self.depth > MAX_DEPTH:
                raise yaml.YAMLError("it is nested too deeply")
            self.depth += 1
            try:
                return super().compose_node(parent, index)
            finally:
                self.depth -= 1

    try:
        return yaml.load(content.decode("utf-8"), Loader=Loader)
    except yaml.YAMLError as error:
        raise ValueError(" ".join(str(error).split())[:160]) from None


@contextmanager
def _told(path: Path, remedy: str) -> Iterator[None]:
    """Turn what is wrong with a record into one sentence."""
    try:
        yield
    except ValidationError as error:
        raise ConfigError(f"{path}: {first_problem(error)}; {remedy}.") from None
    except RecursionError:
        raise ConfigError(f"{path} is nested too deeply; {remedy}.") from None
    except ValueError as error:
        raise ConfigError(f"{path} cannot be read ({error}); {remedy}.") from None


def _listed(words: tuple[str, ...]) -> str:
    return ", ".join(words)
