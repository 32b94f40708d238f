"""Data sets as people have them, made for the tests."""

from __future__ import annotations

import json
import wave
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from zoo.data import LabelledData, Split

__all__ = ["labelled", "parquet", "pictures", "sounds", "write", "write_lines"]


def write(path: Path, text: str | bytes) -> Path:
    """A file with this content."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def write_lines(path: Path, rows: Sequence[Any]) -> Path:
    """JSON lines."""
    return write(path, "\n".join(json.dumps(row, ensure_ascii=False) for row in rows))


def parquet(path: Path, rows: Sequence[Mapping[str, Any]]) -> Path:
    """A Parquet file without the `datasets` library's own marks."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    pq.write_table(pa.Table.from_pylist([dict(row) for row in rows]), path)
    return path


def pictures(folder: Path, counts: Mapping[str, int]) -> Path:
    """A folder per class, every picture another."""
    for index, (label, count) in enumerate(counts.items()):
        (folder / label).mkdir(parents=True, exist_ok=True)
        for number in range(count):
            Image.new("RGB", (4, 4), (number, index, 0)).save(folder / label / f"{number:02}.png")
    return folder


def sounds(folder: Path, counts: Mapping[str, int]) -> Path:
    """A folder per class with short recordings."""
    for index, (label, count) in enumerate(counts.items()):
        (folder / label).mkdir(parents=True, exist_ok=True)
        for number in range(count):
            samples = (np.sin(np.arange(800) * (index + 1) / (number + 5)) * 9000).astype("<i2")
            with wave.open(str(folder / label / f"{number}.wav"), "wb") as file:
                file.setnchannels(1)
                file.setsampwidth(2)
                file.setframerate(8000)
                file.writeframes(samples.tobytes())
    return folder


def labelled(labels: Sequence[Any], kind: Any = "single", inputs: Sequence[Any] | None = None) -> LabelledData:
    """A data set of texts with these labels, as if it had been read."""
    given = inputs if inputs is not None else [f"text {number}" for number in range(len(labels))]
    names = {one for label in labels for one in ((label,) if isinstance(label, str) else label)} if labels else set()
    return LabelledData(
        name="made",
        task="text-classification",
        kind=kind,
        classes=tuple(sorted(names)),
        train=Split(inputs=tuple(given), labels=tuple(labels), rows=tuple(f"made:{n + 1}" for n in range(len(labels)))),
        fingerprint="0" * 64,
    )
