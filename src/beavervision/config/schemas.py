"""Schemas of our config nodes; nodes of third-party classes are checked against the classes themselves."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar, cast

from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import ConfigKeyError, MissingMandatoryValue, OmegaConfBaseException

from beavervision.artifacts.names import check_name
from beavervision.config.suggestions import suggest
from beavervision.errors import ConfigError

if TYPE_CHECKING:
    from beavervision.face.framing import FrameSpec

SettingsT = TypeVar("SettingsT")


@dataclass
class DataSettings:
    """`data`: the person and the footage."""

    name: str
    video: str | None = None
    fps: float = 25.0
    start: float = 0.0
    end: float | None = None
    focal: float | None = None
    subject: str = "largest"
    speaker: str | None = None
    """Name of the person, common to all clips of the person in a corpus; None: the clip's name."""
    gap: float = 0.24
    rotate: str = "auto"
    deinterlace: str = "auto"
    audio_track: str = "auto"
    segmenter: str | None = None
    consent: str | None = None
    workers: int | None = None
    clips: str | None = None
    speech: str | None = None
    hours: float | None = None
    """Hours of synthetic speech; None for footage."""
    voices: int = 48
    """Number of training voices of synthetic speech."""
    neural: str | None = None
    """Folder of neural voices for synthetic speech."""
    neural_voices: int = 16
    """Number of additional training voices that are neural."""

    def __post_init__(self) -> None:
        """Refuse a name that is not a valid folder name.

        Raises:
            ConfigError: the message suggests a name.
        """
        check_name(self.name)
        if self.deinterlace == str(False):  # how YAML reads an unquoted `off`
            self.deinterlace = "off"


@dataclass
class FaceModelSettings:
    """`face_model`: name of the morphable model, and folder of its files if the user provides them."""

    name: str
    folder: str | None = None


@dataclass
class FrameSettings:
    """`frame`: the canvas of the renderers; see `face.framing.FrameSpec`."""

    name: str
    aspect: float | None
    height: int
    face_scale: float | None
    offset: list[float]


@dataclass
class HardwareSettings:
    """`hardware`: devices and precision of the trainer."""

    accelerator: str
    devices: Any
    num_nodes: int
    precision: str
    strategy: str
    workers: int
    compile: bool
    backend: str
    render: str


@dataclass
class ProvenanceSettings:
    """`provenance`: how films are signed; see docs/provenance.md."""

    sign: bool = True
    key: str | None = None
    certificate: str | None = None
    purpose: str | None = None
    watermark: bool = True
    watermark_key: str | None = None
    """Text that the invisible mark depends on; None for that of everybody."""


@dataclass
class ServeSettings:
    """`serve`: the server; see docs/guides/live_assistant.md."""

    host: str = "127.0.0.1"
    port: int = 8600
    folder: str = "runs/.serve"
    tokens: str | None = None
    require_consent: bool = False
    max_sessions: int = 4
    max_upload_mb: float = 50.0
    max_speech_s: float = 600.0
    max_films: int = 1000
    requests_per_minute: int = 600
    idle_s: float = 120.0
    session_s: float = 3600.0
    keep_hours: float = 24.0
    drain_s: float = 10.0
    tts_url: str | None = None
    ice_servers: list[str] = field(default_factory=list)
    threads: int = 2
    replicas: int = 0
    latency: float = 0.28
    loop_s: float = 4.0
    max_height: int = 720


@dataclass
class StudioSettings:
    """`studio`: the page; see docs/guides/studio.md."""

    host: str = "127.0.0.1"
    port: int = 8610
    password: str | None = None
    browser: bool = True


@dataclass
class RunSettings:
    """`run`: name and options of this run."""

    stage: str
    slug: str
    debug: bool = False
    tree: bool = False


SCHEMAS: dict[str, type] = {
    "data": DataSettings,
    "face_model": FaceModelSettings,
    "frame": FrameSettings,
    "hardware": HardwareSettings,
    "provenance": ProvenanceSettings,
    "run": RunSettings,
    "serve": ServeSettings,
    "studio": StudioSettings,
}


def to_dict(cfg: DictConfig, *, resolve: bool = True) -> dict[str, Any]:
    """Return a config, or a node of it, as plain dicts, lists and values.

    Args:
        cfg: a mapping.
        resolve: whether interpolations are resolved.
    """
    return cast("dict[str, Any]", OmegaConf.to_container(cfg, resolve=resolve))


def typed_node(cfg: DictConfig, node: str, schema: type[SettingsT]) -> SettingsT:
    """Return the config's `node` as its dataclass.

    Raises:
        ConfigError: when a key is unknown or missing, or a value has the wrong type.
    """
    try:
        values = OmegaConf.to_container(cfg[node], resolve=True, throw_on_missing=True)
        # Resolved values are not resolved again: a file may be named `${x}.mov`.
        merged = OmegaConf.merge(OmegaConf.structured(schema), _escaped(values))
        return cast(SettingsT, OmegaConf.to_object(merged))
    except ConfigKeyError as error:
        key = str(error.full_key or error.key)
        known = list(OmegaConf.structured(schema))
        raise ConfigError(f"{node}.{key} is not a key of {node}; {suggest(key, known)}.") from None
    except MissingMandatoryValue as error:
        raise ConfigError(f"{node}.{error.full_key} is not set; add {node}.{error.full_key}=.") from None
    except OmegaConfBaseException as error:
        sentence = str(error).splitlines()[0]
        raise ConfigError(f"{node}.{error.full_key}: {sentence}; give another value.") from None


def _escaped(value: Any) -> Any:
    """The same value with every `${` escaped."""
    if isinstance(value, dict):
        return {key: _escaped(inner) for key, inner in value.items()}
    return value.replace("${", "\\${") if isinstance(value, str) else value


def validate_nodes(cfg: DictConfig) -> None:
    """Check every node of ours against its schema, and register the folder of the user's face model.

    Raises:
        ConfigError: see `typed_node`.
    """
    for node, schema in SCHEMAS.items():
        if cfg.get(node) is not None:
            typed_node(cfg, node, schema)
    folder = OmegaConf.select(cfg, "face_model.folder")
    if folder is not None:
        from beavervision.face.model_registry import remember_folder

        remember_folder(cfg.face_model.name, Path(folder))


def frame_spec(node: DictConfig) -> FrameSpec:
    """Return the canvas of a `frame` node.

    Raises:
        ConfigError: see `typed_node`.
    """
    from beavervision.face.framing import FrameSpec

    settings = typed_node(OmegaConf.create({"frame": node}), "frame", FrameSettings)
    x, y = settings.offset
    return FrameSpec(settings.name, settings.aspect, settings.height, settings.face_scale, (x, y))


CLOCK = re.compile(r"(?:(?:(\d+):)?(\d{1,3}):)?(\d{1,2}):(\d{2})")


def parse_duration(value: Any) -> timedelta | None:
    """Parse a duration: "[[days:]hours:]minutes:seconds", a number of seconds, or {hours: 1, minutes: 30}.

    Raises:
        ConfigError: when the value has another format.

    Example:
        >>> parse_duration("00:10:00"), parse_duration("1:00:00:00"), parse_duration(90)
        (datetime.timedelta(seconds=600), datetime.timedelta(days=1), datetime.timedelta(seconds=90))
    """
    if value is None or isinstance(value, timedelta):
        return value
    try:
        if isinstance(value, Mapping):
            return timedelta(**{str(unit): amount for unit, amount in value.items()})
        if found := CLOCK.fullmatch(str(value).strip()):
            days, hours, minutes, seconds = (int(part or 0) for part in found.groups())
            return timedelta(days=days, hours=hours, minutes=minutes, seconds=seconds)
        return timedelta(seconds=float(value))
    except (TypeError, ValueError):
        raise ConfigError(f"trainer.max_time={value} is no duration; write hours:minutes:seconds, 00:10:00.") from None
