from __future__ import annotations

from types import SimpleNamespace

import pytest
import torch
from omegaconf import OmegaConf

from beavervision.config import hardware
from beavervision.config.hardware import CHOICES, apply_hardware, compile_network, render_device, resolve_hardware
from beavervision.errors import BeaverError
from beavervision.stages.radnerf_head.inference import RENDERS

PLAIN = {
    "accelerator": "auto",
    "precision": "auto",
    "strategy": "auto",
    "workers": 0,
    "compile": False,
    "render": "auto",
}


def settled(**asked):
    cfg = OmegaConf.create({"hardware": {**PLAIN, "backend": "auto", **asked}})
    return resolve_hardware(cfg), cfg.hardware


@pytest.fixture
def nothing_but_a_cpu(monkeypatch):
    monkeypatch.setattr(hardware, "_has_cuda", lambda: False)
    monkeypatch.setattr(hardware, "_has_mps", lambda: False)


def test_auto_says_what_it_chose_and_why(nothing_but_a_cpu):
    said, node = settled(workers=2)
    assert (node.accelerator, node.precision) == ("cpu", "32-true")
    assert said.startswith("hardware: CPU, ")
    assert said.endswith("(PyTorch sees no GPU), precision 32-true, numba kernels, 2 loading processes")


def test_auto_takes_a_gpu_that_is_there(monkeypatch):
    monkeypatch.setattr(hardware, "_has_cuda", lambda: True)
    monkeypatch.setattr(hardware, "_has_bf16", lambda: True)
    monkeypatch.setattr(hardware, "_gpu_name", lambda: "Some GPU")
    said, node = settled(backend="torch")
    assert (node.accelerator, node.precision) == ("gpu", "bf16-mixed")
    assert "Some GPU (PyTorch sees it), precision bf16-mixed, torch kernels" in said


def test_what_was_asked_for_is_left_as_it_is(nothing_but_a_cpu):
    assert settled(accelerator="cpu", precision="bf16-mixed")[0] == ""


@pytest.mark.parametrize(("accelerator", "device"), [("gpu", "cuda"), ("cuda", "cuda"), ("mps", "cpu"), ("cpu", "cpu")])
def test_films_are_rendered_on_cuda_or_the_cpu(accelerator, device):
    assert render_device(OmegaConf.create({"accelerator": accelerator})) == device


@pytest.mark.parametrize("accelerator", ["gpu", "mps"])
def test_a_device_that_is_not_there_is_refused(nothing_but_a_cpu, accelerator):
    with pytest.raises(BeaverError, match=f"hardware.accelerator={accelerator}: PyTorch sees no such device"):
        settled(accelerator=accelerator)


@pytest.mark.parametrize(
    ("key", "given", "meant"), [("precision", "bf16_mixed", "bf16-mixed"), ("render", "fats", "fast")]
)
def test_what_is_none_of_the_choices_is_refused(nothing_but_a_cpu, key, given, meant):
    with pytest.raises(BeaverError, match=f"hardware.{key}={given}: there is no such {key}; did you mean {meant}"):
        settled(**{key: given})


def test_compiling_without_a_compiler_is_refused(nothing_but_a_cpu, monkeypatch):
    monkeypatch.setenv("PATH", "")
    with pytest.raises(BeaverError, match="needs a C\\+\\+ compiler"):
        settled(compile=True)


def test_a_compiled_network_keeps_its_names():
    module = torch.nn.Module()
    module.network = torch.nn.Linear(2, 2)
    compile_network(module)  # type: ignore[arg-type]
    assert list(module.state_dict()) == ["network.weight", "network.bias"]


def test_several_losses_get_the_strategy_that_allows_them():
    cfg = OmegaConf.create({"hardware": {"compile": False}, "trainer": {"strategy": "ddp"}})
    apply_hardware(cfg, SimpleNamespace(automatic_optimization=True, trains_parts=False))  # type: ignore[arg-type]
    assert cfg.trainer.strategy == "ddp"
    for several, parts in ((False, False), (True, True)):
        cfg.trainer.strategy = "ddp"
        apply_hardware(cfg, SimpleNamespace(automatic_optimization=several, trains_parts=parts))  # type: ignore[arg-type]
        assert cfg.trainer.strategy == "ddp_find_unused_parameters_true"


def test_ways_to_render_are_those_of_the_head():
    assert set(CHOICES["render"]) == set(RENDERS)
