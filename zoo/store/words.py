"""Numbers and URLs as messages show them."""

from __future__ import annotations

from urllib.parse import urlsplit, urlunsplit

__all__ = ["in_units", "without_secrets"]


def in_units(size: int) -> str:
    """A number of bytes in the unit that reads best: `999 B`, `1.5 kB`, `80.0 MB`, `12.3 GB`."""
    value = float(size)
    for unit in ("B", "kB", "MB", "GB"):
        if value < 1000:
            return f"{size} B" if unit == "B" else f"{value:.1f} {unit}"
        value /= 1000
    return f"{value:.1f} TB"


def without_secrets(url: str) -> str:
    """A URL without user name, password, query and fragment, any of which may hold a credential."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return "an address"
    return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, "", ""))
