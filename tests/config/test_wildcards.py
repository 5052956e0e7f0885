import pytest

from beavervision.config.wildcards import clip_name, expand_wildcards
from beavervision.errors import BeaverError


@pytest.fixture
def films(tmp_path):
    for name in ("a.mp4", "b, c's.mp4", "notes.txt"):
        (tmp_path / name).touch()
    return tmp_path


def test_a_pattern_becomes_the_files_and_each_gets_its_name(films):
    found = expand_wildcards(["fps=1", f"data.video={films}/*.mp4"], multirun=True)
    assert found == ["fps=1", f'data.video="{films}/a.mp4","{films}/b, c\'s.mp4"', "data=files"]


def test_hydra_reads_the_files_as_they_are(films):
    from hydra.core.override_parser.overrides_parser import OverridesParser

    override = OverridesParser.create().parse_override(
        expand_wildcards([f"data.video={films}/*.mp4"], multirun=True)[0]
    )
    assert [choice.text for choice in override.sweep_iterator()] == [f"{films}/a.mp4", f"{films}/b, c's.mp4"]


def test_what_is_no_pattern_stays(films):
    for argument in (f"data.video={films}/a.mp4", "frame=1x1,9x16", "-m", "data.name=anna", "audio=null", "out=x.mp4"):
        assert expand_wildcards([argument], multirun=True) == [argument]


def test_a_name_of_the_user_s_stays(films):
    assert expand_wildcards(["data=corpus", f"data.video={films}/*.mp4"], multirun=True)[-1] != "data=files"


@pytest.mark.parametrize(
    ("pattern", "multirun", "sentence"),
    [
        ("*.mov", True, "matches no file"),
        ("*.mp4", False, "add -m"),
        ("**/*.mp4", True, "would both become the clip a"),
    ],
)
def test_mistakes_are_sentences(films, pattern, multirun, sentence):
    (films / "more").mkdir()
    (films / "more" / "a.mp4").touch()
    with pytest.raises(BeaverError, match=sentence):
        expand_wildcards([f"data.video={films}/{pattern}"], multirun=multirun)


def test_a_clip_s_name_is_one_that_folders_bear():
    assert clip_name("/x/Änna talks (2).mp4") == "Änna_talks_2"
    assert clip_name(None) == "myvideo"
    assert clip_name("...") == "video"
