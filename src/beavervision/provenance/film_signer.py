"""Sign films with content credentials (C2PA): inside mp4 and mov files, in a `.c2pa` file beside other outputs."""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from beavervision.artifacts.atomic_write import atomic_file, temporary_sibling
from beavervision.errors import ConfigError
from beavervision.provenance.film_record import FilmRecord
from beavervision.provenance.listing import LISTING_TYPE, folder_listing, stream_listing
from beavervision.provenance.signing_key import SigningKey

EMBEDDED = {".mp4": "video/mp4", ".mov": "video/quicktime"}
"""Formats that can contain credentials, by suffix."""
SIDECAR = ".c2pa"
OTHER_TYPES = {".webm": "video/webm", ".mkv": "video/x-matroska"}
UNKNOWN_TYPE = "application/octet-stream"
SETTINGS = {
    # No network access. The signed file is read again and checked before it gets its final name.
    "verify": {"verify_after_sign": True, "remote_manifest_fetch": False, "ocsp_fetch": False, "verify_trust": False},
    "builder": {"thumbnail": {"enabled": False}},
}
"""Settings of the c2pa library."""


class FilmSigner:
    """Signs one film as the last step of writing it.

    Args:
        record: contents of the credentials.
        key: signing key.
    """

    def __init__(self, record: FilmRecord, key: SigningKey) -> None:
        self.record, self.key = record, key
        self.sidecar: Path | None = None
        """The `.c2pa` file that was written; None when the film contains its credentials."""

    @property
    def mark(self) -> str:
        """Sentence for the metadata of the film."""
        return self.record.mark

    def sign(self, film: Path, place: Path) -> None:
        """Sign a complete film before it gets its final name (`video.film_writer.Signer`).

        Args:
            film: a file, which is replaced by the signed one, or a folder of images.
            place: the final path; a sidecar is written beside it.

        Raises:
            ConfigError: when it cannot be signed.
        """
        with _complaints(place):
            if film.is_dir():
                self._write_sidecar(place, io.BytesIO(folder_listing(film)), LISTING_TYPE)
            elif kind := EMBEDDED.get(place.suffix.lower()):
                self._embed(film, place.name, kind)
            else:
                with film.open("rb") as stream:
                    self._write_sidecar(place, stream, OTHER_TYPES.get(place.suffix.lower(), UNKNOWN_TYPE))

    def sign_stream(self, sha256: str, place: Path) -> Path:
        """Write the sidecar of a film that was written to a pipe, and return its path.

        Args:
            sha256: of the film's bytes.
            place: path that the film would have; the sidecar is written beside it.

        Raises:
            ConfigError: when it cannot be written.
        """
        with _complaints(place):
            return self._write_sidecar(place, io.BytesIO(stream_listing(sha256)), LISTING_TYPE)

    def _embed(self, film: Path, title: str, media_type: str) -> None:
        signed = temporary_sibling(film, "part")
        try:
            with film.open("rb") as source, signed.open("w+b") as target:
                self._sign(title, media_type, source, target, embed=True)
            signed.replace(film)
        finally:
            signed.unlink(missing_ok=True)

    def _write_sidecar(self, place: Path, content: BinaryIO, media_type: str) -> Path:
        manifest = self._sign(place.name, media_type, content, io.BytesIO(), embed=False)
        path = sidecar_of(place)
        with atomic_file(path) as part:
            part.write_bytes(manifest)
        self.sidecar = path
        return path

    def _sign(self, title: str, media_type: str, source: BinaryIO, target: BinaryIO, *, embed: bool) -> bytes:
        """Sign `source` into `target`; return the manifest."""
        import c2pa

        # ta_url: no time stamp authority.
        info = c2pa.C2paSignerInfo(
            alg=self.key.algorithm.encode(),
            sign_cert=self.key.chain_pem,
            private_key=self.key.key_pem,
            ta_url=None,
        )
        context = c2pa.Context.from_dict(SETTINGS)
        with c2pa.Builder(self.record.manifest(title, media_type), context=context) as builder:
            if not embed:
                builder.set_no_embed()
            self._add_footage(builder)
            return builder.sign(c2pa.Signer.from_info(info), media_type, source, target)

    def _add_footage(self, builder: object) -> None:
        """Add the footage as the parent ingredient, with its own credentials if it has any."""
        record = self.record
        if record.footage is None:
            return
        import c2pa

        assert isinstance(builder, c2pa.Builder)
        if record.thumbnail:
            builder.add_resource("footage.jpg", io.BytesIO(record.thumbnail))
        kind = EMBEDDED.get(record.footage.suffix.lower(), UNKNOWN_TYPE)
        with record.footage.open("rb") as stream, suppress(c2pa.C2paError):
            builder.add_ingredient(record.ingredient, kind, stream)
            return
        # The library cannot read this container; the ingredient then has a name and a hash only.
        builder.add_ingredient(record.ingredient, UNKNOWN_TYPE, io.BytesIO())


def sidecar_of(place: Path) -> Path:
    """Return the path of the credentials of a film that cannot contain them.

    Example:
        >>> sidecar_of(Path("films/talk.webm")).name, sidecar_of(Path("films/pictures")).name
        ('talk.c2pa', 'pictures.c2pa')
    """
    return place.with_suffix(SIDECAR) if place.suffix else place.with_name(place.name + SIDECAR)


@contextmanager
def _complaints(place: Path) -> Iterator[None]:
    """Convert errors of the library to one sentence."""
    import c2pa

    try:
        yield
    except c2pa.C2paError as error:
        reason = str(error).strip().splitlines()[0].rstrip(".")
        raise ConfigError(
            f"{place} cannot be signed ({reason}); check provenance.key= and provenance.certificate=, or write it "
            "unsigned with provenance=off."
        ) from error
