"""A consent record goes from the config into the clip, and from there into bundles."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from beavervision.artifacts.clip import CONSENT
from beavervision.callbacks.record import _bundle_artifact
from beavervision.errors import ConfigError
from beavervision.provenance.consent import read_consent
from beavervision.workflows.consent import consent_of, require_consent

RECORD = "subject: B\ngiven_by: B\ndate: 2026-01-01\npurposes: [demo]\nuntil: null\ncontact: b@example.org\n"


@pytest.fixture
def record(tmp_path) -> Path:
    path = tmp_path / "agreed.yaml"
    path.write_text(RECORD, encoding="utf-8")
    return path


def test_from_the_config_into_the_clip_and_into_a_bundle(ridge, runs, record, capsys):
    assert ridge(f"data.consent={record}") == 0
    clip, (bundle,) = runs / "anna" / "clip", (runs / "anna" / "ridge").glob("*/bundle")
    assert (clip / CONSENT).read_text(encoding="utf-8") == RECORD
    assert (bundle / CONSENT).read_text(encoding="utf-8") == RECORD
    before = (bundle / "manifest.json").read_bytes()
    renewed = RECORD.replace("[demo]", "[demo, film]")
    record.write_text(renewed, encoding="utf-8")
    capsys.readouterr()
    assert ridge(f"data.consent={record}") == 0
    assert "already trained" in capsys.readouterr().out  # a renewed consent asks for no training
    assert (bundle / CONSENT).read_text(encoding="utf-8") == renewed
    assert (bundle / "manifest.json").read_bytes() == before
    assert ridge() == 0  # nobody names it: it stays
    assert consent_of(None, [{"ridge": bundle}]).record.purposes == ("demo", "film")


def test_names_and_addresses_are_not_uploaded(tmp_path):
    bundle = tmp_path / "runs/anna/ridge/default/bundle"
    bundle.mkdir(parents=True)
    (bundle / "manifest.json").write_text("{}", encoding="utf-8")
    before = _bundle_artifact(bundle).digest
    (bundle / CONSENT).write_text(RECORD, encoding="utf-8")
    after = _bundle_artifact(bundle)
    assert set(after.manifest.entries) == {"manifest.json"}
    assert after.digest == before  # the same node of the lineage, whatever was agreed to


def test_a_damaged_record_is_refused_before_any_work(ridge, runs, record, capsys):
    record.write_text(RECORD.replace("purposes: [demo]\n", ""), encoding="utf-8")
    assert ridge(f"data.consent={record}") == 2
    assert "purposes is missing" in capsys.readouterr().err
    assert not (runs / "anna" / "clip" / CONSENT).exists()
    assert ridge("data.consent=nowhere.yaml") == 2
    assert "data.consent=nowhere.yaml cannot be read" in capsys.readouterr().err


def test_a_caller_may_insist_on_a_record(tmp_path):
    day = date(2026, 11, 29)
    assert require_consent(None, "film", day, required=False) is None
    with pytest.raises(ConfigError, match=r"data\.consent="):
        require_consent(None, "film", day, required=True)
    path = tmp_path / "consent.yaml"
    path.write_text(
        "subject: A\ngiven_by: A\ndate: 2026-01-01\npurposes: [film]\nuntil: 2026-11-29\ncontact: a@b.c\n",
        encoding="utf-8",
    )
    consent = read_consent(path)
    assert require_consent(consent, "film", day, required=True) == consent.sha256
    with pytest.raises(ConfigError, match="ended on 2026-11-29"):
        require_consent(consent, "film", date(2026, 11, 30), required=False)
