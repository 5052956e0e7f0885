"""Addresses that a server listens on."""

from __future__ import annotations

import ipaddress
import socket

from beavervision.errors import ConfigError


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


def check_port(node: str, host: str, port: int) -> None:
    """Refuse a port that is taken, in one sentence: uvicorn would only log it.

    Args:
        node: of the config, such as `serve`.
        host: address to listen on.
        port: of it; 0 for any.

    Raises:
        ConfigError: when it cannot be used.
    """
    kind = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        with socket.socket(kind, socket.SOCK_STREAM) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind((host, port))
    except (OSError, UnicodeError) as error:
        reason = getattr(error, "strerror", None) or error
        raise ConfigError(f"{node}.host={host} {node}.port={port} cannot be used ({reason}); choose others.") from None


def shown_address(host: str, port: int) -> str:
    """Host and port as in a URL.

    Example:
        >>> shown_address("::1", 80)
        '[::1]:80'
    """
    return f"{f'[{host}]' if ':' in host else host}:{port}"
