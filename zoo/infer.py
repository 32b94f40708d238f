"""What is in this folder? A card read from the configuration that the libraries themselves write.

For models that no catalog knows: `config.json` of transformers (`architectures`), with that of its preprocessor
where texts, sounds and pictures share a kind of class, and `config.json` of timm (`architecture`, `pretrained_cfg`).
Nothing is guessed from the names of models or from tensors.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from zoo.cards import Licence, ModelCard, Source
from zoo.errors import BadCard, IntegrityError

__all__ = ["UNKNOWN", "complete", "is_inferred", "provisional"]

UNKNOWN = "unknown"
CONFIG = "config.json"
PREPROCESSORS = ("preprocessor_config.json", "processor_config.json")

_OWN_CARD = "Describe it by a card of your own in a plugin."
_TIMM_NAME = re.compile(r"\w+")
_MOST_CLASSES = 10_000_000


class Kind(NamedTuple):
    """What a class of transformers is loaded with, and what it can do."""

    loader: str
    task: str
    further: tuple[str, ...] = ()


_PICTURES = "transformers-vision"
_OBJECTS = "transformers-detection"
_SOUNDS = "transformers-audio"
_TEXTS = "transformers"
_LABELS = Kind(_PICTURES, "image-classification", ("image-feature-extraction",))

# Bodies without a head that make one vector of a picture.
_BODIES = (
    "BeitModel", "BitModel", "CLIPVisionModel", "ConvNextModel", "ConvNextV2Model", "Data2VecVisionModel", "DeiTModel",
    "DINOv3ConvNextModel", "DINOv3ViTModel", "Dinov2Model", "Dinov2WithRegistersModel", "EfficientNetModel",
    "LevitModel", "MobileNetV1Model", "MobileNetV2Model", "MobileViTModel", "MobileViTV2Model", "RegNetModel",
    "ResNetModel", "SiglipVisionModel", "SwinModel", "Swinv2Model", "ViTMAEForPreTraining", "ViTMAEModel",
    "ViTMSNModel", "ViTModel",
)  # fmt: skip

# Putting pictures and words into one space.
_SPACES = ("AlignModel", "AltCLIPModel", "CLIPModel", "ChineseCLIPModel", "MetaClip2Model", "SiglipModel")
# Finding what a text names.
_FINDERS = (
    "GroundingDinoForObjectDetection", "MMGroundingDinoForObjectDetection", "OmDetTurboForObjectDetection",
    "OwlViTForObjectDetection", "Owlv2ForObjectDetection",
)  # fmt: skip

# Bodies without a head that hear.
_LISTENERS = (
    "ASTModel", "Data2VecAudioModel", "HubertModel", "SEWDModel", "SEWModel", "UniSpeechModel", "UniSpeechSatModel",
    "Wav2Vec2ConformerModel", "Wav2Vec2Model", "WavLMModel",
)  # fmt: skip

# Classes by their whole name.
_CLASSES: Mapping[str, Kind] = {
    **dict.fromkeys(_BODIES, Kind(_PICTURES, "image-feature-extraction")),
    **dict.fromkeys(_LISTENERS, Kind(_SOUNDS, "audio-feature-extraction")),
    **dict.fromkeys(_SPACES, Kind(_PICTURES, "zero-shot-image-classification", ("image-feature-extraction",))),
    **dict.fromkeys(_FINDERS, Kind(_OBJECTS, "zero-shot-object-detection")),
    "EsmForProteinFolding": Kind(_TEXTS, "protein-folding"),
    "FSMTForConditionalGeneration": Kind(_TEXTS, "translation"),
    "M2M100ForConditionalGeneration": Kind(_TEXTS, "translation"),
    "MarianMTModel": Kind(_TEXTS, "translation"),
    "PegasusForConditionalGeneration": Kind(_TEXTS, "summarization"),
    "VitsModel": Kind(_SOUNDS, "text-to-speech"),
    "WhisperForConditionalGeneration": Kind("whisper", "automatic-speech-recognition", ("audio-classification",)),
    "XLMWithLMHeadModel": Kind(_TEXTS, "fill-mask"),
}
# Ends of the names of other classes that say enough by themselves.
_ENDS: Mapping[str, Kind] = {
    "ForAudioClassification": Kind(_SOUNDS, "audio-classification"),
    "ForCTC": Kind(_SOUNDS, "automatic-speech-recognition"),
    "ForDepthEstimation": Kind(_PICTURES, "depth-estimation"),
    "ForImageClassification": _LABELS,
    "ForImageClassificationWithTeacher": _LABELS,
    "ForObjectDetection": Kind(_OBJECTS, "object-detection"),
    "ForSemanticSegmentation": Kind(_PICTURES, "image-segmentation"),
}
# Ends that models of texts, of sounds and of pictures share.
_BY_INPUT: Mapping[str, Mapping[str, Kind]] = {
    "texts": {
        "ForCausalLM": Kind(_TEXTS, "text-generation"),
        "ForMaskedLM": Kind(_TEXTS, "fill-mask"),
        "ForPreTraining": Kind(_TEXTS, "fill-mask"),
        "ForQuestionAnswering": Kind(_TEXTS, "question-answering"),
        "ForSequenceClassification": Kind(_TEXTS, "text-classification"),
        "ForTokenClassification": Kind(_TEXTS, "token-classification"),
        "LMHeadModel": Kind(_TEXTS, "text-generation"),
        "Model": Kind(_TEXTS, "feature-extraction", ("sentence-similarity",)),
    },
    "sounds": {"ForSequenceClassification": Kind(_SOUNDS, "audio-classification")},
    "pictures": {},
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
    return read_object(path, model)


def read_object(path: Path, model: str) -> Mapping[str, Any]:
    """The object in a JSON file; raises `IntegrityError` when it holds anything else."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, RecursionError) as error:
        raise IntegrityError(f"{model}: {path.name} is not valid JSON: {error}") from error
    if not isinstance(content, dict):
        raise IntegrityError(f"{model}: {path.name} is not an object")
    return content


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
    kind = _kind(card.id, architecture, _takes(card.id, folder))
    return card.replace(
        task=kind.task,
        tasks=kind.further,
        library="transformers",
        loader=kind.loader,
        architecture=architecture,
        config={},
        licence=_licence(_readme_licence(folder / "README.md"), "README.md"),
        facts={"task": f"{CONFIG}, architectures", "architecture": f"{CONFIG}, architectures"},
    )


def _takes(model: str, folder: Path) -> str:
    """What goes in, by the file that says how sounds or pictures are prepared; texts need none.

    It is `preprocessor_config.json`, or since transformers 5 a part of `processor_config.json`.
    """
    read = [read_object(folder / name, model) for name in PREPROCESSORS if (folder / name).is_file()]
    parts = [part for content in read for part in (content, content.get("feature_extractor") or {})]
    if any("sampling_rate" in part for part in parts):
        return "sounds"
    pictures = (folder / PREPROCESSORS[0]).is_file() or any("image_processor" in content for content in read)
    return "pictures" if pictures else "texts"


def _kind(model: str, architecture: str, takes: str) -> Kind:
    if architecture in _CLASSES:
        return _CLASSES[architecture]
    known = {**_ENDS, **_BY_INPUT[takes]}
    for end in sorted(known, key=len, reverse=True):
        if architecture.endswith(end):
            return known[end]
    raise BadCard(f"{model}: no task is known for architecture {architecture!r} with {takes} as input", _OWN_CARD)


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
