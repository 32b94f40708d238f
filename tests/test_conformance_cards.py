"""Every card of every built-in plugin: sound, sourced, and of a model that the libraries here can build.

A failure names the card, the field and what to do; the rules stand beside the functions that check them.
"""

from __future__ import annotations

import functools
import json
import re
import sqlite3
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import pytest
from packaging.licenses import InvalidLicenseExpression, canonicalize_license_expression

from zoo.cards import NOT_STATED, ModelCard, check_name
from zoo.catalog import hot
from zoo.errors import OfflineError, PluginError, ZooError
from zoo.licences import unknown_words
from zoo.plugin import PluginManager
from zoo.store.sources import Readers

# Fields for which a card must say where they were read, as a key of `facts`: alone, among others in one key
# (`"licence, paper"`), or by the key `others`. A paper is its own source, and metrics carry theirs.
SOURCED = ("parameters", "macs", "size", "published", "downloads", "datasets", "languages")

# Loads, no runner yet: tasks that cards of some loader name before a plugin has the runner; `predict` says what is
# missing. Which loaders these are, the test derives from the plugins; an entry that is not needed any more fails it.
NO_RUNNER_YET: frozenset[str] = frozenset(
    {
        "image-text-to-text",
        "image-to-text",
        "mask-generation",
        "video-classification",
        "visual-question-answering",
        "zero-shot-object-detection",
    }
)

# What every introduction to the field mentions, and what the first hit of a search for it must be called.
INTRODUCED = {
    "bert": "*bert-base-uncased",
    "roberta": "*roberta-base",
    "gpt-2": "*gpt2",
    "gpt2": "*gpt2",
    "resnet": "*resnet50*",
    "vgg": "*vgg*",
    "inception": "*inception*",
    "efficientnet": "*efficientnet*",
    "yolo": "*yolos*",
    "faster-rcnn": "*fasterrcnn*",
    "mask-rcnn": "*maskrcnn*",
    "unet": "*u2net*",
    "whisper": "*whisper*",
    "wav2vec2": "*wav2vec2*",
    "word2vec": "*word2vec*",
    "glove": "*glove*",
    "clip": "*clip*",
    "esm": "*esm*",
    "esmfold": "*esmfold*",
}

# The groups of tasks that the models of transformers must cover, with the fewest cards of each.
GROUPS = {
    "text classification": ({"text-classification"}, 5),
    "embeddings": ({"feature-extraction", "sentence-similarity"}, 5),
    "token classification": ({"token-classification"}, 5),
    "question answering": ({"question-answering"}, 5),
    "translation": ({"translation"}, 5),
    "summarisation": ({"summarization"}, 5),
    "generation": ({"text-generation"}, 5),
    "masked language models": ({"fill-mask"}, 5),
    "speech recognition": ({"automatic-speech-recognition"}, 5),
    "audio classification": ({"audio-classification"}, 5),
    "text to speech": ({"text-to-speech"}, 3),
    "detection": ({"object-detection"}, 5),
    "segmentation": ({"image-segmentation", "mask-generation"}, 5),
    "depth": ({"depth-estimation"}, 3),
    "zero-shot": (
        {"zero-shot-classification", "zero-shot-image-classification", "zero-shot-object-detection"},
        5,
    ),
    "multimodal": (
        {"image-to-text", "image-text-to-text", "visual-question-answering", "zero-shot-image-classification"},
        5,
    ),
}


@functools.cache
def manager() -> PluginManager:
    return PluginManager()


@functools.cache
def supplied() -> tuple[dict[str, list[ModelCard]], dict[str, str]]:
    """The cards of each built-in plugin, and what went wrong with the others."""
    cards, faults = {}, {}
    for info in manager().plugins():
        if not info.module.startswith("zoo_"):
            continue
        try:
            cards[info.name] = manager().cards(info.name) if info.error is None else []
            faults |= {info.name: info.error} if info.error else {}
        except PluginError as error:
            faults[info.name] = error.cause
    return cards, faults


def all_cards() -> list[ModelCard]:
    return [card for cards in supplied()[0].values() for card in cards]


def by_id() -> dict[str, ModelCard]:
    return {card.id: card for card in all_cards()}


def failing(found: Iterable[str]) -> None:
    """Fail with everything that was found, not only the first."""
    lines = list(found)
    assert not lines, f"{len(lines)} faults:\n" + "\n".join(lines[:60])


def test_every_built_in_plugin_supplies_its_cards() -> None:
    cards, faults = supplied()
    assert faults == {}
    assert set(cards) == {"zoo-detection", "zoo-nlp", "zoo-speech", "zoo-vision"}


# Each card on its own


@pytest.mark.parametrize("card", all_cards(), ids=lambda card: card.id)
def test_card(card: ModelCard) -> None:
    failing(
        [
            *schema_faults(card),
            *unsourced(card),
            *licence_faults(card),
            *source_faults(card),
            *code_faults(card),
        ]
    )


def schema_faults(card: ModelCard) -> Iterator[str]:
    """The schema holds, and the card survives its JSON form."""
    try:
        card.check()
    except ZooError as error:
        yield error.cause
    if ModelCard.from_dict(json.loads(json.dumps(card.to_dict()))).to_dict() != card.to_dict():
        yield f"{card.id}: its JSON form is not the card"
    if not card.summary:
        yield f"{card.id}: has no summary"


def unsourced(card: ModelCard) -> Iterator[str]:
    """Whatever is stated has a source."""
    told = {name.strip() for key in card.facts for name in key.split(",")}
    for name in SOURCED:
        if getattr(card, name) not in (None, ()) and not told & {name, "others"}:
            yield f"{card.id}: {name} is stated, and `facts` does not say where it was read"
    stated = card.licence.weights != NOT_STATED
    if stated and not card.licence.source and not told & {"licence", "others"}:
        yield f"{card.id}: its licence is {card.licence.weights}, and nothing says where this was read"
    for metric in card.metrics:
        if metric.source == NOT_STATED:
            yield f"{card.id}: metric {metric.name} has no source"


def licence_faults(card: ModelCard) -> Iterator[str]:
    """SPDX expressions, or words that `zoo.licences` knows."""
    for expression in filter(None, (card.licence.weights, card.licence.package)):
        if expression == NOT_STATED or not unknown_words(expression):
            continue
        try:
            canonicalize_license_expression(expression)
        except InvalidLicenseExpression:
            words = ", ".join(unknown_words(expression))
            yield f"{card.id}: {words} is neither in the SPDX list nor in zoo.licences"


def source_faults(card: ModelCard) -> Iterator[str]:
    """There is an origin, and the store's own reader understands each, so that offline nothing else stops it."""
    if not card.sources and card.deprecated is None:
        yield f"{card.id}: has no source"
    for uri in dict.fromkeys([s.uri for s in card.sources] + [uri for f in card.files for uri in f.origin]):
        try:
            readers().locate(uri if "#" in uri else f"{uri}#x" if uri.startswith(("hf:", "pypi:")) else uri)
        except OfflineError:
            continue
        except ZooError as error:
            yield f"{card.id}: {uri} cannot be read: {error.cause}"
        else:
            yield f"{card.id}: {uri} was found without the network"


@functools.cache
def readers() -> Readers:
    return Readers(offline=True, extra=manager().source)


def code_faults(card: ModelCard) -> Iterator[str]:
    """Some installed plugin has the loader."""
    if card.loader not in manager().table("zoo_loaders"):
        yield f"{card.id}: no plugin supplies the loader {card.loader!r}"


def test_every_task_has_a_runner_or_is_known_to_have_none_yet() -> None:
    """What loads and does not run is told by the plugins' own tables; of these tasks, and of no others."""
    wanted = Counter((card.loader, task) for card in all_cards() for task in card.all_tasks)
    missing = {pair: number for pair, number in wanted.items() if pair not in manager().table("zoo_runners")}
    tasks = {task for _, task in missing}
    failing(
        [
            f"{number} cards of loader {loader!r} name {task}, which no plugin runs"
            for (loader, task), number in sorted(missing.items())
            if task not in NO_RUNNER_YET
        ]
        + [f"{task} has all its runners: take it out of NO_RUNNER_YET" for task in sorted(NO_RUNNER_YET - tasks)]
    )


# All cards together


def test_names_and_aliases_are_unique() -> None:
    ids = Counter(card.id.lower() for card in all_cards())
    aliases = Counter(alias for card in all_cards() for alias in card.aliases)
    failing(
        [f"{name} is the id of {count} cards" for name, count in ids.items() if count > 1]
        + [f"{name} is an alias of {count} cards" for name, count in aliases.items() if count > 1]
        + [f"{name} is an alias and the id of another card" for name in aliases.keys() & ids.keys()]
    )


def test_bases_and_replacements_lead_somewhere() -> None:
    """To a card, or to a hub repository by its full name."""
    found = []
    for card in all_cards():
        for name, value in (("base", card.base), ("replaced_by", card.replaced_by)):
            if value is None or value in by_id():
                continue
            if value.count("/") != 1 or check_name(value) != value:
                found.append(f"{card.id}: {name} {value!r} is neither a card nor owner/name of a hub repository")
        if card.base == card.id or card.replaced_by == card.id:
            found.append(f"{card.id}: names itself")
        if card.replaced_by and not card.deprecated:
            found.append(f"{card.id}: is replaced, but not deprecated")
    failing(found)


def count(**wanted: Any) -> int:
    return sum(all(getattr(card, name) == value for name, value in wanted.items()) for card in all_cards())


def test_there_are_as_many_models_as_promised() -> None:
    assert count(library="timm") >= 1800
    assert count(library="transformers") >= 400


def test_every_pretrained_configuration_of_timm_has_a_card() -> None:
    import timm

    missing = {f"timm/{name}" for name in timm.list_pretrained()} - by_id().keys()
    assert sorted(missing) == []


def test_every_weight_of_torchvision_has_a_card() -> None:
    """All but quantised weights, whose files are no plain tensors, optical flow, which is no task of the zoo, and
    VGG's features without a classifier, which torchvision itself calls unfit to classify."""
    from torchvision import models

    wanted = {
        f"torchvision/{name}.{weight.name.lower()}"
        for name in models.list_models()
        if models.get_model_builder(name).__module__.startswith("torchvision.")  # others may be registered too
        if not name.startswith(("quantized_", "raft_"))
        for weight in models.get_model_weights(name)
        if weight.meta["categories"]
    }
    assert len(wanted) >= 140
    assert sorted(wanted - by_id().keys()) == []


@pytest.mark.parametrize(
    "task",
    ["image-classification", "object-detection", "image-segmentation", "keypoint-detection", "video-classification"],
)
def test_torchvision_has_models_of_each_kind(task: str) -> None:
    assert any(card.library == "torchvision" and task in card.all_tasks for card in all_cards())


@pytest.mark.parametrize("group", GROUPS)
def test_transformers_has_models_of_each_group(group: str) -> None:
    tasks, fewest = GROUPS[group]
    assert sum(card.library == "transformers" and bool(tasks & {*card.all_tasks}) for card in all_cards()) >= fewest


def test_the_packages_of_real_models_are_pinned() -> None:
    """A wheel has a version and a hash, so that the bytes are those that were looked at."""
    packed = [(card, source) for card in all_cards() for source in card.sources if source.scheme == "pypi"]
    failing(
        f"{card.id}: {source.uri} is not pinned by version and sha256"
        for card, source in packed
        if not ("==" in source.uri and source.sha256)
    )
    assert len({card.id for card, _ in packed}) >= 10


@pytest.fixture(scope="module")
def catalog(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A catalog of all plugins' cards, as a first call of the zoo makes it."""
    from zoo.catalog.catalog import Catalog

    home = tmp_path_factory.mktemp("conformance")
    (home / "empty.db").touch()
    made = Catalog(home / "registry.db", shipped=home / "empty.db")
    for name, cards in supplied()[0].items():
        made.sync_feed(name, "plugin", "1", cards)
    return made.path


def test_the_catalog_takes_all_cards(catalog: Path) -> None:
    connection = sqlite3.connect(catalog)
    assert connection.execute("SELECT COUNT(*) FROM model").fetchone() == (len(all_cards()),)
    connection.close()


@pytest.mark.parametrize("name", INTRODUCED)
def test_what_every_introduction_mentions_is_found(name: str, catalog: Path) -> None:
    aliased = [card.id for card in all_cards() if name in card.aliases]
    rows = hot.search(catalog, name, limit=1)[0]
    found = aliased or [row["id"] for row in rows]
    assert found, f"nothing is found for {name}"
    assert fnmatchcase(found[0].lower(), INTRODUCED[name]), f"{name} finds {found[0]}"


# Building


def sample() -> list[ModelCard]:
    """The smallest model of each family that a loader loads; without families, of each architecture."""
    groups: dict[tuple[str, str], list[ModelCard]] = defaultdict(list)
    for card in all_cards():
        groups[card.loader, kind(card)].append(card)
    return [min(cards, key=lambda card: (card.parameters or 10**15, card.id)) for _, cards in sorted(groups.items())]


def kind(card: ModelCard) -> str:
    """timm's and torchvision's families are one module each; transformers' classes are."""
    return card.architecture if card.library == "transformers" else card.family or card.architecture


@pytest.mark.parametrize("card", sample(), ids=lambda card: f"{card.loader}-{kind(card)}-{card.id}")
def test_a_model_of_every_family_is_built_on_the_meta_device(card: ModelCard) -> None:
    loader = manager().loader(card.loader)()
    module = loader.blank(card)
    if module is None:
        assert not uses_torch(card), f"{card.id}: its loader builds torch modules, and blank() gave none"
        return
    parameters = list(module.parameters())
    assert parameters, f"{card.id}: the module has no parameters"
    assert {p.device.type for p in parameters} == {"meta"}, f"{card.id}: blank() took memory"
    if counted_exactly(card):
        assert sum(p.numel() for p in parameters) == card.parameters, f"{card.id}: parameters are not as stated"


def uses_torch(card: ModelCard) -> bool:
    return card.library in {"timm", "torchvision", "transformers"} and card.loader not in {"onnx", "word-vectors"}


def counted_exactly(card: ModelCard) -> bool:
    """Whether the card's number is that of its own module, and was counted on it."""
    source = next((text for key, text in card.facts.items() if "parameters" in re.split(r",\s*", key)), "")
    return card.parameters is not None and source.startswith("counted on the meta device")
