"""Two hundred cases of the campaign of hostile input (benchmarks/hostile.py)."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "benchmarks"))

import hostile_campaign as campaign
from hostile_cases import KINDS, make_case
from hostile_server import KILLED

SEED, N_CASES = 19, 200


def test_hostile_input_ends_in_a_result_or_one_sentence(tmp_path):
    with campaign.server() as running:
        outcomes = [campaign.run_case(running, number, SEED, tmp_path) for number in range(N_CASES)]
    assert [outcome for outcome in outcomes if outcome.wrong] == []
    codes = [outcome.code for outcome in outcomes]
    assert codes.count(0) > N_CASES // 10  # some are read,
    assert codes.count(2) > N_CASES // 4  # and many refused


@pytest.mark.parametrize("number", range(len(KINDS)))
def test_a_case_is_what_its_seed_says(tmp_path, number):
    def made(name: str) -> dict[str, bytes]:
        folder = tmp_path / name / "same"
        folder.mkdir(parents=True)
        case = make_case(number, 3, folder)
        assert case.target
        return {
            str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if p.is_file() and not p.is_symlink()
        }

    # Keys and certificates are made anew each time.
    first, second = made("a"), made("b")
    assert first.keys() == second.keys()


@pytest.mark.parametrize(
    ("code", "stderr", "rss", "wrong"),
    [
        (0, "", 500, ""),
        (2, "a warning\nerror: No film; name one.\n", 500, ""),
        (2, "error: No film; name one.\n 50% ━━━━\n", 500, "last line"),
        (2, "", 500, "0 errors"),
        (1, "ValueError: no\n", 500, "exit code 1: ValueError"),
        (0, "Traceback (most recent call last)\n", 500, "a traceback"),
        (0, "", 2000, "2000 MB"),
        (-9, "", 500, "exit code -9"),
        (KILLED, "", 500, KILLED),
    ],
)
def test_what_counts_as_wrong(tmp_path, code, stderr, rss, wrong):
    (tmp_path / "stderr").write_text(stderr, encoding="utf-8")
    (tmp_path / "stdout").write_text("", encoding="utf-8")
    found = campaign.objection(tmp_path, set(), {"code": code, "rss_mb": rss, "s": 0.1})
    assert wrong in found
    assert bool(found) == bool(wrong)


def test_an_unfinished_file_is_wrong(tmp_path):
    for name in ("stderr", "stdout"):
        (tmp_path / name).write_text("", encoding="utf-8")
    before = set(tmp_path.rglob("*"))
    (tmp_path / ".film.part.mp4").touch()
    assert "unfinished" in campaign.objection(tmp_path, before, {"code": 0, "rss_mb": 1, "s": 0.1})
