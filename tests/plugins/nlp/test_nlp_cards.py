"""The plugin's declarations: valid, complete, light."""

from __future__ import annotations

import importlib
import subprocess
import sys

import pytest
import zoo_nlp
from zoo_nlp.hub_cards import hub_cards
from zoo_nlp.transformers_loader import TransformersLoader

from zoo.cards import NOT_STATED, ModelCard
from zoo.plugin import FineTuner, Loader, Runner

CARDS = list(zoo_nlp.zoo_cards())
HUB = hub_cards()
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
    # gensim-data states MD5 only: nothing better is known before the first download.
    pinned = card.sources[0].scheme != "https"
    assert all((source.sha256 or not pinned) and source.size for source in card.sources)
    for file in card.files:
        assert file.sha256 or not pinned
        assert file.size
        assert [uri.partition("#")[0] for uri in file.origin] == [card.sources[0].uri]
    assert card.parameters
    assert card.licence.package or not pinned


def test_aliases_are_unique_and_no_ids() -> None:
    aliases = [alias for card in CARDS for alias in card.aliases]
    assert len(aliases) == len(set(aliases))
    assert not set(aliases) & {card.id.lower() for card in CARDS}


@pytest.mark.parametrize(
    ("alias", "model"),
    [
        ("bert", "google-bert/bert-base-uncased"),
        ("roberta", "FacebookAI/roberta-base"),
        ("gpt2", "openai-community/gpt2"),
        ("gpt-2", "openai-community/gpt2"),
        ("distilbert", "distilbert/distilbert-base-uncased"),
        ("t5", "google-t5/t5-base"),
        ("bart", "facebook/bart-base"),
        ("word2vec", "word2vec-google-news-300"),
        ("glove", "glove-6b-50d"),
        ("esmfold", "facebook/esmfold_v1"),
    ],
)
def test_names_of_every_introduction(alias: str, model: str) -> None:
    assert [card.id for card in CARDS if alias in card.aliases] == [model]


def test_every_task_has_its_models() -> None:
    from collections import Counter

    counted = Counter(card.task for card in CARDS)
    least = {
        "feature-extraction": 60,
        "fill-mask": 90,
        "question-answering": 25,
        "sentence-similarity": 20,
        "summarization": 25,
        "text-classification": 30,
        "text-generation": 180,
        "text-ranking": 20,
        "token-classification": 25,
        "translation": 70,
        "zero-shot-classification": 15,
    }
    assert {task: counted[task] for task in least if counted[task] < least[task]} == {}


@pytest.mark.parametrize("card", HUB, ids=lambda card: card.id)
def test_what_is_stated_has_its_source(card: ModelCard) -> None:
    facts = {name.strip() for key in card.facts for name in key.split(",")}
    for field in ("parameters", "published", "languages", "datasets", "paper"):
        assert not getattr(card, field) or field in facts, field
    assert card.config.get("model_type")
    if len(card.config) > 2:
        assert card.parameters


# Families whose cards state all sizes: the module that is built from the card alone has what the card says.
COUNTED = [card for card in HUB if card.facts.get("parameters", "").startswith("counted on the meta device from")]


@pytest.mark.parametrize("card", [card for card in COUNTED if card.parameters < 4e8][::4], ids=lambda card: card.id)
def test_parameters_are_those_of_the_module(card: ModelCard) -> None:
    module = TransformersLoader().blank(card)
    assert type(module).__name__ == card.architecture
    assert sum(parameter.numel() for parameter in module.parameters()) == card.parameters


def test_a_model_of_each_kind_can_be_built() -> None:
    kinds = {(card.config["model_type"], card.architecture): card for card in HUB}
    assert len(kinds) > 80
    built = {kind: TransformersLoader().blank(card) for kind, card in kinds.items() if small(card)}
    assert {kind: type(module).__name__ for kind, module in built.items() if type(module).__name__ != kind[1]} == {}
    assert all(p.device.type == "meta" for module in built.values() for p in module.parameters())


def small(card: ModelCard) -> bool:
    """Every model type's class is built, of those with many layers one in the default size of a few seconds."""
    return (card.parameters or 0) < 8e9


def test_hub_cards_name_their_repository() -> None:
    hub = [card for card in CARDS if not card.files]
    assert len(hub) >= 590
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
