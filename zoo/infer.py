"""What is in this folder? A card read from the configuration that the libraries themselves write.

For models that no catalog knows: `config.json` of transformers (`architectures`, `model_type`) and of timm
(`architecture`, `pretrained_cfg`). Nothing is guessed from names or tensors.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from zoo.cards import Licence, ModelCard, Source
from zoo.errors import BadCard, IntegrityError

__all__ = ["UNKNOWN", "complete", "is_inferred", "provisional"]

UNKNOWN = "unknown"
CONFIG = "config.json"

_OWN_CARD = "Describe it by a card of your own in a plugin."
_TIMM_NAME = re.compile(r"\w+")
_MOST_CLASSES = 10_000_000

# transformers' class suffix, then what the zoo calls the task; the longest suffix that fits is taken.
TASKS_BY_SUFFIX = {
    "ForSequenceClassification": "text-classification",
    "ForMaskedLM": "fill-mask",
    "ForPreTraining": "fill-mask",
    "ForCausalLM": "text-generation",
    "LMHeadModel": "text-generation",
    "ForSpeechSeq2Seq": "automatic-speech-recognition",
    "WhisperForConditionalGeneration": "automatic-speech-recognition",
    "ForImageClassification": "image-classification",
    "ForObjectDetection": "object-detection",
    "Model": "feature-extraction",
}


def provisional(model: str, source: Source) -> ModelCard:
    """A card that only says where the files are; `complete` makes a real one of it when they are here."""
    return ModelCard(id=model, task=UNKNOWN, library=UNKNOWN, loader=UNKNOWN, architecture=UNKNOWN, sources=(source,))


def is_inferred(card: ModelCard) -> bool:
    """Whether a card is only what the files say, and follows them when they change."""
    return card.loader == UNKNOWN or card.facts.get("architecture", "").startswith(CONFIG)


def complete(card: ModelCard, folder: Path) -> ModelCard:
    """The card of a model that only its files describe, read from those in `folder`; other cards unchanged.

    Raises:
        BadCard: there is no `config.json`, or it is of a kind that no loader is known for.
    """
    if not is_inferred(card):
        return card
    config = read_config(folder / CONFIG, card.id)
    return from_config(card, config, folder).check()


def read_config(path: Path, model: str) -> Mapping[str, Any]:
    """The content of a `config.json`; raises `BadCard` or `IntegrityError`."""
    if not path.is_file():
        raise BadCard(
            f"{model} has no config.json, so nothing says how to load it",
            _OWN_CARD,
        )
    try:
        config = json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, RecursionError) as error:
        raise IntegrityError(f"{model}: config.json is not valid JSON: {error}") from error
    if not isinstance(config, dict):
        raise IntegrityError(f"{model}: config.json is not an object")
    return config


def from_config(card: ModelCard, config: Mapping[str, Any], folder: Path) -> ModelCard:
    """The card that a library's `config.json` describes."""
    if isinstance(config.get("architecture"), str):
        return _timm(card, config)
    if config.get("model_type") or config.get("architectures"):
        return _transformers(card, config, folder)
    raise BadCard(
        f"{card.id}: config.json is neither of transformers nor of timm",
        _OWN_CARD,
    )


def _timm(card: ModelCard, config: Mapping[str, Any]) -> ModelCard:
    pretrained = config.get("pretrained_cfg")
    merged = dict(pretrained) if isinstance(pretrained, Mapping) else {}
    kept = ("input_size", "mean", "std", "interpolation", "crop_pct", "crop_mode")
    made = {name: merged[name] for name in kept if merged.get(name) is not None}
    made["num_classes"] = _classes(card.id, config.get("num_classes", merged.get("num_classes", 1000)))
    if names := config.get("label_names") or merged.get("label_names"):
        made["labels"] = _labels(card.id, names)
    if not _TIMM_NAME.fullmatch(config["architecture"]):  # timm would look for other forms elsewhere, even on the hub
        raise BadCard(f"{card.id}: {config['architecture']!r} is not the name of an architecture", _OWN_CARD)
    return card.replace(
        task="image-classification",
        tasks=("image-feature-extraction",),
        library="timm",
        loader="timm",
        architecture=config["architecture"],
        config=made,
        licence=_licence(config.get("license") or merged.get("license"), CONFIG),
        facts={"task": CONFIG, "architecture": CONFIG},
    )


def _classes(model: str, value: Any) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= _MOST_CLASSES:
        raise BadCard(f"{model}: {value!r} is not a number of classes", "Mend num_classes in config.json.")
    return value


def _labels(model: str, names: Any) -> list[str]:
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise BadCard(f"{model}: label_names is not a list of texts", "Mend label_names in config.json.")
    return list(names)


def _transformers(card: ModelCard, config: Mapping[str, Any], folder: Path) -> ModelCard:
    named = config.get("architectures") or [config.get("model_type")]
    if not isinstance(named, list) or not isinstance(named[0], str):
        raise BadCard(f"{card.id}: config.json names no architecture", _OWN_CARD)
    architecture = named[0]
    task = _task(card.id, architecture)
    return card.replace(
        task=task,
        tasks=("sentence-similarity",) if task == "feature-extraction" else (),
        library="transformers",
        loader="whisper" if config.get("model_type") == "whisper" else "transformers",
        architecture=architecture,
        config={},
        licence=_licence(_readme_licence(folder / "README.md"), "README.md"),
        facts={"task": f"{CONFIG}, architectures", "architecture": f"{CONFIG}, architectures"},
    )


def _task(model: str, architecture: str) -> str:
    for suffix in sorted(TASKS_BY_SUFFIX, key=len, reverse=True):
        if architecture.endswith(suffix):
            return TASKS_BY_SUFFIX[suffix]
    raise BadCard(f"{model}: no task is known for architecture {architecture!r}", _OWN_CARD)


def _licence(name: Any, source: str) -> Licence:
    return Licence(weights=name, source=source) if isinstance(name, str) and name else Licence()


def _readme_licence(path: Path) -> str | None:
    """The `license:` of a hub README's front matter, as it is written there."""
    if not path.is_file():
        return None
    lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
    if not lines or lines[0].strip() != "---":
        return None
    for line in lines[1:]:
        if line.strip() == "---":
            return None
        if line.startswith("license:"):
            return line.partition(":")[2].strip().strip("\"'") or None
    return None
