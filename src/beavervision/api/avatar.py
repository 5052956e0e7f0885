"""Avatar: the trained stages of one person, which generate talking videos."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, Literal

import numpy as np
from jaxtyping import Float

from beavervision.api.live import stream_frames
from beavervision.api.session import Progress, api_call, person_overrides
from beavervision.api.video import Frame, TalkingVideo
from beavervision.artifacts.motion import Motion
from beavervision.config.python_overrides import override_list
from beavervision.errors import BundleError
from beavervision.export.animation import FaceAnimation
from beavervision.inference.driver import MotionDriver
from beavervision.inference.live.face import LiveFace
from beavervision.inference.live.settings import LiveSettings, LoopSettings
from beavervision.inference.pipeline import TalkingHeadPipeline
from beavervision.inference.speaking_person import SpeakingPerson
from beavervision.inference.streaming_session import StreamingSession
from beavervision.workflows.archive import pack_person
from beavervision.workflows.export import animate_person
from beavervision.workflows.infer import build_pipeline, load_drawn_person, load_person, load_speech
from beavervision.workflows.infer_settings import motion_controls
from beavervision.workflows.live import load_live_face


class Avatar:
    """The trained stages of one person.

    `bv.train` returns one; `Avatar.load` finds one on disk. The networks are loaded at the first use and kept.

    Example:
        >>> import beavervision as bv
        >>> avatar = bv.Avatar.load("runs/me")  # doctest: +SKIP
        >>> avatar.speak("speech.wav").save("talk.mp4")  # doctest: +SKIP
    """

    def __init__(self, folder: Path, preset: str | None, subject: int, overrides: Mapping[str, Any]) -> None:
        self.folder = folder
        """`<runs>/<name>`, which holds the clip and the runs of all stages."""
        self.preset = preset
        """Experiment whose bundles are preferred; None for the newest."""
        self.subject = subject
        """Number of the person in the clip, from 0."""
        self._overrides = dict(overrides)
        self._loaded: dict[tuple[Path, ...], SpeakingPerson] = {}

    @classmethod
    def load(
        cls,
        folder: str | Path,
        *,
        preset: str | None = None,
        subject: int = 0,
        overrides: Mapping[str, Any] | None = None,
        **keywords: Any,
    ) -> Avatar:
        """Load a trained avatar from disk.

        Args:
            folder: `<runs>/<name>`, such as `runs/me`.
            preset: prefer bundles of this experiment, such as `cpu_quick`; None for the newest.
            subject: number of the person, where the clip has several.
            overrides: settings of `infer`, dotted key -> value, such as `{"hardware.render": "full"}`.
            keywords: the same, with two underscores for a dot: `hardware__render="full"`.

        Raises:
            BundleError: when the folder does not exist.
            BundleError: when a stage is not trained; the message contains the command that trains it.
        """
        path = Path(folder)
        if not path.is_dir():
            raise BundleError(f"{path} does not exist; give the folder of a trained person, such as runs/me.")
        settings = {override.partition("=")[0]: override for override in override_list(overrides, keywords)}
        avatar = cls(path, preset, subject, {})
        avatar._overrides = settings
        with api_call("infer", avatar._arguments({}), progress=False) as cfg:
            loaded = load_person(cfg, avatar._loaded)
        avatar.subject = loaded.subject
        return avatar

    @property
    def name(self) -> str:
        """Name of the person's clip (`data.name`)."""
        return self.folder.name

    @property
    def runs(self) -> Path:
        """Folder of all runs (`paths.runs`)."""
        return self.folder.parent

    def speak(
        self,
        audio: str | Path,
        *,
        background: str | Path = "auto",
        pose: str | Path = "pingpong",
        fps: float | Literal["clip", "source"] = "clip",
        seed: int = 1,
        progress: Progress = None,
        overrides: Mapping[str, Any] | None = None,
        **keywords: Any,
    ) -> TalkingVideo:
        """Generate the whole person over a background.

        Args:
            audio: any audio or video file with speech.
            background: `auto`, `plate`, `source`, `none`, a colour, an image or a video.
            pose: `pingpong`, `energy`, `static`, frames `<first>-<last>` of the footage, or the folder of a Motion.
            fps: frames per second: the clip's, the footage's own, or a number.
            seed: seed of the motion's noise and of the blinks.
            progress: None shows a bar, False nothing; a function is called with (stage, done, total).
            overrides: further settings of `infer`, such as `{"control.mouth_amp": 1.2}`.
            keywords: the same, with two underscores for a dot: `control__mouth_amp=1.2`.

        Raises:
            AudioError: when the file cannot be read, or is silent.
            ConfigError: when a setting does not exist or its value is invalid.
        """
        chosen = {"mode": "avatar", "background": background, "pose": pose, "fps": fps, "seed": seed}
        return self._video(audio, chosen, progress, override_list(overrides, keywords))

    def dub(
        self,
        audio: str | Path,
        *,
        region: Literal["auto", "head", "lower_face", "head_lower_face"] = "auto",
        length: Literal["speech", "source"] = "speech",
        fps: float | Literal["clip", "source"] = "clip",
        seed: int = 1,
        progress: Progress = None,
        overrides: Mapping[str, Any] | None = None,
        **keywords: Any,
    ) -> TalkingVideo:
        """Replace the lower face, or the head, in the footage, so that the person speaks other audio.

        Args:
            audio: any audio or video file with speech.
            region: part that changes: `lower_face` draws mouth and chin with the stage of that name, `head` renders a
                whole new head, `head_lower_face` only its lower part; `auto` takes `lower_face` if it is trained, else
                `head`.
            length: `speech` repeats the footage back and forth until the speech ends; `source` ends with the footage.
            fps: frames per second: the clip's, the footage's own, or a number.
            seed: seed of the motion's noise.
            progress: None shows a bar, False nothing; a function is called with (stage, done, total).
            overrides: further settings of `infer`.
            keywords: the same, with two underscores for a dot.

        Raises:
            AudioError: when the file cannot be read, or is silent.
            ConfigError: when a setting does not exist or its value is invalid.
        """
        chosen = {"mode": "dub", "region": region, "length": length, "fps": fps, "seed": seed}
        return self._video(audio, chosen, progress, override_list(overrides, keywords))

    def motion(self, audio: str | Path, *, overrides: Mapping[str, Any] | None = None, **keywords: Any) -> Motion:
        """Return the predicted motion of the face, without rendering.

        Args:
            audio: any audio or video file with speech.
            overrides: settings of `infer`, such as `{"control.temperature": 0.2}`.
            keywords: the same, with two underscores for a dot: `control__temperature=0.2`.

        Returns:
            Expression coefficients and landmark offsets of every frame.

        Raises:
            AudioError: when the file cannot be read, or is silent.
        """
        arguments = [*self._arguments({"audio": audio}), *override_list(overrides, keywords)]
        with api_call("infer", arguments, progress=False) as cfg:
            driver = MotionDriver(load_person(cfg, self._loaded), motion_controls(cfg))
            return driver.motion(load_speech(str(audio), cfg))

    def animate(
        self, audio: str | Path, *, overrides: Mapping[str, Any] | None = None, **keywords: Any
    ) -> FaceAnimation:
        """Return the predicted motion as ARKit weights, with blinks and with the head's poses of the footage.

        Args:
            audio: any audio or video file with speech.
            overrides: settings of `infer`, such as `{"control.blink": 10}`.
            keywords: the same, with two underscores for a dot: `control__blink=10`.

        Raises:
            AudioError: when the file cannot be read, or is silent.
        """
        arguments = [*self._arguments({"audio": audio}), *override_list(overrides, keywords)]
        with api_call("infer", arguments, progress=False) as cfg:
            return animate_person(cfg, audio, self._loaded)

    def export_onnx(
        self, folder: str | Path, *, int8: bool = True, report: Callable[[str], None] | None = None
    ) -> dict[str, Any]:
        """Write the person's networks as ONNX, for programs without torch.

        The page Export (docs/guides/export.md) says what is in the folder.

        Args:
            folder: to write; it must not exist.
            int8: whether to make int8 versions, which are kept where they hold.
            report: called with one line for each network.

        Returns:
            The content of `export.json`.

        Raises:
            ArtifactError: when the folder exists.
            DependencyError: when the extra [export] is not installed.
        """
        from beavervision.export.onnx_person import export_onnx

        with api_call("infer", self._arguments({}), progress=False) as cfg:
            person = load_drawn_person(cfg, {})
        return export_onnx(Path(folder), person, int8=int8, report=report or (lambda line: None))

    def pack(self, file: str | Path) -> Path:
        """Write the person's newest bundles to one file, which `bv.unpack` reads.

        Args:
            file: to write, ending in .bva.

        Raises:
            StorageError: when the place cannot be written to.
        """
        pack_person(self.folder, Path(file), self.preset)
        return Path(file)

    def stream(
        self,
        chunks: Iterable[np.ndarray | bytes],
        sample_rate: int = 16_000,
        channels: int = 1,
        *,
        settings: LiveSettings | None = None,
        overrides: Mapping[str, Any] | None = None,
        **keywords: Any,
    ) -> Iterator[tuple[Frame, Float[np.ndarray, "n"]]]:
        """Speak live: yield frames with their sound, at the clip's rate, while the speech still arrives.

        The person is shown in a piece of their own footage in which they are nearly still, with a drawn mouth, where
        `lower_face` is trained; else generated as a whole. Before and between speech they are idle.

        Args:
            chunks: sound as it comes, in arrays or bytes (16 bit) of any size; taken in a thread of its own.
            sample_rate: samples per second of the chunks.
            channels: of flat arrays and bytes, interleaved.
            settings: latency, and rate of the sound that comes out.
            overrides: settings of `infer`, such as `{"subject": 1}`.
            keywords: the same, with two underscores for a dot.

        Raises:
            AudioError: when a chunk is malformed.
            BundleError: when nothing is trained that can be shown.

        Example:
            >>> for frame, sound in avatar.stream(microphone, 16_000):  # doctest: +SKIP
            ...     show(frame.image, sound)
        """
        face = self.live_face(overrides=overrides, **keywords)
        return stream_frames(StreamingSession(face, settings), chunks, sample_rate, channels)

    def live_face(self, *, overrides: Mapping[str, Any] | None = None, **keywords: Any) -> LiveFace:
        """Load what live sessions of this person show; several `StreamingSession`s may share it.

        Args:
            overrides: settings of `infer`; `label` draws a visible label.
            keywords: the same, with two underscores for a dot.

        Raises:
            BundleError: when nothing is trained that can be shown.
        """
        arguments = [*self._arguments({}), *override_list(overrides, keywords)]
        with api_call("infer", arguments, progress=False) as cfg:
            return load_live_face(cfg, LoopSettings(label=cfg.label, language=cfg.language), self._loaded).face

    def _video(
        self, audio: str | Path, chosen: Mapping[str, Any], progress: Progress, further: list[str]
    ) -> TalkingVideo:
        arguments = [*self._arguments({"audio": audio, **chosen}), *further]

        def make_pipeline(out: Path) -> TalkingHeadPipeline:
            with api_call("infer", arguments, progress) as cfg:
                return build_pipeline(cfg, out, self._loaded)

        return TalkingVideo(make_pipeline, progress)

    def _arguments(self, chosen: Mapping[str, Any]) -> list[str]:
        """Overrides of an `infer` command for this person."""
        person = {**person_overrides(self.name, self.runs), "subject": self.subject}
        if self.preset is not None:
            person["experiment"] = self.preset
        return [*override_list({**person, **chosen}, {}), *self._overrides.values()]

    def __repr__(self) -> str:
        return f"Avatar({str(self.folder)!r})"
