"""Data and module of audio2motion for tests: small and fast."""

import torch
from motion_networks import TINY

from beavervision.stages.audio2motion.data import Audio2MotionData
from beavervision.stages.audio2motion.module import Audio2Motion

FAST = {"learning_rate": 3e-3, "warm_up": 2, "kl_rise": 4, "kl_hold": 4}


def make_data(clip, **settings):
    """Data of a clip or corpus: batches of four windows of 24 frames."""
    settings = {"batch_size": 4, "window": 24, "augmented_copies": 2, "steps_per_epoch": 3, **settings}
    return Audio2MotionData(clip.folder, {"kind": "mel"}, **settings)


def make_module(data, **settings):
    """Module with a tiny network for data that it sets up."""
    data.setup("fit")
    torch.manual_seed(0)
    return Audio2Motion(**data.dimensions(), network=TINY, schedule=FAST, **settings)
