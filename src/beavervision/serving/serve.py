"""serve: the verb that runs the server."""

from __future__ import annotations

import os
import socket
from functools import partial
from pathlib import Path
from typing import Any

from omegaconf import DictConfig, ListConfig, OmegaConf

from beavervision.config.hardware import resolve_hardware
from beavervision.config.schemas import ServeSettings, typed_node, validate_nodes
from beavervision.errors import ConfigError, DependencyError
from beavervision.inference.live.settings import LiveSettings, LoopSettings
from beavervision.workflows.console_output import silence_libraries
from beavervision.workflows.listening import is_loopback, shown_address

FORWARDED = ("accelerator", "backend", "render", "precision")
"""Keys of `hardware` that the people are loaded with."""
MAX_MESSAGE = 2 << 20
"""Largest message of a WebSocket, bytes."""
BACKLOG = 512
"""Connections that may wait to be accepted."""
UNSENT = 128 << 10
"""Bytes of a connection that the kernel takes before they can be sent: two or three pictures."""


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
    if settings.replicas:
        _serve_replicas(cfg, settings)
        return
    app = create_app(server_parts(cfg, settings))
    listener = open_listener(settings)
    config = uvicorn.Config(
        app,
        log_level="warning",
        ws_max_size=MAX_MESSAGE,
        ws_max_queue=64,
        ws_per_message_deflate=False,  # pictures and sound do not get smaller, and it would take the loop's time
        timeout_graceful_shutdown=max(1, round(settings.drain_s)),
        server_header=False,
    )
    address = f"http://{shown_address(settings.host, settings.port)}/"
    print(f"serving {', '.join(app.state.parts.library.names)} at {address} (Ctrl-C ends)", flush=True)
    DrainingServer(config, app, settings.drain_s).run([listener])


def _serve_replicas(cfg: DictConfig, settings: ServeSettings) -> None:
    """Serve with several servers behind one address.

    Raises:
        ConfigError: see `serve`.
        DependencyError: when Ray is not installed.
    """
    try:
        from beavervision.serving.replicas import application, serve_until_told
    except ImportError as error:
        raise DependencyError(
            f"serve.replicas={settings.replicas} needs {error.name}; pip install 'beavervision[ray,serve]'."
        ) from None
    names = server_parts(cfg, settings, films=False).library.names  # what is wrong is said here, not by a replica
    open_listener(settings).close()
    plain = OmegaConf.to_container(cfg, resolve=True)
    app = application(partial(_replica_parts, plain, os.getcwd()), settings.replicas, settings.max_sessions)
    address = f"http://{shown_address(settings.host, settings.port)}/"
    print(f"serving {', '.join(names)} at {address} by {settings.replicas} replicas", flush=True)
    serve_until_told(app, settings.host, settings.port)


def _replica_parts(plain: Any, folder: str) -> Any:
    """Parts of a replica; called in its own process.

    Args:
        plain: the config as lists and mappings.
        folder: that its paths are relative to.
    """
    os.chdir(folder)
    silence_libraries()
    cfg = OmegaConf.create(plain)
    assert isinstance(cfg, DictConfig)
    return server_parts(cfg, typed_node(cfg, "serve", ServeSettings), films=False)


def server_parts(cfg: DictConfig, settings: ServeSettings, *, films: bool = True) -> Any:
    """Everything that the application needs.

    Args:
        cfg: the config.
        settings: its node `serve`.
        films: whether films are ordered here.

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
        FilmQueue(folder, make, settings.max_films, size, 3600 * settings.keep_hours) if films else None,
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
    limits = {
        "port": (0, 65_535),
        "max_sessions": (0, 1000),
        "max_films": (0, 100_000),
        "threads": (1, 256),
        "replicas": (0, 1000),
    }
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


def open_listener(settings: ServeSettings) -> socket.socket:
    """The socket that listens; little of what is sent on its connections waits in the kernel.

    Raises:
        ConfigError: when the address cannot be used.
    """
    kind = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    try:
        return live_listener(settings.host, settings.port, kind)
    except (OSError, UnicodeError) as error:
        reason = getattr(error, "strerror", None) or error
        raise ConfigError(
            f"serve.host={settings.host} serve.port={settings.port} cannot be used ({reason}); choose others."
        ) from None


def live_listener(host: str, port: int, kind: socket.AddressFamily = socket.AF_INET) -> socket.socket:
    """A socket for live video: what a client has not taken waits where it can still be left out, not in the kernel.

    Raises:
        OSError: when the address cannot be used.
    """
    listener = socket.create_server((host, port), family=kind, backlog=BACKLOG)
    if hasattr(socket, "TCP_NOTSENT_LOWAT"):  # connections inherit it
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NOTSENT_LOWAT, UNSENT)
    return listener


def _patterns(value: ListConfig | str) -> list[str]:
    return [str(one) for one in value] if isinstance(value, ListConfig) else [str(value)]
