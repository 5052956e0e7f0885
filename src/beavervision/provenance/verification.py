"""Verify a file by its content credentials: a verdict and one sentence for each kind of change."""

from __future__ import annotations

import io
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from beavervision.artifacts.manifest import sha256_file
from beavervision.compositing.watermark import PUBLIC_KEY
from beavervision.errors import ConfigError, FootageError
from beavervision.provenance.certificates import common_name, read_certificates
from beavervision.provenance.credentials import (
    Credentials,
    NoCredentialsError,
    UnknownKindError,
    UnreadableError,
    read_credentials,
    read_sidecar,
)
from beavervision.provenance.film_record import GENERATOR
from beavervision.provenance.film_signer import sidecar_of
from beavervision.provenance.listing import folder_listing, stream_listing
from beavervision.provenance.signing_key import own_anchor
from beavervision.provenance.watermark import WatermarkFinding, detect
from beavervision.video.boxes import missing_bytes
from beavervision.video.film_mark import read_mark

Verdict = Literal["intact", "untrusted", "changed", "damaged", "expired", "cut", "copied", "reencoded", "unsigned"]
SIGNED: tuple[Verdict, ...] = ("intact", "untrusted")
"""Verdicts with a valid signature, of whomever."""
MARKED = "Its pixels hold the invisible mark of films that were generated with beavervision."
HOLDS: tuple[Verdict, ...] = ("intact",)
"""Verdicts with exit code 0; all others have 1."""
BYTES_DIFFER = (".dataHash.mismatch", ".bmffHash.mismatch", ".boxesHash.mismatch", ".collectionHash.mismatch")
"""Endings of the C2PA codes for bytes that differ from the signed ones."""


class NoCarrierError(FootageError):
    """A file is of a kind that cannot carry credentials, and there are none beside it."""


@dataclass(frozen=True)
class Anchors:
    """Trusted root certificates."""

    file: Path | None = None
    """PEM file; None when there are none."""
    given: bool = False
    """Whether the user named the file; otherwise it belongs to this machine's own key."""

    @property
    def pem(self) -> str:
        """Content of the PEM file; empty when there is none.

        Raises:
            ConfigError: when it cannot be read or contains no certificate.
        """
        if self.file is None:
            return ""
        try:
            content = self.file.read_bytes()
        except OSError as error:
            raise ConfigError(f"{self.file} cannot be read ({error.strerror}); give a PEM file as --trust.") from None
        read_certificates(content, self.file)
        return content.decode("ascii", "ignore")

    def name_of(self, issuer: str) -> str:
        """Return the name of the root certificate behind a certificate of `issuer`, with its file."""
        names = [] if self.file is None else [common_name(c) for c in read_certificates(self.pem.encode(), self.file)]
        found = issuer if issuer in names else names[0] if len(names) == 1 else f"one of {len(names)} certificates"
        return f"{found} in {self.file}"


@dataclass(frozen=True)
class Verification:
    """Result of the verification of a file."""

    file: Path
    verdict: Verdict
    sentence: str
    credentials: Credentials | None = None
    sidecar: Path | None = None
    anchor: str = ""
    """Root certificate that the signature is trusted by; empty when there is none."""
    watermark: WatermarkFinding | None = None
    """Result of the search for the invisible mark; None where it was not searched."""

    @property
    def holds(self) -> bool:
        """Whether signature and bytes are valid and, if the user named root certificates, one of them is trusted."""
        return self.verdict in HOLDS


def verify(
    file: Path,
    anchors: Path | None = None,
    sidecar: Path | None = None,
    *,
    watermark_key: str = PUBLIC_KEY,
    watermark: bool = False,
) -> Verification:
    """Verify a file or a folder of images.

    Where the credentials are missing or do not hold, the film is searched for the invisible mark.

    Args:
        file: a file of any program that writes content credentials.
        anchors: PEM file of root certificates, one of which must be behind the signature; None requires none and uses
            that of this machine's own key, if there is one.
        sidecar: the `.c2pa` file; None reads the credentials inside the file, else those of the file beside it.
        watermark_key: key of the invisible mark.
        watermark: whether the mark is searched in any case; it takes seconds.

    Raises:
        FootageError: when the file cannot be read, or is of a kind that cannot carry credentials and has no mark.
    """
    try:
        found = verify_credentials(file, anchors, sidecar)
    except NoCarrierError:
        mark = _searched(Path(file), watermark_key)
        if mark is None or not mark.found:
            raise
        sentence = f"{file} is of a kind that carries no content credentials. {MARKED}"
        return Verification(Path(file), "unsigned", sentence, watermark=mark)
    if found.verdict in SIGNED and not watermark:
        return found
    mark = _searched(Path(file), watermark_key)
    if mark is None:
        return found
    sentence = f"{found.sentence} {MARKED}" if mark.found and found.verdict not in SIGNED else found.sentence
    return replace(found, sentence=sentence, watermark=mark)


def _searched(file: Path, key: str) -> WatermarkFinding | None:
    """The invisible mark of a film; None for what is no film."""
    try:
        return detect(file, key)
    except FootageError:
        return None


def verify_credentials(file: Path, anchors: Path | None = None, sidecar: Path | None = None) -> Verification:
    """Verify a file by its credentials alone; see `verify`.

    Raises:
        FootageError: when the file cannot be read.
        NoCarrierError: when it is of a kind that cannot carry credentials, and there are none beside it.
    """
    file = Path(file)
    trusted = Anchors(anchors, given=True) if anchors is not None else Anchors(own_anchor())
    if not file.exists():
        raise FootageError(f"{file} does not exist; give a film, or a folder of pictures.")
    if file.is_file() and not file.stat().st_size:
        raise FootageError(f"{file} is empty; give a film, or a folder of pictures.")
    pem, beside = trusted.pem, sidecar_of(file)
    try:
        if sidecar is None and file.is_file():
            with file.open("rb") as stream:
                return _judged(file, read_credentials(stream, pem), trusted)
        if sidecar is None and not beside.is_file():
            raise NoCredentialsError
        found = sidecar or beside
        return _judged(file, _beside(file, found, pem), trusted, found)
    except (NoCredentialsError, UnknownKindError) as error:
        if sidecar is None and file.is_file() and beside.is_file():
            return verify_credentials(file, anchors, beside)
        return _without(file, error)
    except UnreadableError as error:
        return _unreadable(file, error)
    except OSError as error:
        raise FootageError(f"{file} cannot be read ({error.strerror}); check the file.") from None


def _beside(file: Path, sidecar: Path, pem: str) -> Credentials:
    """Credentials of a file from its sidecar, which is bound to its bytes or to a list with their hash."""
    manifest = read_sidecar(sidecar)
    if file.is_dir():
        return read_credentials(io.BytesIO(folder_listing(file)), pem, manifest)
    with file.open("rb") as stream:
        found = read_credentials(stream, pem, manifest)
    if any(code.endswith(BYTES_DIFFER) for code in found.failures):
        listed = read_credentials(io.BytesIO(stream_listing(sha256_file(file))), pem, manifest)
        return listed if listed.state != "Invalid" else found
    return found


def _judged(file: Path, found: Credentials, anchors: Anchors, sidecar: Path | None = None) -> Verification:
    anchor = anchors.name_of(found.issuer) if found.state == "Trusted" else ""
    verdict, sentence = _verdict(file, found, anchors)
    return Verification(file, verdict, sentence, found, sidecar, anchor)


def _verdict(file: Path, found: Credentials, anchors: Anchors) -> tuple[Verdict, str]:
    if found.state == "Invalid":
        if lost := _missing(file):
            return "cut", f"{file} was cut off after it was signed: its last {lost:,} bytes are missing."
        if any(code.endswith(BYTES_DIFFER) for code in found.failures):
            return "changed", f"{file} was changed after it was signed: its bytes are not those that were signed."
        if found.failures == ("signingCredential.expired",):
            return "expired", f"{file} was signed with a certificate that is not valid any more; nothing else is wrong."
        reason = found.failures[0] if found.failures else "no reason given"
        return "damaged", f"The credentials of {file} do not hold: they were changed after signing ({reason})."
    if anchors.given and found.state != "Trusted":
        return "untrusted", f"{file} is as it was signed, but by nobody whom {anchors.file} knows."
    return "intact", f"{file} is as it was signed: signature and bytes hold."


def _without(file: Path, error: Exception) -> Verification:
    """Result for a file without credentials; its mark tells whether they were lost.

    Raises:
        NoCarrierError: when it is of a kind that cannot carry any.
    """
    if file.is_dir():
        raise FootageError(f"{file} is a folder and {sidecar_of(file)} is not there; give the .c2pa file as --sidecar.")
    mark = read_mark(file)
    comment = mark.comment or ""
    if GENERATOR not in comment:
        if isinstance(error, UnknownKindError):
            raise NoCarrierError(
                f"{file} is of a kind that carries no credentials, and {sidecar_of(file)} is not there; give the film, "
                "or the .c2pa file as --sidecar."
            )
        return Verification(file, "unsigned", f"{file} carries no content credentials: nothing tells how it was made.")
    said = f"It says of itself: {_quoted(comment)}."
    if isinstance(error, UnknownKindError):
        beside = sidecar_of(file)
        return Verification(file, "unsigned", f"The credentials of {file} lie in {beside}, which is missing. {said}")
    if mark.in_stream:
        what = "its streams were copied into a new file, as ffmpeg -c copy does"
        return Verification(file, "copied", f"{file} has lost its content credentials: {what}. {said}")
    return Verification(file, "reencoded", f"{file} has lost its content credentials: it was encoded again. {said}")


def _unreadable(file: Path, error: UnreadableError) -> Verification:
    """Result for a file that cannot be parsed."""
    if lost := _missing(file):
        return Verification(file, "cut", f"{file} was cut off: its last {lost:,} bytes are missing.")
    return Verification(file, "damaged", f"{file} or its credentials are damaged ({error}).")


def _missing(file: Path) -> int:
    return missing_bytes(file) if file.is_file() else 0


def _quoted(text: str) -> str:
    return repr("".join(c for c in text[:120] if c.isprintable()))
