"""Clip: prepared footage with the results of the preparation for each frame; the footage itself is not modified."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal

import numpy as np
from jaxtyping import Bool, Float, Int, UInt8
from pydantic import Field, JsonValue

from beavervision.artifacts.arrays import load_arrays, load_picture, save_arrays
from beavervision.artifacts.manifest import (
    Count,
    Facts,
    Fps,
    Manifest,
    Side,
    Strict,
    Text,
    sha256_folder,
    write_manifest,
)
from beavervision.audio.waveform import load_waveform
from beavervision.errors import ArtifactError, AudioError, ClipError, ConfigError, FootageError
from beavervision.face.camera import Camera
from beavervision.types import Label
from beavervision.video.correction import Correction
from beavervision.video.decode import Frame, read_frames
from beavervision.video.lossless import read_gray

FRAMES, SUBJECT = "frames.safetensors", "subject_{}.safetensors"
LABELS, MATTE = "labels_{}.mkv", "matte_{}.mkv"
"""Files, one per subject: in its label maps other people are OTHER, in its matte they are 0."""
AUDIO, PLATE = "audio.wav", "background.png"
CONSENT = "consent.yaml"
"""What the people of a clip agreed to, in the clip and in the bundles learnt from it.

It is no part of the manifest: a consent that is renewed changes no hash, and nothing has to be trained again."""
TEST_SHARE = 1 / 11
"""Share of the frames at the end of a clip that is held out (GeneFace++'s split)."""

NOTES = {
    "time": ("s", "from the clip's start"),
    "visible": ("", ""),
    "reason": ("types.VisibilityReason", ""),
    "box": ("px", "full frame, x0 y0 x1 y1 of the face"),
    "landmarks": ("px", "full frame; z in px, towards the camera negative"),
    "rotation": ("", "head to camera"),
    "translation": ("cm", "camera space"),
    "identity": ("standard deviations", "face model coefficients"),
    "expression": ("standard deviations", "face model coefficients"),
    "eye_open": ("lid distance / eye width", "subject's right, left"),
    "mouth_open": ("inner lip distance / outer eye-corner distance", ""),
    "body": ("px and confidence", "full frame; right shoulder, left shoulder, neck"),
    "occluded": ("", "something stands before the head"),
    "covered": ("", "share of the head behind something, over the area of the face's outline"),
    "interpolated": ("", "pose and box filled in over a short gap"),
}

FRAME_ARRAYS = {"time": "float T"}
SUBJECT_ARRAYS = {
    "visible": "bool T",
    "reason": "int T",
    "box": "float T 4",
    "landmarks": "float T 478 3",
    "rotation": "float T 3 3",
    "translation": "float T 3",
    "identity": "float I",
    "expression": "float T E",
    "eye_open": "float T 2",
    "mouth_open": "float T",
    "body": "float T 3 3",
    "occluded": "bool T",
    "covered": "float T",
    "interpolated": "bool T",
}
"""Name -> kind and shape of a subject's arrays; I and E depend on the face model."""


class Person(Strict):
    """A person in the footage, who may be a subject of the clip or not."""

    number: Count
    name: Text
    frames: Count
    """Number of frames in which the person is visible."""
    face_height_px: Annotated[float, Field(ge=0)] | None
    line: Text
    """Description of the person in the report."""
    subject: Count | None
    """Number of the subject; None for people who were not selected."""


class ClipFacts(Facts):
    """Facts of a clip in addition to its arrays."""

    KIND: ClassVar[str] = "clip"
    SCHEMA_VERSION: ClassVar[int] = 2
    ERROR: ClassVar[type[ArtifactError]] = ClipError
    REMEDY: ClassVar[str] = "prepare the clip again"

    name: Text
    """Name that the user gave to the clip (`data.name`)."""
    video: Text
    """Path of the footage."""
    width: Side
    height: Side
    fps: Fps
    n_frames: Count
    n_subjects: Annotated[int, Field(ge=1, le=64)]
    start: float
    """Start of the clip in the footage, s."""
    end: float | None
    focal: Annotated[float, Field(gt=0, le=1e6)]
    """Focal length of the full frame, px."""
    turn: Literal[0, 90, 180, 270] = 0
    """Turn of the footage in addition to its rotation tag, degrees clockwise."""
    fields: Literal["off", "top", "bottom"] = "off"
    """Field order of interlaced footage, which is deinterlaced; off: progressive."""
    basis: Text
    """Name of the face model of the subjects' coefficients."""
    has_audio: bool
    subject: Text = "largest"
    """The requested subjects (`data.subject`)."""
    speaker: Text | None = None
    """Name of the person (`data.speaker`); clips of the same name are of the same person."""
    background: Literal["still", "moving"] = "still"
    people: tuple[Person, ...] = ()
    report: dict[str, JsonValue] = Field(default_factory=dict)
    """Statistics of the preparation report."""


@dataclass(frozen=True)
class Subject:
    """One person of a clip, frame by frame.

    Rows of invisible frames are NaN (False where boolean); pose and box are also known where `interpolated` is True.
    """

    visible: Bool[np.ndarray, "T"]
    reason: Int[np.ndarray, "T"]
    box: Float[np.ndarray, "T 4"]
    landmarks: Float[np.ndarray, "T 478 3"]
    rotation: Float[np.ndarray, "T 3 3"]
    translation: Float[np.ndarray, "T 3"]
    identity: Float[np.ndarray, "I"]
    expression: Float[np.ndarray, "T E"]
    eye_open: Float[np.ndarray, "T 2"]
    mouth_open: Float[np.ndarray, "T"]
    body: Float[np.ndarray, "T 3 3"]
    occluded: Bool[np.ndarray, "T"]
    covered: Float[np.ndarray, "T"]
    interpolated: Bool[np.ndarray, "T"]


@dataclass(frozen=True)
class Clip:
    """Footage of one or more people with the results of `prepare`."""

    folder: Path
    facts: ClipFacts = field(repr=False)
    time: Float[np.ndarray, "T"] = field(repr=False)
    subjects: list[Subject] = field(repr=False)

    @classmethod
    def load(cls, folder: Path) -> Clip:
        """Read and validate a clip.

        Raises:
            ClipError: when `folder` is no clip or is damaged.
            FootageError: when the footage is missing.
        """
        folder = Path(folder)
        manifest = Manifest.read(folder, ClipFacts)
        facts, subjects = manifest.facts, range(manifest.facts.n_subjects)
        layout = {f"{i}/{name}": shape for i in subjects for name, shape in SUBJECT_ARRAYS.items()}
        manifest.check_fields(folder, {**FRAME_ARRAYS, **layout})
        frames = load_arrays(folder, manifest, FRAMES)
        found = [load_arrays(folder, manifest, SUBJECT.format(i)) for i in subjects]
        if [set(arrays) for arrays in (frames, *found)] != [set(FRAME_ARRAYS), *([set(SUBJECT_ARRAYS)] * len(found))]:
            raise ClipError(f"{folder}: arrays are in files where they do not belong; {facts.REMEDY}.")
        if len(frames["time"]) != facts.n_frames:
            raise ClipError(f"{folder} states {facts.n_frames} frames and has {len(frames['time'])}; {facts.REMEDY}.")
        clip = cls(folder, facts, frames["time"], [Subject(**arrays) for arrays in found])
        if not clip.video.is_file():
            raise FootageError(f"Footage of clip {clip.name} not found: {clip.video}. Restore it or set data.video.")
        return clip

    @property
    def sha256(self) -> str:
        """Hex SHA-256 that identifies this clip."""
        return sha256_folder(self.folder)

    @property
    def name(self) -> str:
        """Name that the user gave to the clip (`data.name`)."""
        return self.facts.name

    @property
    def video(self) -> Path:
        """Path of the user's footage, which is only read."""
        return Path(self.facts.video)

    @property
    def fps(self) -> float:
        """Frames per second of the clip's frame index (the footage's own rate may differ)."""
        return self.facts.fps

    @property
    def n_frames(self) -> int:
        """Number of frames, visible or not."""
        return len(self.time)

    @property
    def size(self) -> tuple[int, int]:
        """Width and height of the frame in pixels."""
        return self.facts.width, self.facts.height

    @property
    def camera(self) -> Camera:
        """Camera of the full frame."""
        return Camera.centred(*self.size, self.facts.focal)

    @cached_property
    def train_range(self) -> range:
        """Frames of the training split: all but the last 1/11."""
        return range(self.n_frames - max(1, round(self.n_frames * TEST_SHARE)))

    @cached_property
    def test_range(self) -> range:
        """Frames of the held-out split: the last 1/11."""
        return range(self.train_range.stop, self.n_frames)

    def subject(self, number: int) -> Subject:
        """Return one of the prepared people.

        Raises:
            ConfigError: when there is nobody of that number.
        """
        if not 0 <= number < len(self.subjects):
            raise ConfigError(
                f"Clip {self.name} has {len(self.subjects)} prepared people, not one numbered {number}; choose 0 to "
                f"{len(self.subjects) - 1} with datamodule.subject=, or prepare more with data.subject=all."
            )
        return self.subjects[number]

    def frames(self, indices: Sequence[int] | None = None) -> Iterator[tuple[int, UInt8[np.ndarray, "H W 3"]]]:
        """Yield (index, RGB frame) in ascending order, one frame in memory at a time."""
        wanted = None if indices is None else set(indices)
        for frame in self.footage(self.fps, self.facts.start):
            if frame.index >= self.n_frames:
                return
            if wanted is None or frame.index in wanted:
                yield frame.index, frame.rgb

    def footage(self, fps: float, start: float, *, stored: bool = False) -> Iterator[Frame]:
        """Yield the footage up to the clip's end as the clip shows it: turned and deinterlaced.

        Args:
            fps: frames per second.
            start: seconds from the footage's time zero.
            stored: whether frames stay as they are stored where possible; see `video.planar_picture`.
        """
        facts = self.facts
        return read_frames(self.video, fps, start, facts.end, Correction(facts.turn, facts.fields), stored=stored)

    def labels(
        self, indices: Sequence[int] | None = None, subject: int = 0
    ) -> Iterator[tuple[int, UInt8[np.ndarray, "H W"]]]:
        """Yield (index, label map for one subject) in ascending order; values are `types.Label`."""
        return _chosen(self.folder / LABELS.format(subject), indices)

    def matte(
        self, indices: Sequence[int] | None = None, subject: int = 0
    ) -> Iterator[tuple[int, UInt8[np.ndarray, "H W"]]]:
        """Yield (index, opacity of a subject's hair and face, 0 to 255) in ascending order.

        If there is no matte (a synthetic clip), the label map gives 0 or 255.
        """
        path = self.folder / MATTE.format(subject)
        if path.exists():
            yield from _chosen(path, indices)
            return
        for index, labels in self.labels(indices, subject):
            yield index, np.where((labels == Label.HAIR) | (labels == Label.FACE), np.uint8(255), np.uint8(0))

    @property
    def has_audio(self) -> bool:
        """Whether the footage has sound."""
        return (self.folder / AUDIO).exists()

    def audio(self) -> Float[np.ndarray, "N"]:
        """The clip's sound: 16 kHz mono; sample 0 is at the time of frame 0.

        Raises:
            AudioError: when the footage has no sound.
        """
        if not self.has_audio:
            raise AudioError(f"{self.video} has no sound; speech stages need footage with speech.")
        return load_waveform(self.folder / AUDIO).samples

    def plate(self) -> UInt8[np.ndarray, "H W 3"] | None:
        """Background image without the people; None where the camera moves."""
        path = self.folder / PLATE
        return load_picture(path, self.facts) if path.exists() else None


def _chosen(path: Path, indices: Sequence[int] | None) -> Iterator[tuple[int, UInt8[np.ndarray, "H W"]]]:
    """Yield all or the chosen frames of a lossless grey video; reading starts at the first chosen one."""
    wanted = None if indices is None else set(indices)
    first = min(wanted, default=0) if wanted is not None else 0
    last = max(wanted, default=-1) if wanted is not None else None
    for index, picture in enumerate(read_gray(path, first), first):
        if last is not None and index > last:
            return
        if wanted is None or index in wanted:
            yield index, picture


def write_clip(
    part: Path,
    facts: dict[str, Any],
    time: np.ndarray,
    subjects: Sequence[Subject],
    inputs: dict[str, dict[str, str]],
) -> None:
    """Write a clip's arrays and then its manifest into `part`, which already contains labels, audio and plate."""
    specs = save_arrays(part, FRAMES, {"time": time}, NOTES)
    for i, subject in enumerate(subjects):
        file = SUBJECT.format(i)
        found = save_arrays(part, file, vars(subject), NOTES)
        specs |= {f"{i}/{name}": spec for name, spec in found.items()}
    write_manifest(part, ClipFacts, {**facts, "n_subjects": len(subjects)}, specs, inputs)
