"""Figures for Prometheus."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge, generate_latest

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"


class ServerMetrics:
    """Counters of one server."""

    def __init__(self) -> None:
        self.registry = here = CollectorRegistry()
        self.sessions = Gauge("beavervision_sessions", "Live sessions that are open", ["door"], registry=here)
        self.opened = Counter("beavervision_sessions_opened", "Live sessions that were opened", ["door"], registry=here)
        self.ended = Counter("beavervision_sessions_ended", "Live sessions by their end", ["reason"], registry=here)
        self.frames = Counter("beavervision_frames", "Live frames by their picture", ["picture"], registry=here)
        self.stalls = Counter("beavervision_stalls", "Speeches that ran out of sound", registry=here)
        self.refused = Counter("beavervision_refused", "Requests that were refused", ["status"], registry=here)
        self.films = Gauge("beavervision_films", "Films by their state", ["state"], registry=here)

    def text(self) -> bytes:
        """All figures in Prometheus' format."""
        return generate_latest(self.registry)
