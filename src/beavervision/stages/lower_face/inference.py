"""The lower face, ready to draw: from its bundle and a frame of the footage."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch
from jaxtyping import Float, UInt8

from beavervision.artifacts.bundle import Bundle
from beavervision.artifacts.bundle_network import build_network
from beavervision.nerf.precision import layers_in
from beavervision.stages.lower_face.bundle_schema import SCHEMA, LowerFaceFacts
from beavervision.stages.lower_face.landmark_maps import landmark_maps
from beavervision.stages.lower_face.network import LowerFaceNetwork
from beavervision.stages.lower_face.patch_geometry import PatchGeometry
from beavervision.stages.lower_face.references import WarpedReferences, reference_preference, warp_references
from beavervision.stages.radnerf_head.frame_threads import FrameThreads
from beavervision.stages.source_track import SourceTrack

if TYPE_CHECKING:
    from beavervision.stages.lower_face.compiled_network import CompiledLowerFace

STAGE = "lower_face"


@dataclass(frozen=True)
class LowerFaceRenderer:
    """Draws mouth and chin of one person into patches of the footage; the same input gives the same picture."""

    network: LowerFaceNetwork
    geometry: PatchGeometry
    track: SourceTrack
    """The footage's own poses and expressions; cameras are of the full frame."""
    facts: LowerFaceFacts
    identity: Float[np.ndarray, "I"]
    """Of the person, face model coefficients."""
    folder: Path
    device: str = "cpu"

    @classmethod
    def from_bundle(cls, folder: Path, device: str = "cpu") -> LowerFaceRenderer:
        """Load the lower face of a bundle.

        Args:
            folder: a bundle of lower_face.
            device: that patches are drawn on.

        Raises:
            BundleError: when it is not one, or damaged.
        """
        bundle = Bundle.load(folder, SCHEMA)
        network = build_network(bundle, lambda: LowerFaceNetwork(**bundle.hparams))
        return cls(
            network.eval().to(device),
            PatchGeometry(network.size, bundle.facts.pixels_per_cm, bundle.facts.reach),
            SourceTrack.from_assets(bundle.assets),
            bundle.facts,
            bundle.assets["identity"],
            bundle.folder,
            device,
        )

    def render(
        self, patches: UInt8[np.ndarray, "B S S 3"], points: Float[np.ndarray, "B 68 2"]
    ) -> Float[np.ndarray, "B S S 3"]:
        """Patches with mouth and chin as the landmarks say, [0, 255]; outside the ellipse they stay as they are.

        Args:
            patches: of the footage.
            points: target landmarks, patch px.
        """
        if self.device != "cpu":
            return render_patches(self.network, self.geometry, patches, points)
        drawn = np.empty(patches.shape, np.float32)

        def draw(i: int) -> None:
            maps = landmark_maps(points[i], self.geometry.size, self.geometry.pixels_per_cm)
            warped = self._references.warped(points[i])
            suits = reference_preference(self._references.points, points[i], self.geometry.pixels_per_cm)
            drawn[i] = self._compiled.draw(patches[i], maps, warped, suits)

        self._threads.each(len(patches), draw)
        return drawn

    @cached_property
    def _compiled(self) -> CompiledLowerFace:
        # Imported here: numba's kernels are needed on the CPU only.
        from beavervision.stages.lower_face.compiled_network import CompiledLowerFace

        return CompiledLowerFace(self.network)

    @cached_property
    def _references(self) -> WarpedReferences:
        return WarpedReferences(self.network.references.numpy(), self.network.reference_points.numpy())

    @cached_property
    def _threads(self) -> FrameThreads:
        return FrameThreads(compiled=False)


@torch.no_grad()
def render_patches(
    network: LowerFaceNetwork,
    geometry: PatchGeometry,
    patches: UInt8[np.ndarray, "B S S 3"],
    points: Float[np.ndarray, "B 68 2"],
) -> Float[np.ndarray, "B S S 3"]:
    """See `LowerFaceRenderer.render`; on a CPU the reference of `CompiledLowerFace`, which infer uses there."""
    maps = np.stack([landmark_maps(face, geometry.size, geometry.pixels_per_cm) for face in points])
    device = network.ellipse.device
    references = network.references.cpu().numpy(), network.reference_points.cpu().numpy()
    warped = np.stack([warp_references(*references, face) for face in points])
    suits = np.stack([reference_preference(references[1], face, geometry.pixels_per_cm) for face in points])
    inputs = [torch.from_numpy(part).to(device).movedim(-1, -3).float() / 255 for part in (patches, maps, warped)]
    # On CPUs single precision: small convolutions are slower in bfloat16 there unless AMX helps.
    precision = torch.float32 if device.type == "cpu" else torch.float16
    with layers_in(precision, device):
        drawn = network(*inputs, torch.from_numpy(suits).to(device))
    return (drawn.float().clamp(0, 1) * 255).permute(0, 2, 3, 1).cpu().numpy()
