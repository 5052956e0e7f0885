import shlex

import numpy as np
import pytest

from beavervision.errors import ConfigError
from beavervision.face.canvas_recommendation import LEGIBLE_FACE, check_legible, recommend, resolve_auto
from beavervision.face.framing import FrameSpec
from beavervision.overrides import format_override
from beavervision.preprocess.report.recommendations import (
    CHAIN,
    ELSEWHERE,
    NOTHING,
    because,
    next_command,
    settings,
    train_command,
)


def boxes(height, n=20):
    """Faces of one height, one of them unseen."""
    box = np.tile([100.0, 50.0, 100.0 + 0.8 * height, 50.0 + height], (n, 1))
    box[3] = np.nan
    return box


@pytest.mark.parametrize(
    ("height", "size", "people", "expected"),
    [
        # half of a square frame: all of it
        (250.0, (512, 512), 1, ["frame=native", "frame.height=512"]),
        # 84 / 0.45 = 187 px of canvas: 192 enlarges by 3 %
        (84.0, (1920, 1080), 1, ["frame=1x1", "frame.height=192", "frame.face_scale=0.45"]),
        # 0.12 of 1920: 230 / 0.45 = 511
        (230.0, (1080, 1920), 1, ["frame=1x1", "frame.height=512", "frame.face_scale=0.45"]),
        # large, but not alone
        (216.0, (1280, 720), 2, ["frame=1x1", "frame.height=384", "frame.face_scale=0.45"]),
        # larger than a canvas of 0.45 could hold: as large as the frame's shorter side allows
        (500.0, (1000, 800), 2, ["frame=1x1", "frame.height=512", "frame.face_scale=0.62"]),
        (30.0, (640, 480), 1, ["frame=1x1", "frame.height=128", "frame.face_scale=0.45"]),
    ],
)
def test_the_canvas_shows_the_face_large_and_never_enlarged(height, size, people, expected):
    spec = recommend(boxes(height), size, people)
    assert settings(spec) == expected


def test_without_a_face_the_whole_frame_is_left():
    assert recommend(np.full((5, 4), np.nan), (640, 480), 1).name == "native"


@pytest.mark.parametrize("name", ["anna", "Jürgen", "a b", "it's", 'say "x"', "back\\slash", "3", "null", "a,b"])
def test_the_command_survives_the_shell_and_the_parser(name):
    from hydra.core.override_parser.overrides_parser import OverridesParser

    *_, data = shlex.split(train_command(name))
    parsed = OverridesParser.create().parse_override(data)
    assert parsed.key_or_group == "data.name"
    assert str(parsed.value()) == name


def test_the_command_composes_and_leaves_the_canvas_to_the_recommendation():
    from hydra import compose, initialize_config_dir

    from beavervision.config.conf_folder import conf_folder
    from beavervision.config.resolvers import register_resolvers
    from beavervision.config.schemas import frame_spec

    _, script, multirun, models, *overrides = shlex.split(train_command("anna"))
    assert (script, multirun) == ("train.py", "-m")
    register_resolvers()
    for model in models.removeprefix("model=").split(","):
        with initialize_config_dir(str(conf_folder()), version_base="1.3"):
            cfg = compose("train", overrides=[f"model={model}", *overrides])
        assert frame_spec(cfg.frame) == FrameSpec("auto", None, 512)
        assert cfg.data.name == "anna"


AUTO = {"height": 512, "face_scale": None, "offset": (0.0, 0.0)}


@pytest.mark.parametrize(
    ("given", "exact_height", "expected"),
    [
        ({}, False, ["frame=1x1", "frame.height=512", "frame.face_scale=0.45"]),
        # an experiment's 256 is a limit
        ({"height": 256}, False, ["frame=1x1", "frame.height=256", "frame.face_scale=0.45"]),
        ({"height": 600}, True, ["frame=1x1", "frame.height=600", "frame.face_scale=0.45"]),
        # 230 / 0.8 = 287 px of canvas
        ({"face_scale": 0.8}, False, ["frame=1x1", "frame.height=256", "frame.face_scale=0.8"]),
    ],
)
def test_what_is_set_explicitly_stays_in_the_automatic_canvas(given, exact_height, expected):
    request = FrameSpec("auto", None, **{**AUTO, **given})
    spec = resolve_auto(request, boxes(230.0), (1080, 1920), 1, exact_height=exact_height)
    assert settings(spec) == expected


def test_a_face_scale_crops_where_the_whole_frame_was_recommended():
    request = FrameSpec("auto", None, 512, 0.6, (0.0, -0.1))
    spec = resolve_auto(request, boxes(250.0), (512, 512), 1, exact_height=False)
    # 250 / 0.6 = 417
    assert (spec.name, spec.height, spec.face_scale, spec.offset) == ("1x1", 384, 0.6, (0.0, -0.1))


def test_a_canvas_with_twenty_pixels_of_face_is_refused_in_one_sentence():
    # 230 of 1920 px of face on 168 rows: 20 px
    with pytest.raises(ConfigError, match=r"^frame=native frame.height=168 shows the face 20 pixels high, .*\.$"):
        check_legible(FrameSpec("native", None, 168), boxes(230.0), (1080, 1920))
    check_legible(FrameSpec("native", None, 1 + round(LEGIBLE_FACE * 1920 / 230)), boxes(230.0), (1080, 1920))
    check_legible(FrameSpec("native", None, 16), np.full((3, 4), np.nan), (1080, 1920))


def test_only_stages_that_can_learn_from_the_clip_are_trained():
    spec = recommend(boxes(250.0), (512, 512), 1)
    assert "model=radnerf_head,radnerf_torso data=myvideo" in train_command("a", ["radnerf_head", "radnerf_torso"])
    assert ELSEWHERE in because(spec, ["radnerf_head"])
    assert ELSEWHERE not in because(spec, CHAIN)
    assert because(spec, []) == NOTHING
    assert next_command(None, 0, []) == ""


def test_plain_names_stay_as_they_are():
    assert format_override("data.name", "me_2.b-c") == "data.name=me_2.b-c"
