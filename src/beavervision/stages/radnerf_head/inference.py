"""Inference of the head from a bundle; needs neither Lightning nor the footage."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from jaxtyping import Float, Int, UInt8
from torch import Tensor

from beavervision.artifacts.arrays import load_picture
from beavervision.artifacts.bundle import Bundle
from beavervision.artifacts.bundle_network import build_network
from beavervision.artifacts.clip import PLATE
from beavervision.errors import BundleError, ConfigError
from beavervision.nerf.backends.registry import resolve
from beavervision.nerf.condition_normalizer import ConditionNormalizer, frame_windows
from beavervision.nerf.precision import layer_precision, layers_in
from beavervision.stages.radnerf_head.bundle_schema import SCHEMA, HeadFacts
from beavervision.stages.radnerf_head.distilled.head import FAST, DistilledHead, DistilledSizes
from beavervision.stages.radnerf_head.distilled.renderer import DistilledRenderer
from beavervision.stages.radnerf_head.full_frame_renderer import render_full_frames
from beavervision.stages.radnerf_head.image_window import Pose
from beavervision.stages.radnerf_head.network import HeadNetwork

RENDERS = ("auto", "fast", "full")
"""Values of `hardware.render`."""

PRECISIONS = {"auto": None, "32-true": torch.float32, "16-mixed": torch.float16, "bf16-mixed": torch.bfloat16}
"""Data type of a full head's layers by `hardware.precision`; None: half precision on CUDA only."""


@dataclass(frozen=True)
class HeadRenderer:
    """Renders the head of one bundle on its canvas."""

    bundle: Bundle[HeadFacts]
    network: HeadNetwork
    scale: ConditionNormalizer
    device: torch.device
    fast: DistilledRenderer | None = None
    """Distilled head, which replaces `network` if it was selected; it uses the fastest precision."""
    precision: torch.dtype = torch.float32
    """Data type of the layers of `network`."""

    @classmethod
    def from_bundle(
        cls, folder: Path, backend: str = "auto", device: str = "cpu", render: str = "full", precision: str = "auto"
    ) -> HeadRenderer:
        """Load a head.

        Args:
            folder: folder of the bundle.
            backend: torch, numba, tinycudann or auto; every backend renders every bundle.
            device: to render on.
            render: full, fast, or auto: the distilled head on a CPU if the bundle contains one.
            precision: precision of a full head's layers: 32-true, 16-mixed, bf16-mixed, or auto: half on CUDA.

        Raises:
            BeaverError: when the bundle is missing, damaged or of another stage, the backend does not run on this
                machine, or a setting is invalid.
        """
        if precision not in PRECISIONS:
            raise ConfigError(f"Heads do not render in precision {precision}; choose one of {', '.join(PRECISIONS)}.")
        bundle = Bundle.load(Path(folder), SCHEMA)
        place = torch.device(device)
        resolve(backend, place)
        args = {**bundle.hparams, "backend": backend}
        own = {name: value for name, value in bundle.weights.items() if not name.startswith(FAST)}
        network = build_network(bundle, lambda: HeadNetwork(**args), own)
        fast = _load_fast(bundle, args, place) if _is_fast(bundle, render, place) else None
        scale = ConditionNormalizer(*(bundle.assets[f"condition_{name}"] for name in ("mean", "std", "low", "high")))
        layers = PRECISIONS[precision] or (layer_precision(place) if place.type == "cuda" else torch.float32)
        return cls(bundle, network.eval().to(place), scale, place, fast, layers)

    @property
    def size(self) -> tuple[int, int]:
        """Width and height of the canvas."""
        width, height = self.bundle.facts.canvas
        return width, height

    @property
    def crop_path(self) -> Float[np.ndarray, "T 3"]:
        """Window of the canvas in every frame of the footage: x0, y0, scale."""
        return self.bundle.assets["crop_path"]

    @property
    def source_poses(self) -> tuple[Float[np.ndarray, "T 3 3"], Float[np.ndarray, "T 3"], Float[np.ndarray, "T 4"]]:
        """Rotation, translation and canvas camera of every frame of the footage; gaps take the values of neighbours."""
        assets = self.bundle.assets
        return assets["rotation"], assets["translation"], assets["cameras"]

    @property
    def plate(self) -> UInt8[np.ndarray, "h w 3"] | None:
        """Background of the footage without the person, full frame; None where the camera moves."""
        path = self.bundle.folder / PLATE
        return load_picture(path, self.bundle.facts) if path.exists() else None

    def eye_from_blink(self, blink: Float[np.ndarray, "T"]) -> Float[np.ndarray, "T"]:
        """Eye openness for `render`, from a blink (0 open, 1 shut)."""
        shut, wide = self.bundle.assets["eye_scale"][2:]
        return (wide + (shut - wide) * np.asarray(blink)).astype(np.float32)

    def clamped(self, condition68: Float[np.ndarray, "T 68 3"]) -> Float[np.ndarray, "T 68 3"]:
        """What `render` makes of a landmark condition: clamped to the clip's 3-97 % range, 1/10 cm."""
        return np.clip(condition68, self.scale.low, self.scale.high)

    @torch.no_grad()
    def render(
        self,
        condition68: Float[np.ndarray, "T 68 3"],
        eye: Float[np.ndarray, "T"],
        rotation: Float[np.ndarray, "B 3 3"],
        translation: Float[np.ndarray, "B 3"],
        cameras: Float[np.ndarray, "B 4"],
        frames: Int[np.ndarray, "B"],
        *,
        clamp: bool = True,
        size: tuple[int, int] | None = None,
    ) -> tuple[Float[Tensor, "B H W 3"], Float[Tensor, "B H W"]]:
        """Render a batch of frames.

        Args:
            condition68: landmark condition of the whole motion, not normalised (`FaceModel.condition68`), 1/10 cm.
            eye: openness of the eyes over the whole motion, lid distance / eye width, mean of both.
            rotation: rotation, head to camera, of the frames to render.
            translation: translation in camera space, cm.
            cameras: fx, fy, cx, cy of the canvas, pixels.
            frames: indices of the frames of the motion to render.
            clamp: whether to clamp the condition to the clip's 3-97 % range; off for the clip's own motion.
            size: width and height of the images; by default those of the canvas.

        Returns:
            Colour, premultiplied by alpha, in [0, 1]; and alpha.
        """
        frames = np.asarray(frames)
        mean, std, *_ = self.bundle.assets["eye_scale"]
        normalised = self.scale.normalise(np.asarray(condition68, np.float32), clamp=clamp)
        windows = frame_windows(normalised, frames, self.bundle.hparams["window"])
        openness = ((np.asarray(eye, np.float32) - mean) / std)[frames]
        pose = Pose(self._tensor(cameras), self._tensor(rotation), self._tensor(translation))
        if self.fast is not None:
            condition = self.fast.head.field.encode(self._tensor(windows), self._tensor(openness))
            shown = self.fast.render(pose, condition, size or self.size)
        else:
            condition = self.network.encode(self._tensor(windows), self._tensor(openness))
            with layers_in(self.precision, self.device):
                shown = render_full_frames(
                    self.network, condition, pose.cameras, pose.rotation, pose.translation, size or self.size
                )
        return shown.rgb, shown.alpha

    def _tensor(self, values: np.ndarray) -> Tensor:
        # A copy in torch's memory: numpy's is aligned less strictly, so matrix products would round differently.
        return torch.tensor(np.asarray(values, np.float32), device=self.device)


def _is_fast(bundle: Bundle[HeadFacts], render: str, device: torch.device) -> bool:
    """Whether to use the distilled head."""
    if render not in RENDERS:
        raise ConfigError(f"There is no hardware.render={render}; choose one of {', '.join(RENDERS)}.")
    there = bundle.facts.fast is not None
    if render == "fast" and not there:
        raise BundleError(
            f"{bundle.folder} holds no fast head; train radnerf_head with model.distill=true, or take "
            "hardware.render=full."
        )
    return render == "fast" or (there and render == "auto" and device.type == "cpu")


def _load_fast(bundle: Bundle[HeadFacts], args: dict[str, Any], device: torch.device) -> DistilledRenderer:
    assert bundle.facts.fast is not None, "asked for by _is_fast alone"
    sizes = DistilledSizes(**bundle.facts.fast.model_dump())
    own = {name[len(FAST) :]: v for name, v in bundle.weights.items() if name.startswith(FAST)}
    head = build_network(bundle, lambda: DistilledHead(args, sizes), own)
    return DistilledRenderer(head.eval().to(device))
