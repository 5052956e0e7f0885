"""The networks as they are exported: each takes what a program without torch has, and gives what it needs."""

from __future__ import annotations

import numpy as np
import torch
from jaxtyping import Float, Int, UInt8
from torch import Tensor, nn
from torch.nn.functional import conv1d, grid_sample, pad

from beavervision.audio.features import ROWS_PER_FRAME
from beavervision.audio.mel import FLOOR, HOP, N_FFT, mel_filters
from beavervision.audio.speech_encoder import SpeechEncoder
from beavervision.audio.windows import periodic_hann
from beavervision.face.morphable_model import CONDITION_SCALE, FaceModel
from beavervision.stages.audio2motion.inference import AudioToMotion
from beavervision.stages.audio2motion.network import UNVOICED, SpeechFeatures
from beavervision.stages.lower_face.network import LowerFaceNetwork
from beavervision.stages.lower_face.references import LEAST_PREFERENCE, LOWER_INNER, UPPER_INNER

SAMPLES_PER_FRAME = ROWS_PER_FRAME * HOP
"""Samples of a frame at 25 fps; the sound that a graph takes is padded with zeros to a multiple of it."""
TINY = 1e-20
"""Smallest squared distance whose logarithm is taken."""


class LogMelGraph(nn.Module):
    """Sound to log-mel rows, as `audio.mel.log_mel`: the spectrum is a convolution with cosines and sines."""

    waves: Tensor
    filters: Tensor

    def __init__(self) -> None:
        super().__init__()
        angle = 2 * np.pi * np.outer(np.arange(N_FFT // 2 + 1), np.arange(N_FFT)) / N_FFT
        waves = np.concatenate([np.cos(angle), np.sin(angle)]) * periodic_hann(N_FFT)
        self.register_buffer("waves", torch.from_numpy(waves.astype(np.float32))[:, None])
        self.register_buffer("filters", torch.from_numpy(mel_filters().T.copy()))

    def forward(self, samples: Float[Tensor, "N"]) -> Float[Tensor, "R 80"]:
        """Rows at 50 Hz.

        Args:
            samples: mono sound at 16 kHz; N is a multiple of SAMPLES_PER_FRAME.
        """
        half = N_FFT // 2
        # One row fewer than a centred spectrum has: row i is centred at sample i * HOP, i < N / HOP.
        parts = conv1d(pad(samples[None, None], (half, half - HOP)), self.waves, stride=HOP)[0].mT
        real, imaginary = parts.chunk(2, 1)
        spectrum = (real.square() + imaginary.square()).sqrt()
        return torch.log10((spectrum @ self.filters).clamp(min=FLOOR))


class SpeechEncoderGraph(nn.Module):
    """Sound to phonetic features, as `audio.speech_encoder.speech_features`."""

    def __init__(self, encoder: SpeechEncoder) -> None:
        super().__init__()
        self.mel, self.encoder = LogMelGraph(), encoder

    def forward(self, samples: Float[Tensor, "N"]) -> Float[Tensor, "R 128"]:
        """Rows at 50 Hz; see `LogMelGraph.forward`."""
        return self.encoder.encode(self.mel(samples)[None])[0]


class MotionGraph(nn.Module):
    """Audio features to the motion of the face.

    Args:
        source: trained network of audio2motion.
        face: face model of its coefficients.
        identity: of the person whose landmarks are given, face model coefficients.
    """

    mean: Tensor
    basis: Tensor
    still: Tensor

    def __init__(self, source: AudioToMotion, face: FaceModel, identity: Float[np.ndarray, "I"]) -> None:
        super().__init__()
        self.network, self.n_identity = source.network, len(source.network.motion_mean) - source.expression_dim
        self.mouth_amp, self.eye_amp = source.mouth_amp, source.eye_amp
        basis = CONDITION_SCALE * face.exp_basis[:, face.landmarks68]
        self.register_buffer("basis", torch.from_numpy(basis.reshape(len(basis), -1).astype(np.float32)))
        still = face.condition68(identity, np.zeros(len(basis)))
        self.register_buffer("still", torch.from_numpy(still.astype(np.float32)))

    def forward(
        self,
        content: Float[Tensor, "R C"],
        pitch: Int[Tensor, "R"],
        noise: Float[Tensor, "L Z"],
        amplitude: Float[Tensor, "2"],
    ) -> tuple[Float[Tensor, "T E"], Float[Tensor, "T 68 3"]]:
        """Expression coefficients and the landmark condition of T = R / 2 frames.

        Args:
            content: audio features, two rows a frame.
            pitch: coarse pitch of each row (`audio.pitch.coarse_pitch`), 1 where unvoiced; networks without pitch
                ignore it.
            noise: one row for each 4 frames, zero for the likeliest motion.
            amplitude: of mouth and eyes, as factors of the person's own.
        """
        frames = content.shape[0] // ROWS_PER_FRAME
        silent = content.new_zeros(1, frames)
        speech = SpeechFeatures(
            content=content[None],
            pitch=pitch.clamp(min=UNVOICED)[None],
            blink=silent.to(torch.int64),
            mouth_amp=amplitude[:1] * self.mouth_amp,
            eye_amp=amplitude[1:] * self.eye_amp,
            inside=silent == 0,
        )
        expression = self.network(speech, noise.mT[None])[0, :, self.n_identity :]
        return expression, (expression @ self.basis).unflatten(1, (-1, 3)) + self.still


class LowerFaceGraph(nn.Module):
    """Patches with mouth and chin drawn, as `LowerFaceRenderer.render`; only maps and a spline are made outside.

    Pixels are counted as OpenCV does, with centres at whole numbers. The reference patches are warped here, with a
    spline in single precision at every pixel instead of every eighth (`references.warp_references`).

    Args:
        network: of the person.
        preference_px: difference of openings at which a reference's logit is -1; see `reference_preference`.
    """

    grid: Tensor
    known: Tensor
    pictures: Tensor

    def __init__(self, network: LowerFaceNetwork, preference_px: float) -> None:
        super().__init__()
        self.network, self.size, self.preference_px = network, network.size, preference_px
        rows, columns = torch.meshgrid(torch.arange(self.size), torch.arange(self.size), indexing="ij")
        self.register_buffer("grid", torch.stack([columns, rows], -1).reshape(-1, 2).float())
        self.register_buffer("known", network.reference_points - 0.5)
        self.register_buffer("pictures", network.references.permute(0, 3, 1, 2).float())

    def forward(
        self,
        patch: UInt8[Tensor, "B S S 3"],
        maps: UInt8[Tensor, "B S S 3"],
        points: Float[Tensor, "B 68 2"],
        spline: Float[Tensor, "B 71 D"],
    ) -> Float[Tensor, "B S S 3"]:
        """The patches, [0, 255].

        Args:
            patch: of the frame.
            maps: drawn target landmarks; see `landmark_maps`.
            points: target landmarks, px of the patch.
            spline: weights of the thin-plate spline from the target landmarks to those of each reference
                (`compositing.thin_plate`): of the 68 knots, then of 1, x and y; dx, dy of the first reference, of the
                second, ...
        """
        seen, drawn = (part.movedim(-1, -3).float() / 255 for part in (patch, maps))
        made = self.network(seen, drawn, self._warped(points, spline), self._preference(points))
        return made.clamp(0, 1).movedim(1, -1) * 255

    def _warped(self, points: Float[Tensor, "B 68 2"], spline: Float[Tensor, "B 71 D"]) -> Float[Tensor, "B R 3 S S"]:
        middle, extent = points.mean(1, keepdim=True), (points.amax(1) - points.amin(1)).amax(1)[:, None, None]
        knots, grid = (points - middle) / extent, (self.grid - middle) / extent
        square = (grid[:, :, None] - knots[:, None]).square().sum(-1)
        bend = 0.5 * square * square.clamp(min=TINY).log()
        plane = torch.cat([torch.ones_like(grid[..., :1]), grid], -1)
        flow = bend @ spline[:, : points.shape[1]] + plane @ spline[:, points.shape[1] :]
        place = self.grid[:, None] + flow.unflatten(2, (-1, 2))  # [B, S S, R, 2]
        place = ((place + 0.5) * (2 / self.size) - 1).movedim(2, 1).flatten(0, 1)
        pictures = self.pictures.expand(points.shape[0], -1, -1, -1, -1).flatten(0, 1)
        found = grid_sample(
            pictures, place.unflatten(1, (self.size, self.size)), "bicubic", "border", align_corners=False
        )
        return found.round().clamp(0, 255).unflatten(0, (points.shape[0], -1)) / 255

    def _preference(self, points: Float[Tensor, "B 68 2"]) -> Float[Tensor, "B R"]:
        apart = (_opening(self.known) - _opening(points)[:, None]) / self.preference_px
        return (-apart.square()).clamp(min=LEAST_PREFERENCE)


def _opening(points: Float[Tensor, "*b 68 2"]) -> Float[Tensor, "*b"]:
    """See `references`; px."""
    return (points[..., UPPER_INNER, :] - points[..., LOWER_INNER, :]).square().sum(-1).sqrt().mean(-1)
