"""Sign films with content credentials (C2PA): inside mp4 and mov, in a `.c2pa` file beside everything else."""

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
"""Formats that carry their credentials themselves, by suffix."""
SIDECAR = ".c2pa"
OTHER_TYPES = {".webm": "video/webm", ".mkv": "video/x-matroska"}
UNKNOWN_TYPE = "application/octet-stream"
SETTINGS = {
    # Nothing is fetched from a network, and what was signed is read again before it gets its name.
    "verify": {"verify_after_sign": True, "remote_manifest_fetch": False, "ocsp_fetch": False, "verify_trust": False},
    "builder": {"thumbnail": {"enabled": False}},
}
"""Of the c2pa library."""


class FilmSigner:
    """Signs one film as its last step.

    Args:
        record: what the credentials say.
        key: that signs.
    """

    def __init__(self, record: FilmRecord, key: SigningKey) -> None:
        self.record, self.key = record, key
        self.sidecar: Path | None = None
        """The `.c2pa` file that was written; None where the film carries its credentials."""

    @property
    def mark(self) -> str:
        """The sentence that the film says of itself in its metadata."""
        return self.record.mark

    def sign(self, film: Path, place: Path) -> None:
        """Sign a whole film before it gets its name (`video.film_writer.Signer`).

        Args:
            film: a file, which is replaced by the signed one, or a folder of pictures.
            place: the name that it is about to get; a sidecar is written beside it.

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
        """Write the sidecar of a film that went through a pipe, and return it.

        Args:
            sha256: of the film's bytes.
            place: what the film would be called; the sidecar is beside it.

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

        # The type stub takes text, the library bytes; None is no time stamp authority.
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
        """Add a dub's footage as its parent, with the credentials that it carries itself."""
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
        # A container that the library cannot read is named all the same.
        builder.add_ingredient(record.ingredient, UNKNOWN_TYPE, io.BytesIO())


def sidecar_of(place: Path) -> Path:
    """Return where the credentials of a film lie that does not carry them.

    Example:
        >>> sidecar_of(Path("films/talk.webm")).name, sidecar_of(Path("films/pictures")).name
        ('talk.c2pa', 'pictures.c2pa')
    """
    return place.with_suffix(SIDECAR) if place.suffix else place.with_name(place.name + SIDECAR)


@contextmanager
def _complaints(place: Path) -> Iterator[None]:
    """Turn errors of the library into one sentence."""
    import c2pa

    try:
        yield
    except c2pa.C2paError as error:
        reason = str(error).strip().splitlines()[0].rstrip(".")
        raise ConfigError(
            f"{place} cannot be signed ({reason}); check provenance.key= and provenance.certificate=, or write it "
            "unsigned with provenance=off."
        ) from error
