"""LSE-D and LSE-C: lip-sync error by the public SyncNet (Prajwal et al., "A lip sync expert is all you need", 2020)."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import islice
from typing import NamedTuple

import numpy as np
import torch
from jaxtyping import Float, UInt8
from torch import Tensor
from torchmetrics import Metric

from beavervision.audio.mfcc import HOP, mfcc
from beavervision.errors import FootageError
from beavervision.metrics.sync import MAX_OFFSET
from beavervision.metrics.syncnet_v2 import FRAMES, MFCC_ROWS, SyncNetV2

ROWS_PER_FRAME = 4
"""Rows of MFCC per frame at 25 fps."""
BATCH = 16
"""Number of windows computed at once: bounds the memory."""
EPSILON = 1.0e-6
"""Added to every coordinate's difference: the default of PyTorch's pairwise_distance, which the authors use."""


class LipSyncError(NamedTuple):
    """LSE metrics of a video."""

    distance: Tensor
    """LSE-D, smaller is better."""
    confidence: Tensor
    """LSE-C, larger is better."""
    offset: Tensor
    """Frames by which the sound is late; the authors use the opposite sign."""


def lip_sync_error(
    network: SyncNetV2, faces: Iterable[UInt8[np.ndarray, "224 224 3"]], samples: Float[np.ndarray, "N"]
) -> LipSyncError:
    """Compute the LSE metrics of one video.

    Args:
        network: the network with the public weights.
        faces: crops from `metrics.lse_crops`, RGB at 25 fps; iterated once, one crop at a time.
        samples: sound at 16 kHz, starting at the first crop.

    Raises:
        FootageError: when there are fewer than six frames with sound.
    """
    sound, face = embeddings(network, faces, samples)
    return verdict(offset_distances(sound, face))


@torch.inference_mode()
def embeddings(
    network: SyncNetV2, faces: Iterable[UInt8[np.ndarray, "224 224 3"]], samples: Float[np.ndarray, "N"]
) -> tuple[Float[Tensor, "W 1024"], Float[Tensor, "W 1024"]]:
    """Embeddings of sound and face for the window that starts at each frame; none starts at the last five frames."""
    cepstrum = torch.from_numpy(mfcc(samples))
    windows = _windows(islice(faces, len(samples) // (ROWS_PER_FRAME * HOP)))
    found: list[tuple[Tensor, Tensor]] = []
    total = 0
    while batch := list(islice(windows, BATCH)):
        rows = [cepstrum[ROWS_PER_FRAME * i :][:MFCC_ROWS] for i in range(total, total + len(batch))]
        total += len(batch)
        rows = [row for row in rows if len(row) == MFCC_ROWS]  # the sound may end one row before the frames
        if rows:
            pictures = torch.from_numpy(np.stack(batch[: len(rows)])).float()
            found.append((network.embed_sound(torch.stack(rows)), network.embed_face(pictures)))
    if total < 2:
        raise FootageError(f"LSE needs {FRAMES + 1} frames of a face with sound at the least; give a longer film.")
    # The authors leave out the last window, even if its sound is complete.
    sound, face = (torch.cat(parts)[: total - 1] for parts in zip(*found, strict=True))
    return sound, face


def offset_distances(
    sound: Float[Tensor, "W D"], face: Float[Tensor, "W D"], max_offset: int = MAX_OFFSET
) -> Float[Tensor, "O"]:
    """Mean distance of face t and sound t + o for every offset o, from -max_offset to max_offset.

    As in the authors' code, which published figures use, the sound embedding beyond the ends of the video is zero; in
    `metrics.sync` such pairs are skipped.
    """
    padded = torch.nn.functional.pad(sound, (0, 0, max_offset, max_offset))
    length, offsets = len(face), range(2 * max_offset + 1)
    return torch.stack([(face - padded[o : o + length] + EPSILON).norm(dim=1).mean() for o in offsets])


def verdict(distances: Float[Tensor, "O"]) -> LipSyncError:
    """LSE-D = smallest distance; LSE-C = median minus it."""
    best = distances.argmin()
    return LipSyncError(distances[best], distances.median() - distances[best], best - len(distances) // 2)


class LipSyncErrors(Metric):
    """Mean LSE-D, LSE-C and offset over videos; see `lip_sync_error`.

    Args:
        network: the network with the public weights.
    """

    full_state_update = False

    total: Tensor
    count: Tensor

    def __init__(self, network: SyncNetV2, **settings: object) -> None:
        super().__init__(**settings)
        self._network = network
        self.add_state("total", torch.zeros(3), dist_reduce_fx="sum")
        self.add_state("count", torch.tensor(0.0), dist_reduce_fx="sum")

    def update(self, faces: Iterable[UInt8[np.ndarray, "224 224 3"]], samples: Float[np.ndarray, "N"]) -> None:
        """Add one video."""
        self.total += torch.stack([value.float() for value in lip_sync_error(self._network, faces, samples)])
        self.count += 1

    def compute(self) -> LipSyncError:
        """Means; NaN without a video."""
        return LipSyncError(*(self.total / self.count))


def _windows(faces: Iterable[UInt8[np.ndarray, "S S 3"]]) -> Iterable[UInt8[np.ndarray, "5 S S 3"]]:
    """Yield every run of five consecutive crops."""
    window: list[np.ndarray] = []
    for face in faces:
        window = [*window[-(FRAMES - 1) :], face]
        if len(window) == FRAMES:
            yield np.stack(window)
