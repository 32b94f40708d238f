from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.catalog import catalog_cards
from zoo.catalog.catalog import Catalog


@pytest.fixture
def empty(tmp_path: Path) -> Path:
    """A shipped database of no bytes, as in a checkout before it was built."""
    path = tmp_path / "shipped" / "registry.db"
    path.parent.mkdir()
    path.touch()
    return path


@pytest.fixture
def catalog(tmp_path: Path, empty: Path) -> Iterator[Catalog]:
    """An empty catalog in a home of its own."""
    with Catalog(tmp_path / "home" / "registry.db", shipped=empty) as made:
        yield made


@pytest.fixture(scope="session")
def stocked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A catalog to read: pictures, the hub's models, two of them installed. No test may write to it."""
    folder = tmp_path_factory.mktemp("stocked")
    (folder / "empty.db").touch()
    with Catalog(folder / "registry.db", shipped=folder / "empty.db") as made:
        made.sync_feed("vision", "plugin", "1.0", catalog_cards.vision())
        made.sync_feed("hub", "hub", "", catalog_cards.hub())
        made.record_revision(catalog_cards.manifest("timm/resnet50.a1_in1k"))
        made.record_revision(catalog_cards.manifest("google-bert/bert-base-uncased", seed="b"))
    return folder / "registry.db"
