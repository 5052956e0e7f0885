"""Small networks of motion, and speech for them."""

import numpy as np
import torch

from beavervision.stages.audio2motion.network import MotionVAE, SpeechFeatures

TINY = {
    "hidden": 8,
    "latent": 4,
    "condition": 8,
    "audio_hidden": 8,
    "branch": 4,
    "encoder_layers": 2,
    "decoder_layers": 2,
    "couplings": 2,
    "flow_hidden": 4,
    "flow_layers": 2,
    "dropout": 0.1,
}


def tiny_network(**settings):
    """In evaluation mode, its flow no longer the identity."""
    torch.manual_seed(0)
    network = MotionVAE(80, 64, **{**TINY, **settings}).eval()
    with torch.no_grad():
        for parameter in network.prior.parameters():
            parameter.add_(0.1 * torch.randn_like(parameter))
    return network


def random_speech(rng, batch, frames):
    return SpeechFeatures(
        content=torch.from_numpy(rng.standard_normal((batch, 2 * frames, 80)).astype(np.float32)),
        pitch=torch.from_numpy(rng.integers(1, 256, (batch, 2 * frames))),
        blink=torch.from_numpy(rng.integers(0, 2, (batch, frames))),
        mouth_amp=torch.ones(batch),
        eye_amp=torch.ones(batch),
        inside=torch.ones(batch, frames, dtype=torch.bool),
    )
