"""The commands, one module a group: each function is one command, with its options and its help."""

from __future__ import annotations

__all__: list[str] = []
