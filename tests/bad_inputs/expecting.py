"""What every bad input must get."""

from __future__ import annotations

__all__ = ["BAD", "CATALOG", "INTEGRITY", "NETWORK", "NOT_FOUND", "PLUGIN", "RESOURCES", "assert_one_error"]

NOT_FOUND, BAD, INTEGRITY, NETWORK, RESOURCES, PLUGIN, CATALOG = 3, 4, 5, 6, 7, 8, 9  # exit codes, see zoo.errors


def assert_one_error(text: str) -> None:
    cause, *remedy = text.splitlines()
    assert cause.startswith("zoo: ")
    assert len(cause) > 10
    assert len(remedy) <= 1
    assert all(line.startswith("     ") for line in remedy)
    assert "Traceback" not in text
    assert text.isprintable() or all(c.isprintable() or c == "\n" for c in text)
