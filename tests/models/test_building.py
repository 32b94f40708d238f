"""What a model is said to need before it is loaded: counted in the headers of its files."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from zoo.models.building import _counted


def test_numbers_are_counted_by_the_header(tmp_path: Path) -> None:
    path = tmp_path / "model.safetensors"
    tensors = {
        "a": torch.zeros(3, 5),
        "b": torch.zeros(7, dtype=torch.bfloat16),
        "c": torch.zeros(4, dtype=torch.int64),
        "d": torch.zeros((), dtype=torch.float16),
    }
    save_file(tensors, path, metadata={"format": "pt"})
    assert _counted(path) == (15 + 7 + 1, 4 * 8)


def framed(header: object) -> bytes:
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return len(text).to_bytes(8, "little") + text


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\xff" * 100,
        framed(b"12,45"),
        framed([1]),
        framed({"a": {"dtype": "F32"}}),
        framed({"a": 5}),
        framed({"a": {"dtype": "I64", "data_offsets": [1]}}),
        framed(b"[" * 100_000),
    ],
)
def test_an_unsound_file_is_taken_by_its_size(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "model.safetensors"
    path.write_bytes(content)
    assert _counted(path) == (0, len(content))
