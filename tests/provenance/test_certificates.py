"""Keys and certificates of one's own: what signs, and what is refused with which sentence."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from beavervision.errors import BeaverError, ConfigError, StorageError
from beavervision.provenance.certificates import check_chain, make_chain
from beavervision.provenance.film_record import FilmRecord
from beavervision.provenance.film_signer import FilmSigner
from beavervision.provenance.signing_key import signing_key
from beavervision.provenance.verification import verify

KEY, CERTIFICATE = Path("my.key"), Path("my.pem")


def pem(key) -> bytes:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def certificate(key, days: int = 30, purpose=ExtendedKeyUsageOID.EMAIL_PROTECTION) -> bytes:
    """A certificate that the key signed itself, valid from a month ago on."""
    name = x509.Name(
        [x509.NameAttribute(NameOID.COMMON_NAME, "Studio"), x509.NameAttribute(NameOID.ORGANIZATION_NAME, "S")]
    )
    begin = datetime.now(timezone.utc) - timedelta(days=30)
    usage = dict.fromkeys(
        ("content_commitment", "key_encipherment", "data_encipherment", "key_agreement", "key_cert_sign", "crl_sign",
         "encipher_only", "decipher_only"), False,
    )  # fmt: skip
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(begin)
        .not_valid_after(begin + timedelta(days=30 + days))
        .add_extension(x509.KeyUsage(digital_signature=True, **usage), critical=True)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.ExtendedKeyUsage([purpose]), critical=False)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(key.public_key()), critical=False)
    )
    digest = None if isinstance(key, ed25519.Ed25519PrivateKey) else hashes.SHA256()
    return made.sign(key, digest).public_bytes(Encoding.PEM)


@pytest.mark.parametrize(
    ("own_key", "algorithm"),
    [
        (ec.generate_private_key(ec.SECP256R1()), "es256"),
        (ec.generate_private_key(ec.SECP384R1()), "es384"),
        (ed25519.Ed25519PrivateKey.generate(), "ed25519"),
        (rsa.generate_private_key(65537, 2048), "ps256"),
    ],
    ids=["P-256", "P-384", "Ed25519", "RSA"],
)
def test_keys_of_ones_own_sign(shoot, tmp_path, own_key, algorithm):
    # As openssl writes them: RSA PRIVATE KEY, EC PRIVATE KEY; Ed25519 knows only PKCS #8.
    old = PrivateFormat.PKCS8 if algorithm == "ed25519" else PrivateFormat.TraditionalOpenSSL
    (tmp_path / "my.key").write_bytes(own_key.private_bytes(Encoding.PEM, old, NoEncryption()))
    (tmp_path / "my.pem").write_bytes(certificate(own_key))
    own = signing_key(tmp_path / "my.key", tmp_path / "my.pem")
    assert own.algorithm == algorithm
    plain, film = shoot(tmp_path / "plain.mp4", signed=False), tmp_path / "film.mp4"
    FilmSigner(FilmRecord("avatar"), own).sign(plain, film)
    found = verify(plain)
    assert found.holds, found.sentence
    assert found.credentials.signed_by == "Studio"


def test_what_cannot_sign_is_refused():
    key, other = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    locked = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"x"))
    odd = ec.generate_private_key(ec.SECP256K1())
    for key_pem, chain_pem, sentence in (
        (pem(other), certificate(key), "is not that of my.key"),
        (pem(key), certificate(key, days=-1), "and not today; renew it"),
        (pem(key), certificate(key, purpose=ExtendedKeyUsageOID.SERVER_AUTH), "is not made for signing films"),
        (locked, certificate(key), "locked by a password"),
        (b"no key", certificate(key), "my.key holds no private key"),
        (pem(key), b"no certificate", "my.pem holds no certificate"),
        (pem(odd), certificate(odd), "of a kind that C2PA does not know"),
    ):
        with pytest.raises(ConfigError) as told:
            check_chain(key_pem, chain_pem, KEY, CERTIFICATE)
        assert sentence in str(told.value)


def test_a_chain_of_ones_own_can_sign():
    key_pem, chain_pem, anchor_pem = make_chain()
    assert check_chain(key_pem, chain_pem, KEY, CERTIFICATE)[0] == "es256"
    leaf, root = x509.load_pem_x509_certificates(chain_pem)
    assert root.public_bytes(Encoding.PEM) == anchor_pem
    leaf.verify_directly_issued_by(root)
    assert leaf.not_valid_after_utc > datetime.now(timezone.utc) + timedelta(days=3600)


def test_a_folder_that_takes_no_key(monkeypatch):
    monkeypatch.setenv("XDG_CONFIG_HOME", "/proc/nowhere")
    with pytest.raises(StorageError, match="provenance=off") as told:
        signing_key()
    assert isinstance(told.value, BeaverError)
    assert "\n" not in str(told.value)
