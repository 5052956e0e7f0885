from __future__ import annotations

from types import SimpleNamespace

import av
import numpy as np
import pytest

from beavervision.callbacks.dashboard import dashboard
from beavervision.callbacks.history import read_history
from beavervision.callbacks.learning_rates import learning_rates
from beavervision.callbacks.line_svg import BOTTOM, HEIGHT, LEFT, RIGHT, TOP, WIDTH, line_svg, thinned
from beavervision.callbacks.media import MediaFiles, preview_file, write_film
from beavervision.callbacks.summary import parameters
from beavervision.stages.visualization.media import Film


def grey(count: int) -> list[np.ndarray]:
    return [np.full((16, 24, 3), i, np.uint8) for i in range(count)]


def test_a_film_is_written_with_its_sound(tmp_path):
    sound = np.sin(np.arange(6400) / 5).astype(np.float32)
    path, poster = write_film(tmp_path / "film.mp4", Film("film", iter(grey(10)), 25.0, sound))
    with av.open(str(path)) as film:
        assert film.streams.video[0].frames == 10
        assert sum(frame.samples for frame in film.decode(audio=0)) == pytest.approx(6400, abs=1024)
    # 1, 2, 4, 8: the eighth frame, of value 7.
    assert (poster == 7).all()


def test_a_film_without_frames_is_no_film(tmp_path):
    with pytest.raises(ValueError, match="without frames"):
        write_film(tmp_path / "film.mp4", Film("film", [], 25.0))
    assert list(tmp_path.iterdir()) == []


def test_without_the_callback_there_is_no_preview():
    trainer = SimpleNamespace(callbacks=[], is_global_zero=True)
    assert preview_file(trainer, None, None) is None  # type: ignore[arg-type]


def test_a_process_that_is_not_the_first_writes_nothing(tmp_path):
    trainer = SimpleNamespace(fast_dev_run=False, is_global_zero=False)
    MediaFiles(str(tmp_path)).on_validation_end(trainer, None)  # type: ignore[arg-type]
    assert list(tmp_path.iterdir()) == []


def write_csv(folder, version: int, text: str) -> None:
    place = folder / f"logs/csv/version_{version}"
    place.mkdir(parents=True)
    (place / "metrics.csv").write_text(text)


def test_the_history_joins_the_starts_of_a_run(tmp_path):
    write_csv(tmp_path, 0, "epoch,step,train/loss,val/x\n0,9,3.0,\n0,19,2.0,\n0,19,,5.0\n")
    write_csv(tmp_path, 10, "epoch,step,train/loss\n0,29,1.0\n")
    write_csv(tmp_path, 2, "epoch,step,train/loss\n0,19,2.5\n0,29,1.5\n")
    # The start with the higher number is the later one: version_10 after version_2.
    assert read_history(tmp_path) == {"train/loss": {9: 3.0, 19: 2.5, 29: 1.0}, "val/x": {19: 5.0}}


def test_a_line_runs_from_corner_to_corner():
    drawn = line_svg("a", {0: 0.0, 10: 1.0})
    assert f'points="{LEFT:.1f},{HEIGHT - BOTTOM:.1f} {WIDTH - RIGHT:.1f},{TOP:.1f}"' in drawn


def test_long_lines_are_thinned_to_their_means():
    assert len(thinned(list(range(10_000)), 400)) == 400
    assert thinned([1.0, 2.0, 6.0], 2) == [1.5, 6.0]


def test_the_page_escapes_what_it_shows(tmp_path):
    write_csv(tmp_path, 0, "epoch,step,<b>\n0,1,1.0\n0,2,nan\n")
    page = dashboard(tmp_path, "a<script>", "step 2")
    assert "<script>" not in page
    assert "&lt;b&gt;" in page
    assert "nan" not in page


def test_learning_rates_by_name():
    import torch

    weight = torch.nn.Parameter(torch.zeros(1))
    other = torch.nn.Parameter(torch.zeros(1))
    one = torch.optim.SGD([weight], lr=0.5)
    two = torch.optim.SGD([{"params": [weight], "name": "grid"}, {"params": [other], "lr": 0.25}], lr=0.5)
    assert learning_rates([one]) == {"train/lr": 0.5}
    assert learning_rates([two]) == {"train/lr_grid": 0.5, "train/lr_1": 0.25}


def test_parts_are_counted():
    import torch

    module = torch.nn.Module()
    module.network = torch.nn.Sequential(torch.nn.Linear(3, 2), torch.nn.ReLU())
    module.frozen = torch.nn.Linear(2, 2).requires_grad_(requires_grad=False)
    assert parameters(module) == {"network.0": (8, True), "frozen": (6, False)}  # type: ignore[arg-type]
