import pytest

from beavervision.config.film_list import FilmJob, read_film_jobs
from beavervision.config.wildcards import expand_wildcards
from beavervision.errors import ConfigError


def listed(folder, text):
    path = folder / "films.csv"
    path.write_text(text)
    return path


def test_paths_count_from_the_list(tmp_path):
    path = listed(tmp_path, "clip,speech,out\nanna, hello.wav ,films/one.mp4\nben,/sound/bye.wav,\n")
    first, second = read_film_jobs(path)
    assert first == FilmJob("anna", tmp_path / "hello.wav", tmp_path / "films" / "one.mp4")
    assert (second.clip, str(second.speech), second.out) == ("ben", "/sound/bye.wav", None)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("clip,speech,out\n", "lists no film"),
        ("name,sound\nanna,a.wav\n", "line 2: clip or speech is missing"),
        ("clip,speech\nanna,a.wav\nben,\n", "line 3"),
    ],
)
def test_what_is_missing_is_said(tmp_path, text, sentence):
    with pytest.raises(ConfigError, match=sentence):
        read_film_jobs(listed(tmp_path, text))


def test_a_list_becomes_one_job_for_each_row(tmp_path):
    path = listed(tmp_path, "clip,speech\nanna,a.wav\nben,b.wav\n")
    assert expand_wildcards([f"films={path}"], multirun=True)[1:] == ["film=0,1"]
    assert expand_wildcards([f"films={path}", "film=1"], multirun=True)[1:] == ["film=1"]


def test_a_pattern_of_speeches_becomes_the_files(tmp_path):
    for name in ("a.wav", "b.wav"):
        (tmp_path / name).touch()
    (found,) = expand_wildcards([f"audio={tmp_path}/*.wav"], multirun=True)
    assert found == f'audio="{tmp_path}/a.wav","{tmp_path}/b.wav"'
    (tmp_path / "more").mkdir()
    (tmp_path / "more" / "a.wav").touch()
    with pytest.raises(ConfigError, match="would both become the film a"):
        expand_wildcards([f"audio={tmp_path}/**/*.wav"], multirun=True)
