"""Cards and small sound weights for the store's tests."""

from __future__ import annotations

import hashlib
import io
import json
import random
import zipfile
from pathlib import Path

from tests.store.faulty_server import FaultyServer
from zoo.cards import ModelCard, Source, WeightFile
from zoo.store import Retries

FAST = Retries(tries=3, base=0.001)


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def safetensors(size: int, seed: int = 0) -> bytes:
    """A sound safetensors file with `size` random bytes as its one tensor."""
    header = json.dumps({"weight": {"dtype": "U8", "shape": [size], "data_offsets": [0, size]}}).encode()
    header += b" " * (-len(header) % 8)
    return len(header).to_bytes(8, "little") + header + random.Random(seed).randbytes(size)


def make_card(name: str, files: dict[str, tuple[str, bytes | None]], sources: tuple[Source, ...] = ()) -> ModelCard:
    """A card of files given as `{path: (origin, content to pin or None)}`."""
    made = tuple(
        WeightFile(
            path=path,
            origin=(origin,),
            size=None if content is None else len(content),
            sha256=None if content is None else sha256(content),
        )
        for path, (origin, content) in files.items()
    )
    return ModelCard(
        id=name,
        task="image-classification",
        library="zoo",
        loader="test",
        architecture="test",
        files=made,
        sources=sources,
    ).check()


def visible(home: Path) -> list[Path]:
    """Everything below the model folders that is not hidden."""
    root = home / "models"
    found = [p for p in root.rglob("*") if p.is_file()] if root.exists() else []
    return [p for p in found if not any(part.startswith(".") for part in p.relative_to(root).parts)]


WEIGHTS = safetensors(5000)
CONFIG = b'{"labels": ["cat", "dog"]}'


def archive(members: dict[str, bytes]) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as file:
        for name, content in members.items():
            file.writestr(name, content)
    return made.getvalue()


def two_files(server: FaultyServer, name: str = "acme/net"):
    return make_card(
        name,
        {
            "model.safetensors": (server.add("w.safetensors", WEIGHTS), WEIGHTS),
            "deep/config.json": (server.add("config.json", CONFIG), CONFIG),
        },
    )
