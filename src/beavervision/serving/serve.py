"""serve: the verb that runs the server."""

from __future__ import annotations

import ipaddress
import socket
from pathlib import Path
from typing import Any

from omegaconf import DictConfig, ListConfig

from beavervision.config.hardware import resolve_hardware
from beavervision.config.schemas import ServeSettings, typed_node, validate_nodes
from beavervision.errors import ConfigError, DependencyError
from beavervision.inference.live.settings import LiveSettings, LoopSettings
from beavervision.workflows.console_output import silence_libraries

FORWARDED = ("accelerator", "backend", "render", "precision")
"""Keys of `hardware` that the people are loaded with."""
MAX_MESSAGE = 2 << 20
"""Largest message of a WebSocket, bytes."""


def serve(cfg: DictConfig) -> None:
    """Serve the people of the config until the process is told to stop.

    Raises:
        ConfigError: when a setting is invalid, nobody is trained, or tokens are missing.
        DependencyError: when the extra is not installed.
    """
    silence_libraries()
    validate_nodes(cfg)
    resolve_hardware(cfg)
    settings = typed_node(cfg, "serve", ServeSettings)
    try:
        import uvicorn

        from beavervision.serving.app import create_app
        from beavervision.serving.draining import DrainingServer
    except ImportError as error:
        raise DependencyError(
            f"serve needs packages that are not installed ({error.name}); pip install 'beavervision[serve]'."
        ) from None
    app = create_app(server_parts(cfg, settings))
    _check_port(settings)
    config = uvicorn.Config(
        app,
        host=settings.host,
        port=settings.port,
        log_level="warning",
        ws_max_size=MAX_MESSAGE,
        ws_max_queue=64,
        timeout_graceful_shutdown=max(1, round(settings.drain_s)),
        server_header=False,
    )
    print(f"serving {', '.join(app.state.parts.library.names)} at http://{_shown(settings)}/ (Ctrl-C ends)", flush=True)
    DrainingServer(config, app, settings.drain_s).run()


def server_parts(cfg: DictConfig, settings: ServeSettings) -> Any:
    """Everything that the application needs.

    Raises:
        ConfigError: see `serve`.
    """
    import torch

    from beavervision.inference.live.pictures import shared_pool
    from beavervision.serving.access import Access
    from beavervision.serving.app import ServerParts
    from beavervision.serving.film_maker import PipelineFilmMaker
    from beavervision.serving.film_queue import FilmQueue
    from beavervision.serving.library import AvatarLibrary, find_people
    from beavervision.serving.tokens import TokenFile
    from beavervision.serving.websocket import SocketLimits

    check_settings(settings)
    tokens = TokenFile.read(None if settings.tokens is None else Path(settings.tokens))
    local = is_loopback(settings.host)
    if not local and not tokens.hashes:
        raise ConfigError(
            f"serve.host={settings.host} can be reached from other machines, so tokens are needed; write some with "
            "beavervision token NAME tokens.yaml, and add serve.tokens=tokens.yaml."
        )
    # Pictures are drawn side by side, each in one thread.
    torch.set_num_threads(1)
    shared_pool(settings.threads)
    overrides = {f"hardware.{key}": cfg.hardware[key] for key in FORWARDED}
    overrides |= {f"provenance.{key}": value for key, value in cfg.provenance.items()}
    overrides |= {"label": str(cfg.label), "language": str(cfg.language)}
    loop = LoopSettings(settings.loop_s, settings.max_height, label=str(cfg.label), language=str(cfg.language))
    library = AvatarLibrary(find_people(_patterns(cfg.avatars)), loop, overrides, settings.require_consent)
    make, size = PipelineFilmMaker(library, settings.max_speech_s), round(settings.max_upload_mb * 1e6)
    folder = Path(settings.folder)
    return ServerParts(
        library,
        FilmQueue(folder, make, settings.max_films, size, 3600 * settings.keep_hours),
        Access(tokens, settings.requests_per_minute, local),
        settings.max_sessions,
        LiveSettings(latency=settings.latency, queue=settings.max_speech_s),
        SocketLimits(settings.idle_s, settings.session_s),
        settings.tts_url,
        settings.ice_servers,
    )


def check_settings(settings: ServeSettings) -> None:
    """Refuse numbers that no server can work with.

    Raises:
        ConfigError: naming the key.
    """
    limits = {"port": (0, 65_535), "max_sessions": (0, 1000), "max_films": (0, 100_000), "threads": (1, 256)}
    limits |= {
        "latency": (0.1, 5.0),
        "loop_s": (0.5, 60.0),
        "max_height": (64, 4320),
        "requests_per_minute": (1, 10**6),
    }
    limits |= {key: (1e-3, 1e6) for key in ("max_upload_mb", "max_speech_s", "idle_s", "session_s", "keep_hours")}
    for key, (low, high) in limits.items():
        if not low <= (value := getattr(settings, key)) <= high:
            raise ConfigError(f"serve.{key}={value} is not a number from {low} to {high}; give another value.")
    if settings.tts_url is not None and not settings.tts_url.startswith(("http://", "https://")):
        raise ConfigError(f"serve.tts_url={settings.tts_url} is no URL; give one that begins with http.")


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach an address.

    Example:
        >>> is_loopback("127.0.0.1"), is_loopback("localhost"), is_loopback("0.0.0.0")
        (True, True, False)
    """
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _check_port(settings: ServeSettings) -> None:
    """Refuse a port that is taken, in one sentence: uvicorn would only log it."""
    kind = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    try:
        with socket.socket(kind, socket.SOCK_STREAM) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind((settings.host, settings.port))
    except (OSError, UnicodeError) as error:
        reason = getattr(error, "strerror", None) or error
        raise ConfigError(
            f"serve.host={settings.host} serve.port={settings.port} cannot be used ({reason}); choose others."
        ) from None


def _patterns(value: ListConfig | str) -> list[str]:
    return [str(one) for one in value] if isinstance(value, ListConfig) else [str(value)]


def _shown(settings: ServeSettings) -> str:
    host = f"[{settings.host}]" if ":" in settings.host else settings.host
    return f"{host}:{settings.port}"
