"""The studio's password: read from a file, and asked for by the browser."""

from __future__ import annotations

import base64
import binascii
import hmac
from pathlib import Path

from beavervision.config.schemas import StudioSettings
from beavervision.errors import ConfigError
from beavervision.workflows.listening import is_loopback

MIN_PASSWORD = 8
"""Characters of a password."""


def read_password(settings: StudioSettings) -> str | None:
    """The password of the settings' file.

    Raises:
        ConfigError: when it cannot be read or is too short, or when others can reach the studio without one.
    """
    if not 0 <= settings.port <= 65_535:
        raise ConfigError(f"studio.port={settings.port} is not a number from 0 to 65535; give another value.")
    if settings.password is None:
        if is_loopback(settings.host):
            return None
        raise ConfigError(
            f"studio.host={settings.host} lets other machines in; write a password into a file and add "
            "studio.password=<file>."
        )
    path = Path(settings.password).expanduser()
    try:
        password = path.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError):
        raise ConfigError(f"studio.password={settings.password} cannot be read; give a text file.") from None
    if len(password) < MIN_PASSWORD:
        raise ConfigError(f"The password in {settings.password} is shorter than {MIN_PASSWORD}; take a longer one.")
    return password


def is_allowed(header: str, password: str) -> bool:
    """Whether a request's `authorization` header gives the password; compared in constant time.

    Example:
        >>> is_allowed("Basic c3R1ZGlvOnNlY3JldC13b3Jk", "secret-word")
        True
    """
    kind, _, encoded = header.partition(" ")
    try:
        given = base64.b64decode(encoded, validate=True).partition(b":")[2]
    except (binascii.Error, ValueError):
        return False
    return kind.lower() == "basic" and hmac.compare_digest(given, password.encode())
