"""Fine-tuning of detectors: augmentations, losses and new heads."""

from __future__ import annotations

__all__: list[str] = []
