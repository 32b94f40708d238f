"""How speech models are adapted: transcripts, classes of recordings, and what both share."""

from __future__ import annotations

__all__: list[str] = []
