"""Read the content credentials (C2PA) of any file. Their contents are untrusted input."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, Literal, get_args

from beavervision.errors import FootageError
from beavervision.provenance.film_record import FILM_ASSERTION

State = Literal["Trusted", "Valid", "Invalid"]
"""Trusted: signature and bytes are valid, the certificate is trusted. Valid: without the trust. Invalid: neither."""
MAX_TEXT = 200
"""Maximum number of characters of a text that are kept."""
UNTRUSTED = "signingCredential.untrusted"
"""Failure code without meaning for the file: no given root certificate is behind the signature."""


class NoCredentialsError(Exception):
    """The file has no credentials, but its type can contain them."""


class UnreadableError(Exception):
    """The file or its credentials cannot be parsed."""


class UnknownKindError(UnreadableError):
    """The type of the file cannot contain credentials."""


@dataclass(frozen=True)
class Ingredient:
    """A file that another file was made from."""

    title: str
    relationship: str
    """parentOf, componentOf or inputTo."""
    description: str
    signed_by: str
    """Signer of the ingredient's own credentials; empty when it has none."""
    failures: tuple[str, ...]
    """C2PA codes of the failures of the ingredient's own credentials when it was added."""


@dataclass(frozen=True)
class Credentials:
    """Contents of the active manifest of a file, and whether it is valid."""

    state: State
    failures: tuple[str, ...]
    """C2PA codes of the failures."""
    generator: str
    """Program that made the file, with its version."""
    signed_by: str
    """Subject of the certificate."""
    issuer: str
    """Issuer of the certificate."""
    when: str
    """Time at which the file was made, as stated by the program; empty when it states none."""
    actions: tuple[tuple[str, str], ...]
    """C2PA action and IPTC digital source type (empty when none is stated), in order."""
    ingredients: tuple[Ingredient, ...]
    film: Mapping[str, Any] | None
    """Assertion of beavervision; None in a file of another program."""


def read_credentials(content: BinaryIO, anchors_pem: str = "", manifest: bytes | None = None) -> Credentials:
    """Read and check the credentials of a file.

    Args:
        content: the file, open for reading.
        anchors_pem: trusted root certificates, PEM.
        manifest: content of a sidecar; None reads the credentials inside the file.

    Raises:
        NoCredentialsError: when there are none.
        UnknownKindError: when the type of the file cannot contain any.
        UnreadableError: when the file or its credentials are damaged.
        FootageError: when the anchors are no certificates.
    """
    import c2pa

    settings: dict[str, Any] = {"verify": {"remote_manifest_fetch": False, "ocsp_fetch": False}}
    if anchors_pem:
        settings["trust"] = {"user_anchors": anchors_pem}
    # A sidecar can belong to a file of any type; without one, the library detects the type.
    kind = None if manifest is None else "application/octet-stream"
    try:
        with (
            c2pa.Context.from_dict(settings) as context,
            c2pa.Reader(kind, content, manifest_data=manifest, context=context) as reader,
        ):
            return _credentials(json.loads(reader.json()), json.loads(reader.crjson()))
    except c2pa.C2paError as error:
        # The subclasses are set as attributes at run time, where type checkers do not see them.
        kinds = {"_C2paManifestNotFound": NoCredentialsError, "_C2paNotSupported": UnknownKindError}
        raise kinds.get(type(error).__name__, UnreadableError)(_plain(error)) from None
    except (ValueError, RecursionError) as error:
        raise UnreadableError(_plain(error)) from None


def read_sidecar(path: Path) -> bytes:
    """Return the content of a sidecar.

    Raises:
        FootageError: when it cannot be read.
    """
    try:
        return path.read_bytes()
    except OSError as error:
        raise FootageError(f"{path} cannot be read ({error.strerror}); give the .c2pa file of the film.") from None


def _credentials(report: Any, certificates: Any) -> Credentials:
    manifests, active = _table(_table(report).get("manifests")), printable(_table(report).get("active_manifest"))
    manifest = _table(manifests.get(active))
    if not manifest:
        raise NoCredentialsError
    assertions = {printable(one.get("label")): one.get("data") for one in _tables(manifest.get("assertions"))}
    actions = [a for label, data in assertions.items() if label.startswith("c2pa.actions")
               for a in _tables(_table(data).get("actions"))]  # fmt: skip
    found = _table(_table(_table(report).get("validation_results")).get("activeManifest"))
    failures = tuple(printable(one.get("code")) for one in _tables(found.get("failure")))
    signature = _table(manifest.get("signature_info"))
    info = _certificate(certificates, active)
    states: dict[str, State] = {state: state for state in get_args(State)}
    return Credentials(
        state=states.get(printable(_table(report).get("validation_state")), "Invalid"),
        failures=tuple(code for code in failures if code != UNTRUSTED),
        generator=", ".join(_program(one) for one in _tables(manifest.get("claim_generator_info")))
        or printable(manifest.get("claim_generator")),
        signed_by=printable(signature.get("common_name")) or printable(signature.get("issuer")),
        issuer=printable(_table(info.get("issuer")).get("CN")) or printable(signature.get("issuer")),
        when=printable(signature.get("time")) or next((t for a in actions if (t := printable(a.get("when")))), ""),
        actions=tuple((printable(a.get("action")), _source(a)) for a in actions),
        ingredients=tuple(_ingredient(one, manifests) for one in _tables(manifest.get("ingredients"))),
        film=_table(assertions.get(FILM_ASSERTION)) or None,
    )


def _ingredient(one: Mapping[str, Any], manifests: Mapping[str, Any]) -> Ingredient:
    own = _table(manifests.get(printable(one.get("active_manifest"))))
    signature, found = _table(own.get("signature_info")), _table(one.get("validation_results"))
    failures = (printable(f.get("code")) for f in _tables(_table(found.get("activeManifest")).get("failure")))
    return Ingredient(
        printable(one.get("title")),
        printable(one.get("relationship")),
        printable(one.get("description")),
        printable(signature.get("common_name")) or printable(signature.get("issuer")),
        tuple(code for code in failures if code != UNTRUSTED),
    )


def _source(action: Mapping[str, Any]) -> str:
    """Last part of the URL of the digital source type."""
    return printable(action.get("digitalSourceType")).rpartition("/")[2]


def _certificate(report: Any, active: str) -> Mapping[str, Any]:
    for manifest in _tables(_table(report).get("manifests")):
        if manifest.get("label") == active:
            return _table(_table(manifest.get("signature")).get("certificateInfo"))
    return {}


def _program(info: Mapping[str, Any]) -> str:
    return f"{printable(info.get('name'))} {printable(info.get('version'))}".strip()


def _table(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _tables(value: Any) -> Iterator[Mapping[str, Any]]:
    return (one for one in value if isinstance(one, dict)) if isinstance(value, list) else iter(())


def printable(value: Any) -> str:
    """Return a value of the credentials as text without control characters, which could control a terminal."""
    if not isinstance(value, str | int | float):
        return ""
    return "".join(c if c.isprintable() else "?" for c in str(value)[:MAX_TEXT])


def _plain(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0].rstrip(".")
