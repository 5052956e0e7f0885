"""What libraries say that helps nobody."""

from __future__ import annotations

import logging
import os
import warnings

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


def quiet_libraries() -> None:
    """Keep Lightning's banners and warnings about nothing, and those of TensorFlow's kin, to themselves."""
    for name in ("lightning", "lightning.pytorch", "lightning.fabric", "pytorch_lightning"):
        logging.getLogger(name).setLevel(logging.ERROR)
    for pattern in NOISE:
        warnings.filterwarnings("ignore", message=pattern)
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    os.environ.setdefault("GLOG_minloglevel", "2")
    os.environ.setdefault("WANDB_SILENT", "true")
