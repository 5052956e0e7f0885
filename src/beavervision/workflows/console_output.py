"""Console output: silences warnings of libraries, and reserves standard output for a video."""

from __future__ import annotations

import logging
import os
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import BinaryIO

from beavervision.errors import ConfigError

NOISE = (
    ".*does not have many workers.*",
    ".*GPU available but not used.*",
    ".*The number of training batches.*",
    ".*is smaller than the logging interval.*",
    ".*no `IterableDataset`.*",
    ".*Checkpoint directory.*exists and is not empty.*",
    ".*You are using `torch.load` with `weights_only=False`.*",
    ".*ended before the epoch ended.*",
    ".*`isinstance\\(treespec, LeafSpec\\)`.*",
    ".*deterministic.*",
    ".*callbacks used to create the checkpoint.*",
    ".*requested to overfit but enabled train dataloader shuffling.*",
    ".*`__len__`.*",
    ".*Trying to infer the `batch_size`.*",
    ".*in eval mode at the start of training.*",
    ".*sync_dist=True.*",
)


def silence_libraries() -> None:
    """Silence Lightning's banners and irrelevant warnings, and those of TensorFlow and similar libraries."""
    for name in ("lightning", "lightning.pytorch", "lightning.fabric", "pytorch_lightning"):
        logging.getLogger(name).setLevel(logging.ERROR)
    for pattern in NOISE:
        warnings.filterwarnings("ignore", message=pattern)
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    os.environ.setdefault("GLOG_minloglevel", "2")
    os.environ.setdefault("WANDB_SILENT", "true")


OUT, ERR = 1, 2
"""File descriptors of standard output and standard error."""


@contextmanager
def binary_stdout() -> Iterator[BinaryIO]:
    """Yield standard output for writing bytes; prints, including those of libraries, go to standard error.

    Raises:
        ConfigError: when standard output is a terminal.
    """
    if os.isatty(OUT):
        raise ConfigError("out=- writes a film to standard output, which is a terminal; pipe it: ... out=- | ffplay -")
    sys.stdout.flush()
    pipe = os.dup(OUT)
    os.dup2(ERR, OUT)
    before, sys.stdout = sys.stdout, sys.stderr
    try:
        with os.fdopen(pipe, "wb", closefd=False) as out:
            yield out
    finally:
        sys.stdout = before
        os.dup2(pipe, OUT)
        os.close(pipe)
