"""Writes networks as ONNX files, compares them with PyTorch in onnxruntime, and makes int8 versions where they hold."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor, nn

from beavervision.errors import DependencyError

if TYPE_CHECKING:
    from collections.abc import Iterator

OPSET = 18
"""ONNX operator set of every graph; onnxruntime reads it since 1.14 (2023)."""
MAX_DIFFERENCE = 1e-3
"""Largest accepted difference from PyTorch, relative to the largest value; graphs that differ more are not written."""
INT8_ERROR = 0.03
"""Largest accepted root mean square error of an int8 graph, relative to the deviation of the exact output."""
NEEDS = "pip install 'beavervision[export]'"


@dataclass(frozen=True)
class Graph:
    """A network to export, with an input on which it is compared."""

    name: str
    """Of the file, without `.onnx`."""
    module: nn.Module
    inputs: Mapping[str, np.ndarray]
    outputs: Sequence[str]
    dynamic: Mapping[str, Any]
    """Input -> its dynamic axes, as `torch.export` takes them."""
    exact: Sequence[tuple[int, ...]] = ()
    """Shapes of weights that stay in single precision in the int8 version."""
    operators: Sequence[str] = ("MatMul", "Gemm", "Conv")
    """Operators that become int8; none for a graph that has no int8 version."""


def write_graph(graph: Graph, folder: Path, *, int8: bool) -> dict[str, Any]:
    """Write a graph and compare it with PyTorch; if it holds, write its int8 version too.

    Returns:
        What export.json says of it: inputs, outputs, difference, bytes, and the same of the int8 version.

    Raises:
        DependencyError: when onnx or onnxruntime is missing.
    """
    path = folder / f"{graph.name}.onnx"
    _export(graph, path)
    with torch.inference_mode():
        exact = graph.module(*(torch.from_numpy(value) for value in graph.inputs.values()))
    wanted = [value.numpy() for value in ((exact,) if isinstance(exact, Tensor) else exact)]
    found = run_graph(path, graph.inputs)
    difference = max(
        float(np.abs(a - b).max() / max(np.abs(b).max(), 1e-9)) for a, b in zip(found, wanted, strict=True)
    )
    _check_axes(graph, path)
    if not difference < MAX_DIFFERENCE:
        raise RuntimeError(f"{graph.name}.onnx differs from PyTorch by {difference:.2g} of its largest value")
    facts: dict[str, Any] = {
        "file": path.name,
        "inputs": {name: [str(value.dtype), _axes(graph, name)] for name, value in graph.inputs.items()},
        "outputs": list(graph.outputs),
        "largest_difference": difference,
        "bytes": path.stat().st_size,
    }
    if int8 and graph.operators:
        facts["int8"] = _int8(graph, path, wanted)
    return facts


def run_graph(path: Path, inputs: Mapping[str, np.ndarray]) -> list[np.ndarray]:
    """The outputs of an ONNX file, computed on the CPU."""
    onnxruntime = _library("onnxruntime")
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    needed = {one.name for one in session.get_inputs()}
    return session.run(None, {name: value for name, value in inputs.items() if name in needed})


def _check_axes(graph: Graph, path: Path) -> None:
    """The exporter takes an axis for a constant where the network mixes it with one; nobody would see it here."""
    for one in _library("onnx").load(str(path), load_external_data=False).graph.input:
        shape = [axis.dim_value for axis in one.type.tensor_type.shape.dim]
        if fixed := [axis for axis in graph.dynamic.get(one.name, {}) if shape[axis]]:
            raise RuntimeError(f"{graph.name}.onnx: axis {fixed[0]} of {one.name} is always {shape[fixed[0]]}")


def _axes(graph: Graph, name: str) -> list[int | str]:
    """Shape of an input, with a name for each dynamic axis."""
    moving = graph.dynamic.get(name, {})
    return [f"{name}_{axis}" if axis in moving else size for axis, size in enumerate(graph.inputs[name].shape)]


def _export(graph: Graph, path: Path) -> None:
    for library in ("onnx", "onnxscript"):
        _library(library)
    arguments = tuple(torch.from_numpy(value) for value in graph.inputs.values())
    with _quiet():
        torch.onnx.export(
            graph.module.eval(),
            arguments,
            str(path),
            input_names=list(graph.inputs),
            output_names=list(graph.outputs),
            dynamic_shapes=tuple(graph.dynamic.get(name, {}) for name in graph.inputs),
            opset_version=OPSET,
            dynamo=True,
            external_data=False,
            verbose=False,
        )


def _int8(graph: Graph, path: Path, wanted: Sequence[np.ndarray]) -> dict[str, Any]:
    """Quantise the weights to int8 and the activations as they come; keep the file if its outputs hold."""
    _library("onnxruntime")
    from onnxruntime.quantization import QuantType, quantize_dynamic  # pyright: ignore[reportMissingImports]

    small = path.with_suffix(".int8.onnx")
    with _quiet():
        quantize_dynamic(
            path,
            small,
            op_types_to_quantize=list(graph.operators),
            per_channel=True,
            weight_type=QuantType.QInt8,
            nodes_to_exclude=_exact_nodes(path, graph.exact),
        )
    found = run_graph(small, graph.inputs)
    error = max(_relative_error(a, b) for a, b in zip(found, wanted, strict=True))
    facts = {"relative_error": error, "limit": INT8_ERROR, "bytes": small.stat().st_size}
    if error <= INT8_ERROR:
        return {"file": small.name, **facts}
    small.unlink()
    return {"file": None, **facts}


def _relative_error(found: np.ndarray, wanted: np.ndarray) -> float:
    """Root mean square of the difference, relative to the deviation of what is wanted about its mean over time."""
    apart = np.sqrt(np.square(wanted - wanted.mean(0)).mean())
    return float(np.sqrt(np.square(found - wanted).mean()) / max(apart, 1e-9))


def _exact_nodes(path: Path, shapes: Sequence[tuple[int, ...]]) -> list[str]:
    """Names of the nodes whose weights have one of `shapes`."""
    model = _library("onnx").load(str(path))
    weights = {one.name for one in model.graph.initializer if tuple(one.dims) in shapes}
    return [node.name for node in model.graph.node if weights & set(node.input)]


@contextmanager
def _quiet() -> Iterator[None]:
    """Silence what exporter and quantiser report of libraries that are not needed."""
    loggers = [logging.getLogger(name) for name in ("", "torch.onnx", "onnxscript", "onnx_ir")]
    levels = [one.level for one in loggers]
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            for one in loggers:
                one.setLevel(logging.ERROR)
            yield
    finally:
        for one, level in zip(loggers, levels, strict=True):
            one.setLevel(level)


def _library(name: str) -> Any:
    """Import a library of the extra [export].

    Raises:
        DependencyError: when it is missing.
    """
    import importlib

    try:
        return importlib.import_module(name)
    except ImportError:
        raise DependencyError(f"{name} is not installed, and the export to ONNX needs it: {NEEDS}") from None
