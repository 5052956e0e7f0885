"""Who may call: tokens, the page's own origin, and not too often."""

from __future__ import annotations

import time
from collections import OrderedDict
from dataclasses import dataclass, field

from starlette.requests import HTTPConnection

from beavervision.serving.tokens import TokenFile

BEARER = "bearer "
PROTOCOL_TOKEN = "token."
"""Browsers can send a WebSocket's token only as a subprotocol: `token.<token>`."""
LOCAL_HOSTS = ("localhost", "127.0.0.1", "[::1]")
MAX_CLIENTS = 10_000
"""Clients whose rates are remembered; the ones that were silent the longest are forgotten."""


class AccessError(Exception):
    """A request that is refused.

    Args:
        status: HTTP status.
        reason: one sentence.
    """

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(reason)
        self.status, self.reason = status, reason


@dataclass
class Access:
    """Checks requests.

    Args:
        tokens: who may call.
        per_minute: requests of one client.
        local: whether the server listens on loopback only: then requests under another host's name are refused, so
            that no web site can reach it by a name that resolves to this machine (DNS rebinding).
    """

    tokens: TokenFile
    per_minute: int
    local: bool
    _rates: OrderedDict[str, tuple[float, float]] = field(default_factory=OrderedDict)

    def check(self, connection: HTTPConnection) -> str:
        """Name of the client.

        Raises:
            AccessError: when it is unknown, comes from another site, or calls too often.
        """
        self._check_origin(connection)
        address = connection.client.host if connection.client else ""
        # Before the token: guessing is limited, too.
        self._count(address)
        client = self.tokens.client(bearer_token(connection))
        if client is None:
            raise AccessError(401, "This server asks for a token; send Authorization: Bearer <token>.")
        return client

    def _check_origin(self, connection: HTTPConnection) -> None:
        host = connection.headers.get("host", "")
        name = host.rpartition(":")[0] if ":" in host.rpartition("]")[2] else host
        # Two names would let the server and whatever stands before it read different ones (RFC 9112, 3.2).
        if len(connection.headers.getlist("host")) > 1 or (self.local and name not in LOCAL_HOSTS):
            raise AccessError(403, "This server answers only under the name localhost.")
        origin = connection.headers.get("origin")
        if origin is not None and origin.partition("://")[2] != host:
            raise AccessError(403, "Pages of other sites may not use this server.")

    def _count(self, client: str) -> None:
        """A bucket for each client that fills by `per_minute` and holds as much."""
        now = time.monotonic()
        left, seen = self._rates.pop(client, (float(self.per_minute), now))
        left = min(self.per_minute, left + (now - seen) * self.per_minute / 60)
        self._rates[client] = (max(0.0, left - 1), now)
        while len(self._rates) > MAX_CLIENTS:
            self._rates.popitem(last=False)
        if left < 1:
            raise AccessError(429, f"More than {self.per_minute} requests in a minute; try again later.")


def bearer_token(connection: HTTPConnection) -> str | None:
    """The token of a request: of its Authorization, or of a WebSocket's subprotocols."""
    given = connection.headers.get("authorization", "")
    if given.lower().startswith(BEARER):
        return given[len(BEARER) :].strip()
    protocols = connection.headers.get("sec-websocket-protocol", "").split(",")
    found = [one.strip()[len(PROTOCOL_TOKEN) :] for one in protocols if one.strip().startswith(PROTOCOL_TOKEN)]
    return found[0] if found else None
