"""Linear prediction of how far the lips are open, fitted in closed form to the tracked lips of real people.

A network that is trained on synthetic motion knows when lips round and spread, but follows the opening of real lips
badly. How far they open depends mostly on the spectrum around the frame, for which a linear map suffices: on people who
were not learnt from, networks, kernels and this map are equally good (docs/explanation/speech.md).
"""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn.functional import pad

from beavervision.audio.features import ROWS_PER_FRAME

PAST, FUTURE = 6, 4
"""Frames of sound before and after a frame that the prediction uses: 240 and 160 ms."""
SPAN = (PAST + 1 + FUTURE) * ROWS_PER_FRAME
"""Rows of these frames."""
TAPS = 5
"""Frames of the network's condition that it uses: the frame itself and those before it."""


class OpeningHead(nn.Module):
    """Replaces the opening of the lips in a motion; everything else of the motion stays.

    The gap between the lips, relative to the resting face, is mouth_amp * max(low, voice(x) * gap(x)), where x holds
    the standardised audio feature of frames t - PAST ... t + FUTURE and the condition of frames t - TAPS + 1 ... t. gap
    is linear; voice is the probability of speech, which keeps lips still in silence and noise: a logistic regression on
    mean, maximum and spread of each channel over these frames, because steady sounds are noise, and on the condition.
    The face then moves along `shape`, the mean change of real faces with the gap, until it has this gap. A new head has
    a shape of zero and changes nothing.

    Args:
        content_dim: C, channels of the audio feature.
        condition: G, channels of the network's condition.
        motion_dim: E, motion coefficients.
    """

    normal: Tensor
    """Change of the gap between the lips with each coefficient, cm."""
    shape: Tensor
    """Change of the face when the gap grows by 1 cm: normal . shape = 1."""
    rest: Tensor
    """Gap of the resting face relative to that of the mean motion, cm."""
    low: Tensor
    """Smallest gap, relative to the resting face and to the amplitude."""

    def __init__(self, content_dim: int, condition: int, motion_dim: int) -> None:
        super().__init__()
        self._content_dim = content_dim
        self.gap = nn.Linear(SPAN * content_dim + TAPS * condition, 1)
        self.voice = nn.Linear(3 * content_dim + TAPS * condition, 1)
        self.register_buffer("normal", torch.zeros(motion_dim))
        self.register_buffer("shape", torch.zeros(motion_dim))
        self.register_buffer("rest", torch.zeros(()))
        self.register_buffer("low", torch.zeros(()))

    def inputs(
        self, content: Float[Tensor, "B R C"], silence: Float[Tensor, "C"], g: Float[Tensor, "B G T"], frames: int
    ) -> Float[Tensor, "B T F"]:
        """Inputs of the prediction.

        Args:
            content: standardised audio feature, two rows per frame; more rows than frames where the future is known.
            silence: standardised audio feature of silence, for what is before and after the sequence.
            g: condition of at least `frames` frames.
            frames: T, number of frames.
        """
        before = silence.expand(len(content), ROWS_PER_FRAME * PAST, -1)
        after = silence.expand(len(content), ROWS_PER_FRAME * FUTURE, -1)
        rows = torch.cat([before, content, after], 1)
        heard = rows.unfold(1, SPAN, ROWS_PER_FRAME)[:, :frames].mT.flatten(2)
        padded = pad(g[..., :frames], (TAPS - 1, 0))
        felt = padded.unfold(2, TAPS, 1).permute(0, 2, 3, 1).flatten(2)
        return torch.cat([heard, felt], 2)

    def voice_inputs(self, inputs: Float[Tensor, "*b F"]) -> Float[Tensor, "*b V"]:
        """Inputs of the gate, computed from `inputs`."""
        split = SPAN * self._content_dim
        rows = inputs[..., :split].unflatten(-1, (SPAN, self._content_dim))
        spread = rows.std(-2, unbiased=False)
        return torch.cat([spread, rows.mean(-2), rows.amax(-2), inputs[..., split:]], -1)

    def opened(self, inputs: Float[Tensor, "*b F"]) -> Float[Tensor, "*b"]:
        """Gap relative to the resting face and to the amplitude of the mouth."""
        gap = self.gap(inputs) * self.voice(self.voice_inputs(inputs)).sigmoid()
        return gap[..., 0].clamp(min=self.low)

    def forward(
        self,
        motion: Float[Tensor, "B T E"],
        mean: Float[Tensor, "E"],
        inputs: Float[Tensor, "B T F"],
        mouth_amp: Float[Tensor, "B"],
    ) -> Float[Tensor, "B T E"]:
        """Return the motion with the predicted opening.

        Args:
            motion: motion of the network.
            mean: mean motion.
            inputs: `inputs` of the frames.
            mouth_amp: amplitude of the mouth, cm.
        """
        wanted = self.rest + self.opened(inputs) * mouth_amp[:, None]
        missing = wanted - (motion - mean) @ self.normal
        return motion + missing[..., None] * self.shape
