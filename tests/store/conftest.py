from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.store.faulty_server import FaultyServer
from tests.store.making import FAST
from zoo.store import Store


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[FaultyServer]:
    """A local server, reached directly whatever proxy the machine has."""
    for name in list(os.environ):
        if name.lower() in {"http_proxy", "https_proxy", "all_proxy"}:
            monkeypatch.delenv(name)
    with FaultyServer().running() as made:
        yield made


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "home"


@pytest.fixture
def store(home: Path) -> Store:
    return Store(home, retries=FAST)


@pytest.fixture
def read(store: Store) -> Callable[..., bytes]:
    """The content of one file of an installed revision."""

    def read(manifest: Any, path: str) -> bytes:
        folder = store.find(manifest.model, manifest.revision)
        assert folder is not None
        return (folder / path).read_bytes()

    return read
