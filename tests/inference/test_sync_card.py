"""Sync card: figures of the actor, whose lips and sound are known exactly; what is recorded while a film is made."""

from __future__ import annotations

import json

import numpy as np
import pytest
from PIL import Image

from beavervision.audio.waveform import load_waveform
from beavervision.face.model_registry import load_face_model
from beavervision.inference.lip_record import LOWER, LipRecord, lip_gap_mm
from beavervision.inference.sync_card import draw_sync_card, rows_of, save_sync_card
from beavervision.inference.sync_figures import LipMotion, SyncComparison
from beavervision.synthetic import actor_truth, actor_video

FPS = 25.0


@pytest.fixture(scope="module")
def actor() -> tuple[np.ndarray, np.ndarray]:
    """Lip gap in mm and sound of the actor."""
    truth, model = actor_truth(), load_face_model("gpmm")
    return lip_gap_mm(model, model.condition68(truth.identity, truth.expression)), load_waveform(actor_video()).samples


@pytest.fixture(scope="module")
def own(actor) -> SyncComparison:
    """The actor's footage beside itself, with three quarters of the opening."""
    gap, sound = actor
    return SyncComparison.of(0, LipMotion.of(0.75 * gap, sound, FPS), LipMotion.of(gap, sound, FPS), gap)


def test_a_gap_in_mm():
    model = load_face_model("gpmm")
    condition = np.zeros((2, 68, 3))
    condition[1, LOWER] = [0, -4, 0]  # one unit is 1/10 cm: the lower lip moves 4 mm down
    assert lip_gap_mm(model, condition).tolist() == pytest.approx([0, 4])  # the mean face's mouth is shut


def test_a_record_at_other_rates_and_with_gaps():
    model = load_face_model("gpmm")
    rest = lip_gap_mm(model, np.zeros((1, 68, 3)))[0]

    def recorded(*places: float) -> np.ndarray:
        record = LipRecord(model, last=6)
        record.add(np.array(places), np.zeros((len(places), 68, 3)))
        return record.curve()

    assert LipRecord(model, last=6).curve().shape == (0,)
    np.testing.assert_allclose(recorded(0, 1, 2), [rest] * 3)
    np.testing.assert_allclose(recorded(0, 0.5, 1, 1.5, 2), [rest] * 3)  # twice the clip's rate
    np.testing.assert_allclose(recorded(0, 2, 4), [rest] * 5)  # half of it
    assert np.isfinite(recorded(0, 1, 4, 5)).tolist() == [True, True, False, False, True, True]  # 2 and 3 not drawn
    assert len(recorded(0, 1, 2, 3, 4, 5, 6, 7, 8)) == 7  # nothing after `last`


def test_the_actors_lips_follow_the_sound(own):
    film, footage = own.figures, own.footage_figures
    assert own.opening_ratio == pytest.approx(0.75)
    assert film.lag_ms == footage.lag_ms
    assert abs(film.lag_ms) <= 80
    assert film.certain
    assert film.closures_found > 2 * film.closures_by_chance * film.closures


def test_sound_that_is_late_is_told_and_finds_closures_by_chance_alone(actor, own):
    gap, sound = actor
    late = LipMotion.of(gap, np.roll(sound, 6 * 640), FPS).figures(own.shut, own.wide)
    assert late.lag_ms == pytest.approx(own.footage_figures.lag_ms + 240, abs=40)
    assert late.closures_found < 0.6 * own.footage_figures.closures_found


def test_too_short_for_a_lag(actor):
    gap, sound = actor
    short = SyncComparison.of(0, LipMotion.of(gap[:50], sound, FPS), None, gap)
    assert (short.figures.seconds, short.figures.lag_ms, short.footage_figures) == (2.0, None, None)
    assert ("lag of the sound", "needs 7 s of visible speech", "-") in rows_of(short)
    assert "sync/lag_ms" not in short.metrics()


def test_a_face_that_is_never_seen_again(actor):
    gap, sound = actor
    hidden = np.where(np.arange(len(gap)) < 20, gap, np.nan)
    figures = LipMotion.of(hidden, sound, FPS).figures(0.0, 20.0)
    assert (figures.lag_ms, figures.closures_found) == (None, 0)


def test_the_card_and_its_figures_as_files(own, tmp_path):
    card = save_sync_card(tmp_path / "talk.png", "talk: dub, 24.6 s", [own])
    assert card == tmp_path / "talk.sync.png"
    told = json.loads((tmp_path / "talk.sync.json").read_text())
    assert told["people"][0]["film"]["closures"] == own.figures.closures
    assert "landmarks that the renderer was given" in told["how"]
    with Image.open(card) as picture:
        pixels = np.asarray(picture)
    for colour in ((38, 110, 200), (40, 150, 80), (214, 72, 32)):  # lips, closures that are found and missed
        assert (np.abs(pixels.astype(int) - colour).max(-1) < 12).any()
    assert own.metrics()["sync/footage/closures_found"] == own.footage_figures.closures_found
    assert draw_sync_card("two people", [own, own]).height > picture.height
