"""Bearer tokens: kept as hashes, compared in constant time."""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from beavervision.artifacts.atomic_write import atomic_file
from beavervision.artifacts.manifest import first_problem
from beavervision.errors import ConfigError

MAX_BYTES = 1 << 20
"""Largest file of tokens."""
HASH = re.compile(r"[0-9a-f]{64}")
NAME = re.compile(r"[\w.@-]{1,64}")
ANYBODY = "anybody"
"""Name of clients where no tokens are asked for."""


class TokenRecords(BaseModel):
    """The file: name -> hex SHA-256 of the token. Tokens have 256 random bits, so a fast hash is enough."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    tokens: Mapping[Annotated[str, Field(max_length=64)], Annotated[str, Field(pattern=HASH.pattern)]]


@dataclass(frozen=True)
class TokenFile:
    """Who may use the server; an empty one lets anybody in."""

    hashes: Mapping[str, str]

    @classmethod
    def read(cls, path: Path | None) -> TokenFile:
        """Read a file of tokens; None asks for none.

        Raises:
            ConfigError: when the file cannot be read or holds no tokens.
        """
        if path is None:
            return cls({})
        remedy = f"write one with: beavervision token NAME {path}"
        try:
            with path.open("rb") as stream:
                content = stream.read(MAX_BYTES + 1)
            if len(content) > MAX_BYTES:
                raise ConfigError(f"serve.tokens={path} is larger than 1 MB; {remedy}.")
            records = TokenRecords.model_validate(yaml.safe_load(content.decode()))
        except OSError as error:
            raise ConfigError(f"serve.tokens={path} cannot be read ({error.strerror}); {remedy}.") from None
        except ValidationError as error:
            raise ConfigError(f"serve.tokens={path}: {first_problem(error)}; {remedy}.") from None
        except (yaml.YAMLError, UnicodeDecodeError, RecursionError):
            raise ConfigError(f"serve.tokens={path} is no YAML; {remedy}.") from None
        if not records.tokens:
            raise ConfigError(f"serve.tokens={path} holds no tokens; {remedy}.")
        return cls(dict(records.tokens))

    def client(self, token: str | None) -> str | None:
        """Name of the client with this token; None where it is unknown.

        Every hash is compared, in constant time.
        """
        if not self.hashes:
            return ANYBODY
        given, found = _hash(token or ""), None
        for name, known in self.hashes.items():
            if hmac.compare_digest(given, known):
                found = name
        return found


def add_token(path: Path, name: str) -> str:
    """Add a token to a file, or replace that of the same name; the token is returned and not kept.

    Raises:
        ConfigError: when the name or the file is invalid.
    """
    if not NAME.fullmatch(name):
        raise ConfigError(f"{name!r} is no name for a token; take letters, digits, and . _ @ -.")
    hashes = dict(TokenFile.read(path).hashes) if path.exists() else {}
    token = secrets.token_urlsafe(32)
    hashes[name] = _hash(token)
    with atomic_file(path) as part:
        part.touch(mode=0o600)
        part.write_text(yaml.safe_dump({"tokens": hashes}), encoding="utf-8")
    return token


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
