"""Consent records: what is valid, what they refuse, and what a template says."""

from __future__ import annotations

import hashlib
from datetime import date
from pathlib import Path

import pytest

from beavervision.cli import consent as command
from beavervision.errors import BeaverError, ConfigError
from beavervision.provenance.consent import read_consent, write_template

RECORD = """\
subject: Berta Beispiel
given_by: Berta Beispiel
date: 2026-03-01
purposes: [e-learning, Advertising]
until: 2027-02-28
contact: berta@example.org
"""


@pytest.fixture
def record(tmp_path) -> Path:
    path = tmp_path / "consent.yaml"
    path.write_text(RECORD, encoding="utf-8")
    return path


def test_a_record_says_who_agreed_to_what(record):
    consent = read_consent(record)
    assert consent.record.until == date(2027, 2, 28)
    assert consent.sha256 == hashlib.sha256(RECORD.encode()).hexdigest()
    assert consent.summary == "Berta Beispiel, for e-learning, Advertising, until 2027-02-28"


@pytest.mark.parametrize(
    ("purpose", "today", "sentence"),
    [
        (None, "2027-02-28", None),
        ("advertising", "2026-03-01", None),  # however it is written
        ("e-learning", "2027-03-01", "the consent of Berta Beispiel ended on 2027-02-28; ask berta@example.org"),
        ("e-learning", "2026-02-28", "begins on 2026-03-01"),
        ("politics", "2026-05-01", "agreed to e-learning, Advertising, not to politics"),
    ],
)
def test_what_was_not_agreed_to_is_refused(record, purpose, today, sentence):
    consent = read_consent(record)
    if sentence is None:
        consent.check(purpose, date.fromisoformat(today))
        return
    with pytest.raises(ConfigError, match=sentence):
        consent.check(purpose, date.fromisoformat(today))


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        ("until: 2027-02-28\n", "", "until is missing"),
        ("until: 2027-02-28", "until: 2025-01-01", "until (2025-01-01) is before date (2026-03-01)"),
        ("until: 2027-02-28", "until: tomorrow", "until is 'tomorrow'"),
        ("date: 2026-03-01", "date: 2026", "write a day as 2026-11-29"),
        ("purposes: [e-learning, Advertising]", "purposes: []", "purposes is"),
        ("purposes: [e-learning, Advertising]", "purposes: everything", "purposes is 'everything'"),
        ("subject: Berta Beispiel", "subject: ''", "subject is ''"),
        ("subject: Berta Beispiel", "subject: [a]", "subject is"),
        ("until: 2027-02-28", "until: 2027-02-28\nname: B", "name is unknown"),
        ("contact: berta@example.org", "contact: &a [*a]", "aliases"),
        ("contact: berta@example.org", "contact: {a: [", "cannot be read"),
        ("contact: berta@example.org", "contact: !!python/object:os.system x", "cannot be read"),
        ("contact: berta@example.org", "contact: " + "[" * 50_000, "nested too deeply"),
        ("contact: berta@example.org", 'contact: "a\\e[2Jb"', "contact is"),
        (RECORD, "- a list", "the file is"),
        (RECORD, "", "the file is"),
        (RECORD, "x" * 70_000, "larger than 64 kB"),
    ],
)
def test_damaged_records_are_one_sentence(record, old, new, sentence):
    record.write_text(RECORD.replace(old, new), encoding="utf-8")
    with pytest.raises(ConfigError) as told:
        read_consent(record)
    assert sentence in str(told.value)
    assert str(record) in str(told.value)
    assert "\n" not in str(told.value)


def test_bytes_that_are_no_text(record):
    record.write_bytes(b"\xff\xfe\x00subject")
    with pytest.raises(ConfigError, match="cannot be read"):
        read_consent(record)
    with pytest.raises(ConfigError, match=r"data\.consent="):
        read_consent(record.parent)


def test_a_template_is_valid_once_it_is_filled_in(tmp_path, capsys):
    path = tmp_path / "new" / "consent.yaml"
    assert command.main([str(path)]) == 0
    assert f"data.consent={path}" in capsys.readouterr().out
    assert command.main([str(path)]) == 2  # nobody filled it in
    assert "is the template as it was written" in capsys.readouterr().err
    path.write_text(path.read_text(encoding="utf-8").replace("Anna Example", "Berta"), encoding="utf-8")
    assert command.main([str(path)]) == 0
    assert "is valid" in capsys.readouterr().out
    with pytest.raises(BeaverError, match="File exists"):
        write_template(path, date(2026, 11, 29))


def test_a_template_of_a_leap_day(tmp_path):
    write_template(tmp_path / "consent.yaml", date(2028, 2, 29))
    assert "until: 2029-02-28" in (tmp_path / "consent.yaml").read_text(encoding="utf-8")
