"""Loading reads from the catalog by a short cut what the catalog itself says."""

from __future__ import annotations

import pytest

from tests.catalog.catalog_cards import TIMM, manifest, vision
from zoo.catalog import held
from zoo.catalog.catalog import Catalog
from zoo.errors import UnknownModel


def test_cards_and_newest_revisions_are_the_catalogs(catalog: Catalog) -> None:
    catalog.sync_feed("vision", "plugin", "1", vision())
    model = vision()[0].id
    assert held.newest(catalog.path, model) is None
    for seed, day in (("a", "02"), ("b", "09"), ("c", "05")):
        catalog.record_revision(manifest(model, seed=seed, pulled=f"2026-01-{day}T09:00:00Z"))
    latest = catalog.latest_revision(model)
    assert latest is not None
    assert held.newest(catalog.path, model) == latest.manifest.revision
    assert latest.manifest.pulled.startswith("2026-01-09")
    assert all(held.card(catalog.path, card.id) == catalog.get(card.id) for card in vision()[: len(TIMM)])


def test_an_unknown_model_names_the_nearest(catalog: Catalog) -> None:
    catalog.sync_feed("vision", "plugin", "1", vision())
    with pytest.raises(UnknownModel, match="resnet"):
        held.card(catalog.path, "timm/resnet5O.a1_in1k")
