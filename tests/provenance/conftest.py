"""Small films, signed with a key of the tests' own."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from signed_films import AVATAR

from beavervision.provenance.film_record import FilmRecord
from beavervision.provenance.film_signer import FilmSigner
from beavervision.provenance.signing_key import SigningKey, signing_key
from beavervision.video.writers import film_writer


@pytest.fixture(scope="session")
def key() -> SigningKey:
    return signing_key()


@pytest.fixture(scope="session")
def shoot(key: SigningKey) -> Callable[..., Path]:
    """Writes eight frames of noise with sound, signed unless told otherwise; returns the place."""

    def write(out: Path, record: FilmRecord = AVATAR, *, signed: bool = True) -> Path:
        rng = np.random.default_rng(0)
        sound = 0.1 * rng.standard_normal(48_000 * 8 // 25).astype(np.float32)
        signer = FilmSigner(record, key) if signed else None
        options = {"crf": None, "preset": "ultrafast", "signer": signer, "audio": sound, "audio_rate": 48_000}
        with film_writer(out, 64, 48, 25.0, **options) as film:
            for _ in range(8):
                film.write(rng.integers(0, 255, (48, 64, 3), dtype=np.uint8))
        return out

    return write


@pytest.fixture(scope="session")
def film(shoot, tmp_path_factory) -> Path:
    """A signed mp4; for reading only."""
    return shoot(tmp_path_factory.mktemp("signed") / "talk.mp4")
