"""Crops: a clip resampled to a canvas, memory-mapped and cached beside the clip, one folder per frame setting."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from functools import cached_property
from pathlib import Path

import cv2
import numpy as np
from jaxtyping import Bool, Float, UInt8
from numpy.lib.format import open_memmap

from beavervision.artifacts.atomic_write import atomic_folder
from beavervision.artifacts.clip import Clip
from beavervision.artifacts.manifest import sha256_json, write_manifest
from beavervision.errors import ClipError
from beavervision.face.framing import FrameSpec, crop_path, inside_footage

FOLDER = "frames"
ARRAYS = ("rgb", "labels", "matte", "inside")


@dataclass(frozen=True)
class Crops:
    """All frames of a clip on the canvas of one frame setting, visible or not; read-only memory maps."""

    folder: Path
    spec: FrameSpec
    rgb: UInt8[np.ndarray, "T H W 3"] = field(repr=False)
    """Colours; padding repeats the footage's border."""
    labels: UInt8[np.ndarray, "T H W"] = field(repr=False)
    """Values of `types.Label`; padding repeats the border."""
    matte: UInt8[np.ndarray, "T H W"] = field(repr=False)
    """Opacity of hair and face, 0 to 255; padding repeats the border."""
    inside: Bool[np.ndarray, "T H W"] = field(repr=False)
    """False where the canvas lies outside the footage."""
    path: Float[np.ndarray, "T 3"] = field(repr=False)
    """x0, y0, scale: canvas pixel (u, v) shows source pixel (x0 + u / scale, y0 + v / scale)."""
    cameras: Float[np.ndarray, "T 4"] = field(repr=False)
    """fx, fy, cx, cy of the canvas camera, pixels."""
    full_plate: UInt8[np.ndarray, "h w 3"] | None = field(repr=False)
    """Background of the full frame without the people; None where the camera moves."""

    @property
    def size(self) -> tuple[int, int]:
        """Width and height of the canvas."""
        return self.rgb.shape[2], self.rgb.shape[1]

    @cached_property
    def _still(self) -> bool:
        return bool((self.path == self.path[0]).all())

    @cached_property
    def _first_plate(self) -> UInt8[np.ndarray, "H W 3"] | None:
        return None if self.full_plate is None else cut(self.full_plate, self.path[0], self.size)

    def plate(self, t: int) -> UInt8[np.ndarray, "H W 3"] | None:
        """Background of frame `t` without the people; None where the camera moves."""
        if self._still or self.full_plate is None:
            return self._first_plate
        return cut(self.full_plate, self.path[t], self.size)


def cut(
    image: UInt8[np.ndarray, "h w *c"], row: Float[np.ndarray, "3"], size: tuple[int, int], *, nearest: bool = False
) -> UInt8[np.ndarray, "H W *c"]:
    """Resample `image` to the canvas through the window `row` of a crop path.

    Before shrinking, the image is filtered (Gaussian with the footprint of a canvas pixel) to avoid aliasing.

    Args:
        image: full frame.
        row: x0, y0, scale of the window.
        size: width and height of the canvas.
        nearest: whether to take the nearest pixel, for label maps.
    """
    x0, y0, scale = (float(value) for value in row)
    if (x0, y0, scale) == (0.0, 0.0, 1.0) and image.shape[1::-1] == tuple(size):
        return image
    if scale < 1 and not nearest:
        sigma = 0.5 * np.sqrt(1 / scale**2 - 1)
        image = cv2.GaussianBlur(image, (0, 0), sigma, borderType=cv2.BORDER_REPLICATE)
    # Array index i has its centre at i + 0.5 in both images.
    inverse = np.array([[1 / scale, 0, x0 + 0.5 / scale - 0.5], [0, 1 / scale, y0 + 0.5 / scale - 0.5]])
    flags = cv2.WARP_INVERSE_MAP | (cv2.INTER_NEAREST if nearest else cv2.INTER_LINEAR)
    return cv2.warpAffine(image, inverse, size, flags=flags, borderMode=cv2.BORDER_REPLICATE)


def open_crops(clip: Clip, subject: int, spec: FrameSpec) -> Crops:
    """Return the clip's crops for `spec`, from the cache beside the clip or computed now, frame by frame.

    Raises:
        BeaverError: when the subject does not exist or the cache cannot be written.
    """
    path = crop_path(clip.subject(subject).box, clip.size, spec)
    width, height = spec.canvas(clip.size)
    key = {"clip": clip.sha256, "subject": subject, "spec": asdict(spec)}
    folder = clip.folder / FOLDER / sha256_json(key)[:16]
    shape = clip.n_frames, height, width
    arrays = _read(folder, shape)
    if arrays is None:
        with atomic_folder(folder, lambda cache: _read(cache, shape) is not None) as part:
            _write(part, clip, subject, path, spec)
            write_manifest(part, "crops", key)
        arrays = _map(folder)
    cameras = [clip.camera.crop(x0, y0, scale, width, height) for x0, y0, scale in path]
    intrinsics = np.array([[c.fx, c.fy, c.cx, c.cy] for c in cameras])
    return Crops(folder, spec, **arrays, path=path, cameras=intrinsics, full_plate=clip.plate())


def _read(folder: Path, shape: tuple[int, int, int]) -> dict[str, np.ndarray] | None:
    """Map the cached arrays; None when they are missing or incomplete."""
    try:
        arrays = _map(folder)
    except (OSError, ValueError):
        return None
    return arrays if all(array.shape[:3] == shape for array in arrays.values()) else None


def _map(folder: Path) -> dict[str, np.ndarray]:
    return {name: np.load(folder / f"{name}.npy", mmap_mode="r") for name in ARRAYS}


def _write(part: Path, clip: Clip, subject: int, path: np.ndarray, spec: FrameSpec) -> None:
    """Write the crops of every frame, label map and matte of the clip into memory-mapped files in `part`."""
    width, height = spec.canvas(clip.size)
    shape = (clip.n_frames, height, width)
    rgb = open_memmap(part / "rgb.npy", "w+", np.uint8, (*shape, 3))
    labels = open_memmap(part / "labels.npy", "w+", np.uint8, shape)
    mattes = open_memmap(part / "matte.npy", "w+", np.uint8, shape)
    inside = open_memmap(part / "inside.npy", "w+", np.bool_, shape)
    count = 0
    for index, frame, regions, matte in _together(clip, subject):
        rgb[index] = cut(frame, path[index], (width, height))
        labels[index] = cut(regions, path[index], (width, height), nearest=True)
        mattes[index] = cut(matte, path[index], (width, height))
        inside[index] = inside_footage(path[index], clip.size, (width, height))
        count += 1
    if count != clip.n_frames:
        raise ClipError(
            f"{clip.video} gave {count} frames where clip {clip.name} has {clip.n_frames}; prepare the clip again."
        )
    for array in (rgb, labels, mattes, inside):
        array.flush()


def _together(clip: Clip, subject: int) -> Iterator[tuple[int, np.ndarray, np.ndarray, np.ndarray]]:
    """Yield frames, label maps and mattes together, and check that their indices agree."""
    films = clip.frames(), clip.labels(subject=subject), clip.matte(subject=subject)
    for (index, frame), (other, regions), (third, matte) in zip(*films, strict=False):
        if not index == other == third:
            raise ClipError(
                f"Clip {clip.name}: frame {index} met label map {other} and matte {third}; the footage {clip.video} "
                "was changed, so prepare the clip again."
            )
        yield index, frame, regions, matte
