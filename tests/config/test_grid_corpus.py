import pytest

from beavervision.config.compose import composed_job
from beavervision.config.grid_corpus import grid_clip_name, grid_speaker
from beavervision.config.schemas import DataSettings, typed_node
from beavervision.config.wildcards import expand_wildcards
from beavervision.errors import BeaverError


@pytest.mark.parametrize(
    ("video", "speaker", "name"),
    [
        ("/x/grid/s1/bbaf2n.mpg", "s1", "s1_bbaf2n"),
        ("/x/grid/s34/video/bbaf2n.mpg", "s34", "s34_bbaf2n"),
        ("/x/grid/ten_speakers/bbaf2n.mpg", None, "ten_speakers_bbaf2n"),
        ("/x/s7/films/of/anna.mp4", None, "of_anna"),
    ],
)
def test_speaker_and_name_come_from_the_folders(video, speaker, name):
    assert grid_speaker(video) == speaker
    assert grid_clip_name(video) == name


def test_the_same_sentence_of_two_speakers_is_two_clips(tmp_path):
    for speaker in ("s1", "s2"):
        (tmp_path / speaker).mkdir()
        (tmp_path / speaker / "bbaf2n.mpg").touch()
    pattern = f"data.video={tmp_path}/*/*.mpg"
    found = expand_wildcards(["data=grid", pattern], multirun=True)
    assert found == ["data=grid", f'data.video="{tmp_path}/s1/bbaf2n.mpg","{tmp_path}/s2/bbaf2n.mpg"']
    with pytest.raises(BeaverError, match="would both become the clip bbaf2n"):
        expand_wildcards([pattern], multirun=True)


def test_the_config_names_clip_and_speaker():
    with composed_job("prepare", ["data=grid", "data.video=/x/grid/s3/bbaf2n.mpg"]) as cfg:
        settings = typed_node(cfg, "data", DataSettings)
    assert (settings.name, settings.speaker) == ("s3_bbaf2n", "s3")
