"""What the tests of several stages share."""

import pytest
from speech_clips import write_speech_clip


@pytest.fixture
def speech_clip(tmp_path):
    """Function that writes a speech clip below tmp_path and returns it; see `write_speech_clip`."""

    def write(name="babble", **settings):
        return write_speech_clip(tmp_path / name / "clip", name=name, **settings)

    return write
