import pytest

from beavervision.artifacts.synthetic_speech import SyntheticSpeech

SMALL = ["data=synthetic_speech", f"data.hours={2 * 13 / 3600}", "data.voices=1"]


def test_prepare_writes_the_talks_once(verb, tmp_path, capsys):
    pytest.importorskip("espeakng_loader", reason="the extra [synthetic] is not installed")
    runs = f"paths.runs={tmp_path}"
    assert verb("prepare", *SMALL, runs) == 0
    folder = tmp_path / "synthetic_speech" / "talks"
    talks = sorted(folder.iterdir())
    assert [SyntheticSpeech.load(path).facts.split for path in talks] == ["test", "train"]
    assert "2 voices" in capsys.readouterr().out
    stamps = [path.stat().st_mtime_ns for path in talks]
    assert verb("prepare", *SMALL, runs) == 0
    assert [path.stat().st_mtime_ns for path in talks] == stamps
