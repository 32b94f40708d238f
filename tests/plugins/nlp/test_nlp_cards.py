"""The plugin's declarations: valid, complete, light."""

from __future__ import annotations

import importlib
import subprocess
import sys

import pytest
import zoo_nlp

from zoo.cards import NOT_STATED, ModelCard
from zoo.plugin import FineTuner, Loader, Runner

CARDS = list(zoo_nlp.zoo_cards())
HEAVY = ("torch", "transformers", "numpy", "pyarrow", "pandas", "tokenizers", "safetensors", "huggingface_hub")


@pytest.mark.parametrize("card", CARDS, ids=lambda card: card.id)
def test_card_is_valid_and_runnable(card: ModelCard) -> None:
    card.check()
    assert ModelCard.from_dict(card.to_dict()).to_dict() == card.to_dict()
    assert card.loader in zoo_nlp.zoo_loaders()
    for task in card.all_tasks:
        assert (card.loader, task) in zoo_nlp.zoo_runners()
    assert card.summary
    assert card.licence.weights == NOT_STATED or card.licence.source


def test_ids_are_unique_and_bases_are_known() -> None:
    ids = {card.id.lower() for card in CARDS}
    assert len(ids) == len(CARDS)
    assert {card.base.lower() for card in CARDS if card.base} <= ids


@pytest.mark.parametrize("card", [c for c in CARDS if c.files], ids=lambda card: card.id)
def test_packaged_files_are_pinned(card: ModelCard) -> None:
    assert all(source.sha256 and source.size for source in card.sources)
    for file in card.files:
        assert file.sha256
        assert file.size
        assert [uri.partition("#")[0] for uri in file.origin] == [card.sources[0].uri]
    assert card.parameters
    assert card.licence.package


def test_hub_cards_name_their_repository() -> None:
    hub = [card for card in CARDS if not card.files]
    assert len(hub) >= 12
    assert all(card.sources[0].uri == f"hf:{card.id}" for card in hub)


def test_importing_the_plugin_and_reading_its_cards_loads_nothing_heavy() -> None:
    code = f"import sys, zoo_nlp; list(zoo_nlp.zoo_cards()); print([m for m in {HEAVY!r} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize(
    ("table", "base"),
    [(zoo_nlp.zoo_loaders(), Loader), (zoo_nlp.zoo_runners(), Runner), (zoo_nlp.zoo_finetuners(), FineTuner)],
    ids=["loaders", "runners", "finetuners"],
)
def test_every_name_leads_to_its_class(table: dict[object, str], base: type) -> None:
    for target in table.values():
        module, _, name = target.partition(":")
        assert issubclass(getattr(importlib.import_module(module), name), base)
