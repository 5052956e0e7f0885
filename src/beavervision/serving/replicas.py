"""The server on several processors or machines: Ray Serve runs replicas, each with its own people and sessions."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import ray  # pyright: ignore[reportMissingImports]
from ray import serve as ray_serve  # pyright: ignore[reportMissingImports]

from beavervision.serving.app import ServerParts, create_app

NAME = "beavervision"
SPARE = 8
"""Requests beyond its sessions that a replica answers at the same time: lists of people, health."""
HEALTH_S = 1.0
"""Seconds between two checks of a replica; ten times as long it may not answer."""
NICENESS = "RAY_worker_niceness", "0"
"""Ray's workers are nicer (15) than other programs by default; live sessions cannot wait."""
PROXY_START, START_S = "RAY_SERVE_PROXY_READY_CHECK_TIMEOUT_S", 60.0
"""Variable of Ray Serve: seconds that its proxy may take to start. Its own five are too few on a busy machine."""


def application(make_parts: Callable[[], ServerParts], replicas: int, sessions: int, processors: float = 1.0) -> Any:
    """A Ray Serve application of several servers behind one address.

    A session is one connection and stays with its replica. A replica takes `sessions` of them and refuses more with
    code 4503; the next try may reach another one. When a replica dies, its connections close with another code than
    1000, clients open new sessions, and Ray starts a new replica. Films are not ordered here: their queue is one folder
    of one server.

    Args:
        make_parts: parts of one server, called in each replica.
        replicas: number of servers.
        sessions: capacity of each.
        processors: that Ray reserves for each.
    """

    def build() -> Any:
        return create_app(replace(make_parts(), server=replica_name(), films=None, max_sessions=sessions))

    ingress: Any = ray_serve.ingress(build)()
    deployment = ray_serve.deployment(
        name=NAME,
        num_replicas=replicas,
        max_ongoing_requests=sessions + SPARE,
        health_check_period_s=HEALTH_S,
        health_check_timeout_s=10 * HEALTH_S,
        ray_actor_options={"num_cpus": processors},
    )(ingress)
    return deployment.bind()


def replica_name() -> str:
    """Name of the replica that this is called in."""
    return ray_serve.get_replica_context().replica_id.unique_id


def start_replicas(app: Any, host: str, port: int, environment: dict[str, str] | None = None) -> None:
    """Start the replicas, on this machine or on the Ray cluster that `RAY_ADDRESS` names; return when they are ready.

    Args:
        app: of `application`.
        host: address of the proxy.
        port: of the proxy.
        environment: variables of the replicas.
    """
    runtime = {"env_vars": {PROXY_START: str(START_S), **(environment or {})}}
    if "RAY_ADDRESS" in os.environ:
        ray.init(log_to_driver=False, runtime_env=runtime)
    elif not ray.is_initialized():
        os.environ.setdefault(*NICENESS)
        ray.init(log_to_driver=False, runtime_env=runtime, include_dashboard=False)
    ray_serve.start(http_options={"host": host, "port": port})
    ray_serve.run(app, name=NAME, route_prefix="/")


def stop_replicas() -> None:
    """Stop the replicas and, where it was started here, Ray."""
    ray_serve.shutdown()
    ray.shutdown()


def serve_until_told(app: Any, host: str, port: int) -> None:
    """Start the replicas and stop them at SIGTERM or Ctrl-C."""
    told = threading.Event()
    for kind in (signal.SIGTERM, signal.SIGINT):
        signal.signal(kind, lambda *_: told.set())
    try:
        start_replicas(app, host, port)
        told.wait()
    finally:
        stop_replicas()
