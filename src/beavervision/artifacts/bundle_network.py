"""Builds a bundle's network; its size is compared with the weights file before memory is allocated."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

import torch
from torch import Tensor, nn

from beavervision.artifacts.bundle import Bundle
from beavervision.errors import BeaverError, BundleError

MAX_BUFFER_BYTES = 256 << 20
"""Largest size of a network's constants (buffers), which are not in the weights file."""

NetworkT = TypeVar("NetworkT", bound=nn.Module)


def build_network(
    bundle: Bundle[Any], build: Callable[[], NetworkT], weights: Mapping[str, Tensor] | None = None
) -> NetworkT:
    """Build a network from a bundle's arguments and load its weights.

    It is built on the `meta` device first, where tensors have shapes but no memory, and compared with the header of the
    weights file. Therefore a manifest cannot request more memory than the weights file has bytes.

    Args:
        bundle: bundle whose arguments its schema has validated.
        build: function that builds the network from these arguments.
        weights: state dict of the network, if the bundle contains several networks; by default all weights of the
            bundle.

    Raises:
        BundleError: when no network can be built from the arguments, or the weights do not fit it.
    """
    weights = bundle.weights if weights is None else weights
    check_network(bundle, build, weights)
    network = build()
    network.load_state_dict(weights)
    return network


def check_network(bundle: Bundle[Any], build: Callable[[], nn.Module], weights: Mapping[str, Tensor]) -> None:
    """Check that a network and weights fit each other without allocating the network; see `build_network`.

    Args:
        bundle: bundle that error messages name.
        build: function that builds the network.
        weights: state dict of the network.

    Raises:
        BundleError: when they do not fit.
    """
    again = f"train {bundle.stage} again"
    try:
        # The initialisation of the network must not change the state of the random generator.
        with torch.random.fork_rng(devices=[]), torch.device("meta"):
            network = build()
    except BeaverError:
        raise
    except (ArithmeticError, LookupError, MemoryError, RuntimeError, TypeError, ValueError) as error:
        reason = (str(error).strip().splitlines() or [type(error).__name__])[0]
        raise BundleError(
            f"{bundle.folder}: its hparams build no {bundle.stage} network ({reason[:200]}); {again}."
        ) from error
    expected = network.state_dict()
    if missing := sorted(set(expected) - set(weights)):
        raise BundleError(f"{bundle.folder}: the weights lack {missing[0]}; {again}.")
    if unknown := sorted(set(weights) - set(expected)):
        raise BundleError(f"{bundle.folder}: the weights hold {ascii(unknown[0])[:80]}, which is unknown; {again}.")
    for name, tensor in expected.items():
        found = weights[name]
        if (found.shape, found.dtype) != (tensor.shape, tensor.dtype):
            raise BundleError(
                f"{bundle.folder}: {name} is {_described(found)} in the weights and {_described(tensor)} by the "
                f"hparams; {again}."
            )
    constants = sum(b.numel() * b.element_size() for name, b in network.named_buffers() if name not in expected)
    if constants > MAX_BUFFER_BYTES:
        raise BundleError(f"{bundle.folder}: its hparams ask for {constants >> 20} MB of constants; {again}.")


def _described(tensor: Tensor) -> str:
    return f"{str(tensor.dtype).removeprefix('torch.')} {tuple(tensor.shape)}"
