"""How the probe's linear head is solved: exactly, for all folds at once, along a path of regularisation."""

from __future__ import annotations

__all__: list[str] = []
