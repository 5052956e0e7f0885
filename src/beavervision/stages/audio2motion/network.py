"""Variational autoencoder of motion."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn
from torch.nn.functional import pad

from beavervision.audio.features import ROWS_PER_FRAME
from beavervision.stages.audio2motion.condition_encoder import ConditionEncoder, RowMerge
from beavervision.stages.audio2motion.flow import FlowPrior
from beavervision.stages.audio2motion.opening_head import OpeningHead
from beavervision.stages.audio2motion.wavenet import GatedStack, TimeConv
from beavervision.stages.distributed import noise_like
from beavervision.types import Batch

STRIDE = 4
"""Number of frames per latent vector."""
UNVOICED = 1
"""Coarse pitch of an unvoiced row (`audio.pitch.coarse_pitch`)."""


@dataclass
class SpeechFeatures(Batch):
    """Inputs of the network, padded to the longest sequence of the batch."""

    content: Float[Tensor, "B 2T C"]
    """Audio feature, two rows per frame."""
    pitch: Int[Tensor, "B 2T"]
    """Coarse pitch, bins 1-255."""
    blink: Int[Tensor, "B T"]
    """1 at the middle of a blink."""
    mouth_amp: Float[Tensor, "B"]
    """90th percentile of the distance between the inner lips, cm."""
    eye_amp: Float[Tensor, "B"]
    """90th percentile of the distance between the lids, cm."""
    inside: Bool[Tensor, "B T"]
    """False where a sequence is padded."""


@dataclass
class Posterior:
    """Latent distribution of a known motion, and a sample of it."""

    z: Float[Tensor, "B Z L"]
    mean: Float[Tensor, "B Z L"]
    log_sigma: Float[Tensor, "B Z L"]


class MotionVAE(nn.Module):
    """Maps speech to expression coefficients (GeneFace++'s VAE; dimensions in STAGES.md section 2).

    With a bounded look-ahead all convolutions are causal, and the condition is shifted by `look_ahead` frames: frame t
    depends on the sound up to the end of frame t + look_ahead only, so that speech can be processed as a stream. Beyond
    the end of a sequence the input is silence.

    Args:
        content_dim: number of channels of the audio feature.
        motion_dim: number E of motion coefficients.
        hidden: channels of encoder and decoder (reference 256).
        latent: Z, channels of the latent (16).
        condition: G, channels of the condition (128).
        audio_hidden: channels of the audio encoder (64).
        branch: channels of the pitch, blink and amplitude branches (128).
        encoder_layers: gated layers of the encoder (8).
        decoder_layers: gated layers of the decoder (4).
        couplings: number of couplings of the flow prior (4).
        flow_hidden: channels inside a coupling (64).
        flow_layers: gated layers of a coupling (4).
        kernel: width of the gated convolutions (5).
        dropout: share of activations dropped in training (0).
        look_ahead: number of frames of future sound that a frame depends on; None, as in the reference, for
            convolutions that use past and future.
        blocks: number of additional residual blocks of the audio encoder (0).
        rows: conversion from 50 Hz to 25 Hz: `linear` (GeneFace++'s vae) or `nearest` (its pitch_vae).
        pitch: whether the pitch is an input.
        opening: whether the opening of the lips is that of an `OpeningHead`.
    """

    content_mean: Tensor
    content_std: Tensor
    content_low: Tensor
    motion_mean: Tensor
    motion_std: Tensor

    def __init__(
        self,
        content_dim: int,
        motion_dim: int = 64,
        hidden: int = 256,
        latent: int = 16,
        condition: int = 128,
        audio_hidden: int = 64,
        branch: int = 128,
        encoder_layers: int = 8,
        decoder_layers: int = 4,
        couplings: int = 4,
        flow_hidden: int = 64,
        flow_layers: int = 4,
        kernel: int = 5,
        dropout: float = 0.0,
        look_ahead: int | None = None,
        blocks: int = 0,
        rows: RowMerge = "linear",
        *,
        pitch: bool = True,
        opening: bool = False,
    ) -> None:
        super().__init__()
        causal = look_ahead is not None
        self.latent, self._early = latent, look_ahead or 0
        self.register_buffer("content_mean", torch.zeros(content_dim))
        self.register_buffer("content_std", torch.ones(content_dim))
        self.register_buffer("content_low", torch.full((content_dim,), -torch.inf))
        self.register_buffer("motion_mean", torch.zeros(motion_dim))
        self.register_buffer("motion_std", torch.ones(motion_dim))
        self.listen = ConditionEncoder(
            content_dim, audio_hidden, condition, branch, dropout, blocks, rows, pitch=pitch, causal=causal
        )
        # Kernel 8, stride 4: T frames become exactly T / 4 latents.
        self.slow_condition = TimeConv(condition, condition, 2 * STRIDE, STRIDE, causal=causal)
        self.enter = TimeConv(motion_dim, hidden, 2 * STRIDE, STRIDE)  # the posterior uses the whole motion
        self.encoder = GatedStack(hidden, condition, encoder_layers, kernel, dropout)
        self.to_posterior = nn.Conv1d(hidden, 2 * latent, 1)
        self.prior = FlowPrior(latent, condition, couplings, flow_hidden, flow_layers, kernel, causal=causal)
        self.widen = nn.ConvTranspose1d(latent, hidden, STRIDE, STRIDE)
        self.decoder = GatedStack(hidden, condition, decoder_layers, kernel, dropout, causal=causal)
        self.leave = nn.Conv1d(hidden, motion_dim, 1)
        self.opening = OpeningHead(content_dim, condition, motion_dim) if opening else None
        self.causal = causal
        """Whether frame t depends on no sound after frame t + `future`."""
        self.past = _past(self)
        """Number of past frames in the receptive field; a multiple of STRIDE."""
        self.future: int = look_ahead if look_ahead is not None else _future(self)
        """Number of future frames in the receptive field."""

    def set_statistics(
        self,
        content_mean: Float[Tensor, "C"],
        content_std: Float[Tensor, "C"],
        content_low: Float[Tensor, "C"],
        motion_mean: Float[Tensor, "E"],
        motion_std: Float[Tensor, "E"],
    ) -> None:
        """Set the statistics of the training split, with which the network standardises sound and motion."""
        self.content_mean.copy_(content_mean)
        self.content_std.copy_(content_std)
        self.content_low.copy_(content_low)
        self.motion_mean.copy_(motion_mean)
        self.motion_std.copy_(motion_std)

    def condition(self, speech: SpeechFeatures) -> tuple[Float[Tensor, "B G T"], Float[Tensor, "B G L"]]:
        """Condition g per frame and per latent; T is padded to a multiple of STRIDE, L = T / STRIDE."""
        early = self._early
        inside = pad(speech.inside, (early, 0), value=True)  # silence follows a sequence, as input
        known = pad(speech.inside, (0, early))
        rows = known.repeat_interleave(ROWS_PER_FRAME, 1)
        pitch = torch.where(rows, pad(speech.pitch, (0, ROWS_PER_FRAME * early)), UNVOICED)
        blink = pad(speech.blink, (0, early)) * known
        content = self.standard_content(speech)
        g = self.listen(content, pitch, blink, speech.mouth_amp, speech.eye_amp, inside)[..., early:]
        g = pad(g * speech.inside[:, None], (0, -speech.inside.shape[1] % STRIDE))
        return g, self.slow_condition(g) * latent_mask(speech.inside)

    def standard_content(self, speech: SpeechFeatures) -> Float[Tensor, "B R C"]:
        """Standardised audio feature, followed by silence for the look-ahead of the last frames."""
        ahead = ROWS_PER_FRAME * self._early
        rows = pad(speech.inside.repeat_interleave(ROWS_PER_FRAME, 1), (0, ahead))
        # Digital silence is below any recorded room noise; it is raised to that level.
        content = torch.maximum(pad(speech.content, (0, 0, 0, ahead)), self.content_low)
        content = torch.where(rows[..., None], content, self._silence)
        return (content - self.content_mean) / self.content_std

    @property
    def _silence(self) -> Float[Tensor, "C"]:
        return torch.where(self.content_low.isfinite(), self.content_low, self.content_mean)

    def posterior(
        self,
        motion: Float[Tensor, "B T E"],
        g_slow: Float[Tensor, "B G L"],
        inside: Bool[Tensor, "B T"],
        known: Bool[Tensor, "B T"],
    ) -> Posterior:
        """Encode a known motion and sample its latent distribution; unknown frames are replaced by the mean motion."""
        mask = latent_mask(inside)
        standard = ((motion - self.motion_mean) / self.motion_std * known[..., None]).mT
        hidden = self.enter(pad(standard, (0, -standard.shape[2] % STRIDE))) * mask
        mean, log_sigma = (self.to_posterior(self.encoder(hidden, g_slow, mask)) * mask).chunk(2, dim=1)
        z = (mean + noise_like(mean) * log_sigma.exp()) * mask
        return Posterior(z, mean, log_sigma)

    def imagine(
        self, noise: Float[Tensor, "B Z L"], g_slow: Float[Tensor, "B G L"], inside: Bool[Tensor, "B T"]
    ) -> Float[Tensor, "B Z L"]:
        """Latent of a motion for the sound; zero noise gives the most probable one."""
        mask = latent_mask(inside)
        return self.prior.inverse(noise * mask, g_slow, mask)

    def decode(
        self, z: Float[Tensor, "B Z L"], g: Float[Tensor, "B G T"], inside: Bool[Tensor, "B T"]
    ) -> Float[Tensor, "B T E"]:
        """Decode a latent to motion; zero outside the sequences."""
        frames = inside.shape[1]
        mask = pad(inside, (0, -frames % STRIDE))[:, None]
        standard = self.leave(self.decoder(self.widen(z) * mask, g, mask))[..., :frames].mT
        return (standard * self.motion_std + self.motion_mean) * inside[..., None]

    def forward(self, speech: SpeechFeatures, noise: Float[Tensor, "B Z L"] | None = None) -> Float[Tensor, "B T E"]:
        """Motion for a speech; without noise, the most probable one."""
        g, g_slow = self.condition(speech)
        noise = g.new_zeros(len(g), self.latent, g_slow.shape[2]) if noise is None else noise
        return self.finish(self.decode(self.imagine(noise, g_slow, speech.inside), g, speech.inside), g, speech)

    def opening_inputs(self, speech: SpeechFeatures, g: Float[Tensor, "B G T"]) -> Float[Tensor, "B T F"]:
        """Inputs of the opening head."""
        assert self.opening is not None
        silence = (self._silence - self.content_mean) / self.content_std
        return self.opening.inputs(self.standard_content(speech), silence, g, speech.inside.shape[1])

    def finish(
        self, motion: Float[Tensor, "B T E"], g: Float[Tensor, "B G T"], speech: SpeechFeatures
    ) -> Float[Tensor, "B T E"]:
        """Give a decoded motion the opening of the opening head, if there is one."""
        if self.opening is None:
            return motion
        inputs = self.opening_inputs(speech, g)
        return self.opening(motion, self.motion_mean, inputs, speech.mouth_amp) * speech.inside[..., None]


def latent_mask(inside: Bool[Tensor, "B T"]) -> Bool[Tensor, "B 1 L"]:
    """Mask of the latents whose first frame is inside its sequence."""
    return pad(inside, (0, -inside.shape[1] % STRIDE))[:, None, ::STRIDE]


def _past(network: MotionVAE) -> int:
    """Number of past frames in the receptive field, rounded up to STRIDE."""
    # The last frame of a latent is STRIDE - 1 frames after its first.
    latents = STRIDE - 1 + STRIDE * network.prior.past + network.slow_condition.past
    frames = network.decoder.past + latents + network.listen.past
    return STRIDE * -(-frames // STRIDE)


def _future(network: MotionVAE) -> int:
    """Number of future frames in the receptive field of an unbounded network, rounded up to STRIDE."""
    latents = STRIDE - 1 + STRIDE * network.prior.future + network.slow_condition.future
    frames = network.decoder.future + latents + network.listen.future
    return STRIDE * -(-frames // STRIDE)
