"""Speech files with several sound tracks."""

import numpy as np
import pytest
import soundfile
from altered_footage import actor_speech, melody, music, write_film

from beavervision.audio.track_speech import LEAD, phonetic_information
from beavervision.audio.waveform import SAMPLE_RATE
from beavervision.errors import ConfigError
from beavervision.inference.speech import Speech, mix_speeches
from beavervision.inference.speech_track import choose_speech_track

SECONDS = 4.0


@pytest.fixture(scope="module")
def film(tmp_path_factory):
    """A film whose first track is music, and whose second is the voice."""
    picture = np.full((48, 64, 3), 90, np.uint8)
    path = tmp_path_factory.mktemp("tracks") / "a.mkv"
    return write_film(path, [picture] * 5, (melody(SECONDS), actor_speech(SECONDS)))


def test_the_track_with_speech_is_chosen_and_told(film):
    number, line = choose_speech_track(film)
    assert number == 1
    assert "sound tracks 0: aac, 1 channel: " in line
    assert line.endswith("track 1 is used (its sound is most like speech), audio_track= chooses another")


def test_melodies_have_less_phonetic_information_than_speech():
    assert phonetic_information(melody(SECONDS)) + 2 * LEAD < phonetic_information(actor_speech(SECONDS))


def test_the_chosen_track_is_read_and_mixed(film):
    voice = actor_speech(SECONDS)
    speech = Speech.from_file(film, 1)
    heard = next(speech.chunks(25.0)).samples
    mixed = np.concatenate(list(mix_speeches([speech], SAMPLE_RATE)))
    for samples in (heard, mixed):
        n = min(len(samples), len(voice))
        assert np.corrcoef(samples[:n], voice[:n])[0, 1] > 0.95


def test_the_key_overrides_and_a_wrong_number_lists_the_tracks(film):
    assert choose_speech_track(film, "0") == (0, None)
    with pytest.raises(ConfigError, match=r"audio_track=2 is not in .*0: aac, 1 channel; 1: aac, 1 channel"):
        choose_speech_track(film, "2")
    with pytest.raises(ConfigError, match="audio_track=left is no track"):
        choose_speech_track(film, "left")


def test_tracks_without_speech_leave_the_first(tmp_path):
    picture = np.full((48, 64, 3), 90, np.uint8)
    noise = 0.05 * np.random.default_rng(1).normal(size=round(SECONDS * SAMPLE_RATE))
    path = write_film(tmp_path / "a.mkv", [picture] * 5, (noise, noise))
    number, line = choose_speech_track(path)
    assert number == 0
    assert "no track has speech" in line


def test_a_file_with_one_track_is_not_examined(tmp_path):
    path = tmp_path / "a.wav"
    soundfile.write(path, music(0.5), SAMPLE_RATE)
    assert choose_speech_track(path) == (0, None)
    path.write_bytes(b"no media file")
    assert choose_speech_track(path) == (0, None)
