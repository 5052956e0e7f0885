"""The key that signs films: the user's own, or a generated one in the user's configuration folder."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from beavervision.artifacts.atomic_write import atomic_folder
from beavervision.errors import BeaverError, ConfigError, StorageError
from beavervision.provenance.certificates import check_chain, make_chain

KEY, CERTIFICATE, ANCHOR = "key.pem", "certificate.pem", "anchor.pem"
"""Files of a generated key: the private key, its certificate chain, and the root certificate alone."""
REMEDY = "provenance.key=, or write the film unsigned with provenance=off"


@dataclass(frozen=True)
class SigningKey:
    """A private key with its certificate chain."""

    key_pem: bytes
    chain_pem: bytes
    algorithm: str
    """Name of the signature algorithm in C2PA, such as es256."""
    made_now: Path | None = None
    """Folder of the key when this call generated it, else None."""

    def __repr__(self) -> str:
        # The key itself must not get into logs.
        return f"SigningKey({self.algorithm})"


def key_folder() -> Path:
    """Return the folder of the generated key; it need not exist."""
    import platformdirs

    return platformdirs.user_config_path("beavervision", appauthor=False) / "provenance"


def signing_key(key: str | Path | None = None, certificate: str | Path | None = None) -> SigningKey:
    """Return the key that signs films.

    Args:
        key: file of the user's own private key, PEM; None uses that in `key_folder`, generated on first use.
        certificate: file of its certificate chain, PEM; the certificate of the key comes first.

    Raises:
        ConfigError: when a file cannot be read, they do not belong together, or they are not made for signing films.
    """
    if (key is None) != (certificate is None):
        lacking = "provenance.certificate=" if certificate is None else "provenance.key="
        raise ConfigError(f"A key and its certificate go together; add {lacking}, or leave out both.")
    made = None
    if key is None or certificate is None:
        folder = key_folder()
        if not (folder / KEY).exists():
            made = folder if _make(folder) else None
        key, certificate = folder / KEY, folder / CERTIFICATE
    key, certificate = Path(key).expanduser(), Path(certificate).expanduser()
    key_pem, chain_pem = _read(key), _read(certificate)
    algorithm, pkcs8 = check_chain(key_pem, chain_pem, key, certificate)
    return SigningKey(pkcs8, chain_pem, algorithm, made)


def own_anchor() -> Path | None:
    """Return the file of the root certificate of the generated key; None when no key was generated."""
    path = key_folder() / ANCHOR
    return path if path.is_file() else None


def _make(folder: Path) -> bool:
    """Generate a key that only the user can read; return False when another process generated one meanwhile."""
    from filelock import FileLock

    key_pem, chain_pem, anchor_pem = make_chain()
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(folder.parent / ".provenance.lock"), atomic_folder(folder) as part:
            if (folder / KEY).exists():
                raise _MadeElsewhereError
            part.chmod(0o700)
            for name, content in {CERTIFICATE: chain_pem, ANCHOR: anchor_pem, KEY: key_pem}.items():
                descriptor = os.open(part / name, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
                with os.fdopen(descriptor, "wb") as stream:
                    stream.write(content)
    except _MadeElsewhereError:
        return False
    except (OSError, BeaverError) as error:
        reason = getattr(error, "strerror", None) or getattr(error.__cause__, "strerror", None) or error
        raise StorageError(f"No signing key can be made in {folder} ({reason}); give one with {REMEDY}.") from error
    return True


class _MadeElsewhereError(Exception):
    """Another process generated the key while this one waited."""


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise ConfigError(f"{path} cannot be read ({error.strerror}); give another {REMEDY}.") from None
