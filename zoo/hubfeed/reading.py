"""One model of a hub's list as a card, or the reason why it is left out."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

from zoo.cards import NOT_STATED, Licence, ModelCard, Source
from zoo.errors import BadCard
from zoo.hubfeed import facts
from zoo.hubfeed.loadable import LeftOut, Loadable
from zoo.infer import from_config
from zoo.tasks import TASKS

__all__ = ["read_model"]

_QUANTISED = {"4-bit", "8-bit", "awq", "bitsandbytes", "compressed-tensors", "exl2", "exl3", "gguf", "gptq"}
_WEIGHTS = (".safetensors", ".bin")
_MOST_TAGS = 20
_MOST_FILES = 100_000

# What a model of a task does as well where there is a runner: embeddings, and how alike two of them are.
_TWINS = {
    "feature-extraction": "sentence-similarity",
    "image-classification": "image-feature-extraction",
    "sentence-similarity": "feature-extraction",
}


def read_model(raw: Any, endpoint: str, loadable: Loadable, config: Callable[[str, str], Any]) -> ModelCard:
    """The card of one model, with what the hub states and nothing else.

    Args:
        raw: the model in the hub's JSON.
        endpoint: the hub, for the sources of the facts.
        loadable: what the plugins can load.
        config: reads `config.json` of a model at a commit; asked for timm's models, of which the list says too little.

    Raises:
        LeftOut: no plugin can load it, or its facts cannot be believed.
    """
    if not isinstance(raw, Mapping):
        raise LeftOut(facts.MALFORMED)
    model = facts.identifier(raw.get("id"))
    task = _task(raw)
    named = facts.word(raw.get("library_name")) or _tagged_library(raw)
    library = loadable.library(named)
    loadable.check(library, task)
    _check_files(raw)
    card = _card(raw, endpoint, model)
    built = _timm(card, raw, config) if library == "timm" else card.replace(architecture=_architecture(raw))
    loader = loadable.loader(library, built.architecture, task)
    made = built.replace(
        task=task,
        tasks=_twins(loadable, loader, task),
        library=library,
        loader=loader,
        tags=_tags(raw, named if named != library else None),
    )
    try:
        return made.check()
    except BadCard as error:
        raise LeftOut(facts.MALFORMED) from error


def _task(raw: Mapping[str, Any]) -> str:
    task = facts.word(raw.get("pipeline_tag"))
    if task is None:
        raise LeftOut("without a task")
    if task not in TASKS:
        raise LeftOut("of tasks that the zoo does not know")
    return task


def _tagged_library(raw: Mapping[str, Any]) -> str:
    """Hubs that name no library of older repositories tag them with it."""
    tags = facts.words(raw.get("tags"))
    for known in ("sentence-transformers", "transformers", "timm"):
        if known in tags:
            return known
    raise LeftOut("of libraries that no plugin loads")


def _check_files(raw: Mapping[str, Any]) -> None:
    """Refuse what the zoo could not load although its library and task are known."""
    if raw.get("disabled"):
        raise LeftOut("that the hub has disabled")
    tags, config = set(facts.words(raw.get("tags"))), facts.data(raw.get("config"))
    if "custom_code" in tags or config.get("auto_map"):
        raise LeftOut("that need code of their own")
    if config.get("quantization_config") or tags & _QUANTISED:
        raise LeftOut("whose weights are quantised")
    siblings = raw.get("siblings")
    if not isinstance(siblings, list) or len(siblings) > _MOST_FILES:
        raise LeftOut("whose files are not stated")
    names = [facts.data(file).get("rfilename") for file in siblings]
    own = [name for name in names if isinstance(name, str) and "/" not in name and not name.startswith("adapter_")]
    if "config.json" not in own or not any(name.endswith(_WEIGHTS) for name in own):
        raise LeftOut("without weights that a loader reads")


def _architecture(raw: Mapping[str, Any]) -> str:
    stated = facts.data(raw.get("config")).get("architectures")
    first = stated[0] if isinstance(stated, list) and stated else None
    found = facts.word(first)
    if found is None or not found.isidentifier():
        raise LeftOut("whose architecture is not stated")
    return found


def _timm(card: ModelCard, raw: Mapping[str, Any], config: Callable[[str, str], Any]) -> ModelCard:
    """With architecture and inputs as the repository's `config.json` has them, which timm itself writes."""
    commit = facts.commit(raw.get("sha"))
    stated = config(card.id, commit) if commit else None
    if not isinstance(stated, Mapping) or not isinstance(stated.get("architecture"), str):
        raise LeftOut("whose architecture is not stated")
    try:
        made = from_config(card, stated, Path())
    except BadCard as error:
        raise LeftOut(facts.MALFORMED) from error
    return card.replace(architecture=made.architecture, config=made.config)


def _twins(loadable: Loadable, loader: str, task: str) -> tuple[str, ...]:
    twin = _TWINS.get(task)
    return (twin,) if twin and (loader, twin) in loadable.runners else ()


def _tags(raw: Mapping[str, Any], library: str | None) -> tuple[str, ...]:
    """The author's own tags, not those that the hub derives from other facts; and what limits who may have it."""
    own = facts.words(facts.data(raw.get("cardData")).get("tags"))[:_MOST_TAGS]
    limits = [name for name in ("gated", "private") if raw.get(name)]
    # `default` and `popular` are the zoo's own words about its own choice.
    return tuple(sorted({*own, *limits, *([library] if library else [])} - {"default", "popular"}))


def _card(raw: Mapping[str, Any], endpoint: str, model: str) -> ModelCard:
    stated, tensors = facts.data(raw.get("cardData")), facts.data(raw.get("safetensors"))
    commit = facts.commit(raw.get("sha"))
    page = f"{endpoint}/{model}" + (f" at commit {commit}" if commit else "")
    licence = facts.licence(stated)
    card = ModelCard(
        id=model,
        task="",
        library="",
        loader="",
        architecture="",
        parameters=facts.count(tensors.get("total")),
        size=facts.size(tensors.get("parameters")),
        published=facts.created(raw.get("createdAt")),
        downloads=facts.count(raw.get("downloads")),
        licence=Licence(weights=licence, source=None if licence == NOT_STATED else page),
        sources=(Source(uri=f"hf:{model}"),),
        metrics=facts.metrics(raw.get("model-index"), page),
        languages=facts.languages(stated.get("language")),
        datasets=facts.words(stated.get("datasets")),
        family=facts.word(facts.data(raw.get("config")).get("model_type")),
        paper=facts.paper(raw.get("tags")),
        base=facts.base(stated, model),
    )
    return card.replace(facts=MappingProxyType(_sources(card, page)))


def _sources(card: ModelCard, page: str) -> dict[str, str]:
    """From where each fact of a card is."""
    said = ["task", "architecture"]
    said += [
        n for n in ("languages", "datasets", "metrics", "family", "paper", "base", "downloads") if getattr(card, n)
    ]
    made = {", ".join(sorted(said)): page}
    if card.parameters is not None:
        made["parameters"] = f"the hub's count of the values in the safetensors files, {page}"
    if card.size is not None:
        made["size"] = f"those counts by type, {page}"
    if card.published is not None:
        made["published"] = f"when the repository was made, {page}"
    return made
