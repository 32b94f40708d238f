"""Which loader and task does a bare folder have? The core's table, held against the plugins' own cards."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from zoo.cards import ModelCard, Source
from zoo.errors import BadCard, IntegrityError
from zoo.infer import complete, provisional
from zoo.plugin import PluginManager

BARE = provisional("local/mine", Source(uri="file:/mine"))
PICTURES = {"image_processor_type": "ViTImageProcessor", "size": {"height": 32, "width": 32}}
SOUNDS = {"feature_extractor_type": "Wav2Vec2FeatureExtractor", "sampling_rate": 16_000}


def folder_of(folder: Path, architecture: str, preprocessor: Any = None, processor: Any = None) -> Path:
    files = {
        "config.json": {"architectures": [architecture], "model_type": "any"},
        "preprocessor_config.json": preprocessor,
        "processor_config.json": processor,
    }
    for name, content in files.items():
        if content is not None:
            (folder / name).write_text(json.dumps(content), encoding="utf-8")
    return folder


PLUGINS = PluginManager()
INPUTS = {
    "transformers-audio": SOUNDS,
    "transformers-detection": PICTURES,
    "transformers-vision": PICTURES,
    "whisper": SOUNDS,
}
BY_NAME = (
    "FSMTForConditionalGeneration",
    "M2M100ForConditionalGeneration",
    "PegasusForConditionalGeneration",
    "WhisperForConditionalGeneration",
)
# Classes that a runner's loader builds and that are refused all the same: what they do is not in their name, or their
# runner takes other classes only.
REFUSED = re.compile(
    r"\w+(ForConditionalGeneration|ForInstanceSegmentation|ForUniversalSegmentation)"
    r"|BarkModel|DetrForSegmentation|SpeechT5For\w+"
)


def cards() -> dict[str, list[ModelCard]]:
    """The plugins' cards of transformers' models by architecture."""
    made: dict[str, list[ModelCard]] = {}
    for name in PLUGINS.working():
        for card in PLUGINS.cards(name):
            if card.library == "transformers" and card.loader != "gguf":
                made.setdefault(card.architecture, []).append(card)
    return made


CARDS = cards()


@pytest.mark.parametrize("architecture", sorted(CARDS))
def test_a_folder_is_what_the_plugins_cards_say(tmp_path: Path, architecture: str) -> None:
    """Or it is refused, but never said to be anything else."""
    known = CARDS[architecture]
    preprocessor = None if architecture == "VitsModel" else INPUTS.get(known[0].loader)
    folder_of(tmp_path, architecture, preprocessor)
    if REFUSED.fullmatch(architecture) and architecture not in BY_NAME:
        with pytest.raises(BadCard):
            complete(BARE, tmp_path)
        return
    runners = PLUGINS.table("zoo_runners")
    try:
        made = complete(BARE, tmp_path).check()
    except BadCard:
        assert not any((card.loader, task) in runners for card in known for task in card.all_tasks)
        return
    assert made.loader in {card.loader for card in known}
    assert made.task in {task for card in known for task in card.all_tasks}


@pytest.mark.parametrize(
    ("architecture", "loader", "tasks"),
    [
        ("ViTForImageClassification", "transformers-vision", ("image-classification", "image-feature-extraction")),
        (
            "MobileViTForImageClassification",
            "transformers-vision",
            ("image-classification", "image-feature-extraction"),
        ),
        ("Dinov2Model", "transformers-vision", ("image-feature-extraction",)),
        ("CLIPModel", "transformers-vision", ("zero-shot-image-classification", "image-feature-extraction")),
        ("SegformerForSemanticSegmentation", "transformers-vision", ("image-segmentation",)),
        ("DepthAnythingForDepthEstimation", "transformers-vision", ("depth-estimation",)),
        ("DetrForObjectDetection", "transformers-detection", ("object-detection",)),
        ("YolosForObjectDetection", "transformers-detection", ("object-detection",)),
        ("OwlViTForObjectDetection", "transformers-detection", ("zero-shot-object-detection",)),
    ],
)
def test_pictures(tmp_path: Path, architecture: str, loader: str, tasks: tuple[str, ...]) -> None:
    for one in ({"preprocessor": PICTURES}, {"processor": {"image_processor": PICTURES}}):
        made = complete(BARE, folder_of(tmp_path, architecture, **one))
        assert (made.loader, made.all_tasks) == (loader, tasks)
        (tmp_path / "preprocessor_config.json").unlink(missing_ok=True)


@pytest.mark.parametrize(
    ("files", "loader", "task"),
    [
        ({}, "transformers", "text-classification"),
        ({"preprocessor": SOUNDS}, "transformers-audio", "audio-classification"),
        ({"processor": {"feature_extractor": SOUNDS}}, "transformers-audio", "audio-classification"),
        ({"processor": {"processor_class": "SomeProcessor"}}, "transformers", "text-classification"),
    ],
)
def test_one_end_of_a_name_for_texts_and_for_sounds(tmp_path: Path, files: Any, loader: str, task: str) -> None:
    made = complete(BARE, folder_of(tmp_path, "NewForSequenceClassification", **files))
    assert (made.loader, made.task) == (loader, task)


@pytest.mark.parametrize(
    ("architecture", "preprocessor"),
    [
        ("XCLIPModel", PICTURES),
        ("LayoutLMv3ForSequenceClassification", PICTURES),
        ("GitForCausalLM", PICTURES),
        ("Wav2Vec2ForXVector", SOUNDS),
        ("Wav2Vec2ForPreTraining", SOUNDS),
        ("T5ForConditionalGeneration", None),
        ("Something", None),
    ],
)
def test_what_nothing_is_known_for_is_refused(tmp_path: Path, architecture: str, preprocessor: Any) -> None:
    with pytest.raises(BadCard, match=architecture):
        complete(BARE, folder_of(tmp_path, architecture, preprocessor))


@pytest.mark.parametrize("content", ["[1]", "{", "[" * 100_000])
def test_a_broken_preprocessor_is_named(tmp_path: Path, content: str) -> None:
    folder_of(tmp_path, "ViTModel")
    (tmp_path / "preprocessor_config.json").write_text(content, encoding="utf-8")
    with pytest.raises(IntegrityError, match=r"preprocessor_config\.json"):
        complete(BARE, tmp_path)


def test_a_card_that_was_read_before_follows_its_files(tmp_path: Path) -> None:
    first = complete(BARE, folder_of(tmp_path, "ViTForImageClassification", PICTURES))
    second = complete(first, folder_of(tmp_path, "SegformerForSemanticSegmentation"))
    assert (second.task, second.architecture) == ("image-segmentation", "SegformerForSemanticSegmentation")
    written = first.replace(facts={})
    assert complete(written, tmp_path) is written
