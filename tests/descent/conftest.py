"""A family to look at: real SQLite, made-up models."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path

import pytest

from tests.catalog.catalog_cards import manifest
from zoo.cards import Licence, ModelCard
from zoo.catalog.catalog import Catalog
from zoo.catalog.records import RunRecord

Family = Callable[[Iterable[ModelCard]], Catalog]


def card(name: str, licence: str = "MIT", base: str | None = None, **changes: object) -> ModelCard:
    """A card of which only name, licence and base matter."""
    made = ModelCard(
        id=name,
        task="text-classification",
        library="transformers",
        loader="transformers",
        architecture="BertModel",
        licence=Licence(weights=licence),
        base=base,
    )
    return made.replace(**changes)


@pytest.fixture
def family(tmp_path: Path) -> Family:
    """`family(cards)`: a catalog of these cards."""
    empty = tmp_path / "empty.db"
    empty.touch()

    def make(cards: Iterable[ModelCard]) -> Catalog:
        catalog = Catalog(tmp_path / "home" / "registry.db", shipped=empty)
        catalog.sync_feed("made", "user", "1", cards)
        return catalog

    return make


@pytest.fixture
def berts(family: Family) -> Catalog:
    """A base, what was fine-tuned from it by a run, what that became, and a base that no card tells of."""
    catalog = family(
        [
            card("org/bert", "Apache-2.0", base="elsewhere/ur-bert"),
            card("mine/films", "Apache-2.0"),
            card("mine/films-int8", "Apache-2.0", base="mine/films"),
            card("org/bert-nc", "CC-BY-NC-4.0", base="org/bert"),
            card("org/bert-free", "MIT", base="org/bert-nc"),
        ]
    )
    base, tuned = manifest("org/bert"), manifest("mine/films", seed="f")
    catalog.record_revision(base)
    catalog.record_revision(tuned)
    run = RunRecord(id="run-7", kind="finetune", started="2026-01-31T09:00:00Z", model="mine/films")
    catalog.start_run(run)
    catalog.finish_run("run-7", metrics={"accuracy": 0.9125, "seconds": 3.0})
    catalog.add_lineage("mine/films", "org/bert", base.revision, "finetuned", "run-7", child_revision=tuned.revision)
    return catalog
