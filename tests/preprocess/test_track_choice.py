"""Footage with several sound tracks."""

import numpy as np
import pytest
from altered_footage import actor_speech, melody, music, write_film

from beavervision.errors import ConfigError
from beavervision.preprocess.ingest import clip_sound, open_source
from beavervision.preprocess.options import PrepareOptions
from beavervision.preprocess.track_choice import TrackChoice, choose_track, given_track
from beavervision.synthetic.ground_truth import actor_truth
from beavervision.video.audio_tracks import audio_tracks

SECONDS = 8.0


@pytest.fixture(scope="module")
def mouth():
    """Opening of the actor's mouth from second 1 on."""
    opening = actor_truth().mouth_open
    return np.asarray(opening)[25 : 25 + round(25 * SECONDS)]


@pytest.fixture(scope="module")
def sounds():
    late = actor_speech(SECONDS, start=9.0)
    return {"music": music(SECONDS), "voice": actor_speech(SECONDS), "other": late, "none": np.zeros(len(late))}


def film(path, *tracks):
    picture = np.full((48, 64, 3), 90, np.uint8)
    return open_source(write_film(path, [picture] * round(25 * SECONDS), tracks), PrepareOptions("a"))


@pytest.mark.parametrize(
    ("names", "chosen"),
    [
        (("music", "voice"), 1),  # the music is the default track
        (("other", "voice"), 1),  # another language, say: its speech does not fit the lips
        (("voice", "other"), 0),
        (("none", "none"), 0),  # no speech at all: the first
    ],
)
def test_the_track_with_speech_that_fits_the_lips(tmp_path, sounds, mouth, names, chosen):
    source = film(tmp_path / "a.mkv", *(sounds[name] for name in names))
    found = choose_track(source, audio_tracks(source.path), [mouth])
    assert found.number == chosen, found
    assert len(found.lines) == len(names)
    spoken = clip_sound(source, found.number).samples
    expected = sounds[names[chosen]]
    n = min(len(spoken), len(expected)) - 2000
    assert np.std(spoken[:n]) == pytest.approx(np.std(expected[:n]), rel=0.1, abs=1e-3)


def test_where_the_lips_cannot_tell_the_sound_decides(tmp_path):
    source = film(tmp_path / "a.mkv", melody(4.0), actor_speech(4.0))
    found = choose_track(source, audio_tracks(source.path), [np.full(100, np.nan)])
    assert (found.number, found.reason) == (1, "its sound is most like speech")


def test_the_key_overrides_and_a_wrong_number_lists_the_tracks(tmp_path, sounds):
    source = film(tmp_path / "a.mkv", sounds["music"], sounds["voice"])
    tracks = audio_tracks(source.path)
    assert given_track(source, tracks, "1").number == 1
    with pytest.raises(ConfigError, match=r"data\.audio_track=2 .*0: aac, 1 channel; 1: aac, 1 channel"):
        given_track(source, tracks, "2")


def test_footage_without_sound_has_no_track(tmp_path):
    source = film(tmp_path / "a.mp4")
    assert given_track(source, [], "auto") == TrackChoice(None)
    with pytest.raises(ConfigError, match="its tracks are none"):
        given_track(source, [], "0")


def test_a_choice_survives_its_file(tmp_path):
    choice = TrackChoice(1, ("aac, 1 channel", "opus, 2 channels"), "it has the speech")
    choice.save(tmp_path)
    assert TrackChoice.load(tmp_path) == choice
