"""Addresses of files in the runs folder, as the page links to them."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import quote

FILES, FOOTAGE = "/files", "/footage"
"""Routes of the studio's server: files of the runs folder, and the footage of a person."""
SHOWN = (".html", ".json", ".jpg", ".png", ".mp4", ".webm", ".mov", ".txt", ".c2pa")
"""Kinds of file that the server hands out; no checkpoint and no weights."""


def file_address(runs: Path, path: Path) -> str:
    """Address of a file below the runs folder; it changes when the file does.

    Raises:
        ValueError: when the file is elsewhere.
    """
    relative = path.resolve().relative_to(runs.resolve())
    version = f"?v={path.stat().st_mtime_ns}" if path.exists() else ""
    return f"{FILES}/{quote(relative.as_posix())}{version}"


def find_file(runs: Path, relative: str) -> Path | None:
    """The file of an address; None where it is outside the runs folder, hidden, or of another kind.

    Example:
        >>> find_file(Path("runs"), "../secret.json") is None
        True
    """
    parts = relative.split("/")
    if any(part.startswith(".") or not part or "\\" in part or "\0" in part for part in parts):
        return None
    path = runs.joinpath(*parts)
    inside = path.resolve().is_relative_to(runs.resolve())
    return path if inside and path.suffix in SHOWN and path.is_file() else None
