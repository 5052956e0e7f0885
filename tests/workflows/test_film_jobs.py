import os

import pytest
from omegaconf import OmegaConf

from beavervision.artifacts.manifest import MANIFEST
from beavervision.errors import ConfigError
from beavervision.workflows.film_jobs import apply_film_job, is_made, note_made


@pytest.fixture
def cfg(tmp_path):
    (tmp_path / "said.wav").touch()
    bundle = tmp_path / "runs" / "anna" / "lower_face" / "default" / "bundle"
    bundle.mkdir(parents=True)
    (bundle / MANIFEST).touch()
    speech = {"0": None}
    settings = {"data": {"name": "anna"}, "audio": str(tmp_path / "said.wav"), "speech": speech, "mode": "dub"}
    return OmegaConf.create(
        {**settings, "paths": {"runs": str(tmp_path / "runs")}, "films": None, "film": None, "out": None}
    )


def test_a_row_sets_clip_speech_and_output(cfg, tmp_path):
    (tmp_path / "films.csv").write_text("clip,speech,out\nanna,a.wav,\nben,b.wav,two.mp4\n")
    cfg.films, cfg.film = str(tmp_path / "films.csv"), 1
    apply_film_job(cfg)
    assert (cfg.data.name, cfg.audio, cfg.out) == ("ben", str(tmp_path / "b.wav"), str(tmp_path / "two.mp4"))
    cfg.film = 2
    with pytest.raises(ConfigError, match="has films 0 to 1"):
        apply_film_job(cfg)
    cfg.film = None
    with pytest.raises(ConfigError, match="needs -m"):
        apply_film_job(cfg)


def test_a_finished_film_is_made_until_its_inputs_change(cfg, tmp_path):
    out = tmp_path / "said.mp4"
    assert not is_made(out, cfg)
    out.touch()
    assert not is_made(out, cfg)  # of an earlier version, or copied there
    note_made(out, cfg)
    assert is_made(out, cfg)
    cfg.mode = "avatar"
    assert not is_made(out, cfg)
    cfg.mode = "dub"
    for changed in (tmp_path / "said.wav", *(tmp_path / "runs").glob(f"*/*/*/bundle/{MANIFEST}")):
        later = out.stat().st_mtime + 5
        os.utime(changed, (later, later))
        assert not is_made(out, cfg)
        os.utime(changed, (0, 0))
    assert is_made(out, cfg)
    (tmp_path / "said.wav").unlink()
    assert not is_made(out, cfg)
