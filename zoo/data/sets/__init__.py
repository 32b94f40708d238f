"""From what people have (folders, tables, texts, hub data sets, Python objects) to rows with a value and a label."""

from __future__ import annotations

from zoo.data.sets.reading import read_raw

__all__ = ["read_raw"]
