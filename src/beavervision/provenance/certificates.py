"""Certificates for signing films: a generated chain, and checks of the user's own (RFC 5280, C2PA 2.2, 14.5)."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID, ObjectIdentifier

from beavervision.errors import ConfigError

VALID_DAYS = 3650
"""Validity of a generated certificate, days. Films have no time stamp of an authority, so they are valid as long."""
ORGANIZATION = "beavervision, self-signed"
SIGNING_PURPOSES = (
    ExtendedKeyUsageOID.EMAIL_PROTECTION,
    ObjectIdentifier("1.3.6.1.5.5.7.3.36"),  # document signing, RFC 9336
    ObjectIdentifier("1.3.6.1.4.1.62558.2.1"),  # C2PA claim signing
)
"""Extended key usages; a certificate for content credentials needs one of them."""
CURVES = {"secp256r1": "es256", "secp384r1": "es384", "secp521r1": "es512"}
"""Elliptic curve -> name of the signature algorithm in C2PA."""


def make_chain() -> tuple[bytes, bytes, bytes]:
    """Generate a P-256 key with a certificate, signed by a root certificate whose key is discarded.

    Returns:
        The key, the chain (certificate and root), and the root certificate alone, which others need to trust the films.
    """
    root_key, key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    number = x509.SubjectKeyIdentifier.from_public_key(key.public_key()).digest.hex()[:12]
    issuer = _name(f"beavervision root {number}")
    root = (
        _certificate(issuer, issuer, root_key.public_key())
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_key_usage(signs_certificates=True), critical=True)
        .sign(root_key, hashes.SHA256())
    )
    leaf = (
        _certificate(_name(f"beavervision {number}"), issuer, key.public_key())
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_key_usage(signs_certificates=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.EMAIL_PROTECTION]), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(root_key.public_key()), critical=False)
        .sign(root_key, hashes.SHA256())
    )
    anchor = root.public_bytes(Encoding.PEM)
    secret = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return secret, leaf.public_bytes(Encoding.PEM) + anchor, anchor


def check_chain(key_pem: bytes, chain_pem: bytes, key: Path, certificate: Path) -> tuple[str, bytes]:
    """Check that a key and a certificate chain can sign films.

    Args:
        key_pem: private key, PEM.
        chain_pem: the certificate of the key, followed by those of its issuers, PEM.
        key: file of the key, for messages.
        certificate: file of the chain, for messages.

    Returns:
        The name of the signature algorithm in C2PA (es256, es384, es512, ps256 or ed25519), and the key as PKCS #8,
        which is the only encoding that the c2pa library reads.

    Raises:
        ConfigError: when they do not belong together, are expired, or are not made for signing.
    """
    secret = _load_key(key_pem, key)
    first = read_certificates(chain_pem, certificate)[0]
    if _public_bytes(first) != secret.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo):
        raise ConfigError(f"The first certificate of {certificate} is not that of {key}; put the key's own one first.")
    now = datetime.now(timezone.utc)
    if not first.not_valid_before_utc <= now <= first.not_valid_after_utc:
        dates = f"{first.not_valid_before_utc:%Y-%m-%d} to {first.not_valid_after_utc:%Y-%m-%d}"
        raise ConfigError(f"{certificate} is valid from {dates} and not today; renew it.")
    if not _may_sign(first):
        raise ConfigError(
            f"{certificate} is not made for signing films; it needs the key usage digitalSignature and the extended "
            "key usage emailProtection or documentSigning."
        )
    return _algorithm(secret, key), secret.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def read_certificates(pem: bytes, path: Path) -> list[x509.Certificate]:
    """Read certificates.

    Args:
        pem: one or more, PEM.
        path: their file, for the message.

    Raises:
        ConfigError: when there is none.
    """
    try:
        return x509.load_pem_x509_certificates(pem)
    except ValueError:
        raise ConfigError(f"{path} holds no certificate; give a PEM file (-----BEGIN CERTIFICATE-----).") from None


def common_name(certificate: x509.Certificate) -> str:
    """Return the common name of a certificate's subject, or its whole name when it has none."""
    names = certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    return str(names[0].value) if names else certificate.subject.rfc4514_string()


def _load_key(pem: bytes, path: Path) -> PrivateKeyTypes:
    try:
        return load_pem_private_key(pem, password=None)
    except TypeError:
        raise ConfigError(f"{path} is locked by a password; write it without: openssl pkey -in {path}.") from None
    except ValueError:
        raise ConfigError(f"{path} holds no private key; give a PEM file (-----BEGIN PRIVATE KEY-----).") from None


def _algorithm(secret: PrivateKeyTypes, path: Path) -> str:
    if isinstance(secret, ec.EllipticCurvePrivateKey) and secret.curve.name in CURVES:
        return CURVES[secret.curve.name]
    if isinstance(secret, rsa.RSAPrivateKey):
        return "ps256"
    if isinstance(secret, ed25519.Ed25519PrivateKey):
        return "ed25519"
    raise ConfigError(f"{path} is of a kind that C2PA does not know; take one of P-256, P-384, RSA or Ed25519.")


def _may_sign(certificate: x509.Certificate) -> bool:
    extensions = certificate.extensions
    try:
        usage = extensions.get_extension_for_class(x509.KeyUsage).value
        purposes = extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    except x509.ExtensionNotFound:
        return False
    return usage.digital_signature and any(purpose in SIGNING_PURPOSES for purpose in purposes)


def _public_bytes(certificate: x509.Certificate) -> bytes:
    return certificate.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def _name(common: str) -> x509.Name:
    return x509.Name(
        [
            x509.NameAttribute(NameOID.COMMON_NAME, common),
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, ORGANIZATION),
        ]
    )


def _certificate(
    subject: x509.Name, issuer: x509.Name, public_key: ec.EllipticCurvePublicKey
) -> x509.CertificateBuilder:
    begin = datetime.now(timezone.utc) - timedelta(minutes=5)  # for clocks that are a little behind
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(public_key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(begin)
        .not_valid_after(begin + timedelta(days=VALID_DAYS))
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public_key), critical=False)
    )


def _key_usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        encipher_only=False,
        decipher_only=False,
    )
