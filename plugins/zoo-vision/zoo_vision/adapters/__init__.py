"""How picture models are adapted: one module a library and task, and what they share."""

from __future__ import annotations

__all__: list[str] = []
