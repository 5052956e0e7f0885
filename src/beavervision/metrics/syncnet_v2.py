"""The public SyncNet (Chung & Zisserman, "Out of time: automated lip sync in the wild", 2016).

Its weights are not included: `syncnet_v2.model` is a state dict that the authors offer for download. Layers and
parameter names are those of that file.
"""

from __future__ import annotations

from pathlib import Path

import torch
from jaxtyping import Float
from torch import Tensor, nn

from beavervision.errors import ConfigError

FACE_SIDE = 224
"""Side of a face crop, pixels."""
FRAMES, MFCC_ROWS = 5, 20
"""Length of a window in frames and in MFCC rows: 0.2 s at 25 fps and at 100 Hz."""
EMBEDDING = 1024

# (channels in, out, kernel, stride, padding), then the pooling's (kernel, stride, padding); None: no pooling.
_SOUND = (
    ((1, 64, (3, 3), (1, 1), (1, 1)), ((1, 1), (1, 1), (0, 0))),
    ((64, 192, (3, 3), (1, 1), (1, 1)), ((3, 3), (1, 2), (0, 0))),
    ((192, 384, (3, 3), (1, 1), (1, 1)), None),
    ((384, 256, (3, 3), (1, 1), (1, 1)), None),
    ((256, 256, (3, 3), (1, 1), (1, 1)), ((3, 3), (2, 2), (0, 0))),
    ((256, 512, (5, 4), (1, 1), (0, 0)), None),
)
_FACE = (
    ((3, 96, (5, 7, 7), (1, 2, 2), (0, 0, 0)), ((1, 3, 3), (1, 2, 2), (0, 0, 0))),
    ((96, 256, (1, 5, 5), (1, 2, 2), (0, 1, 1)), ((1, 3, 3), (1, 2, 2), (0, 1, 1))),
    ((256, 256, (1, 3, 3), (1, 1, 1), (0, 1, 1)), None),
    ((256, 256, (1, 3, 3), (1, 1, 1), (0, 1, 1)), None),
    ((256, 256, (1, 3, 3), (1, 1, 1), (0, 1, 1)), ((1, 3, 3), (1, 2, 2), (0, 0, 0))),
    ((256, 512, (1, 6, 6), (1, 1, 1), (0, 0, 0)), None),
)


class SyncNetV2(nn.Module):
    """Embeddings of 0.2 s of a face and of sound; they are close to each other if both are in sync."""

    def __init__(self) -> None:
        super().__init__()
        self.netcnnaud = _convolutions(_SOUND, nn.Conv2d, nn.BatchNorm2d, nn.MaxPool2d)
        self.netfcaud = _head()
        self.netcnnlip = _convolutions(_FACE, nn.Conv3d, nn.BatchNorm3d, nn.MaxPool3d)
        self.netfclip = _head()

    @classmethod
    def from_file(cls, path: Path) -> SyncNetV2:
        """Load the public weights; the network is in evaluation mode.

        Raises:
            ConfigError: when the file is missing or has other contents.
        """
        wanted = "give the public SyncNet's syncnet_v2.model."
        if not Path(path).is_file():
            raise ConfigError(f"{path} does not exist; {wanted}")
        network = cls()
        try:
            state = torch.load(path, map_location="cpu", weights_only=True)
            network.load_state_dict(state)
        except Exception:  # torch.load raises a dozen kinds of errors for files that are no state dict
            raise ConfigError(f"{path} does not hold SyncNet's weights; {wanted}") from None
        return network.eval().requires_grad_(requires_grad=False)

    def embed_sound(self, cepstrum: Float[Tensor, "B 20 13"]) -> Float[Tensor, "B 1024"]:
        """Embedding of 20 rows of `audio.mfcc`."""
        return self.netfcaud(self.netcnnaud(cepstrum.mT[:, None]).flatten(1))

    def embed_face(self, faces: Float[Tensor, "B 5 224 224 3"]) -> Float[Tensor, "B 1024"]:
        """Embedding of five face crops, RGB in [0, 255]."""
        # The network was trained on OpenCV images, in BGR order.
        return self.netfclip(self.netcnnlip(faces.flip(-1).permute(0, 4, 1, 2, 3)).flatten(1))


def _convolutions(rows: tuple, conv: type[nn.Module], norm: type[nn.Module], pool: type[nn.Module]) -> nn.Sequential:
    """Convolution, batch norm, ReLU and pooling for each row of a table above."""
    layers: list[nn.Module] = []
    for (inputs, outputs, kernel, stride, padding), pooling in rows:
        layers += [conv(inputs, outputs, kernel, stride, padding), norm(outputs), nn.ReLU()]
        if pooling is not None:
            layers.append(pool(*pooling))
    return nn.Sequential(*layers)


def _head() -> nn.Sequential:
    return nn.Sequential(nn.Linear(512, 512), nn.BatchNorm1d(512), nn.ReLU(), nn.Linear(512, EMBEDDING))
