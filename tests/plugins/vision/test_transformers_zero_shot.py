"""Pictures sorted into labels of one's own: tiny CLIP, SigLIP and relatives, against transformers' own pipeline."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import transformers
from PIL import Image
from zoo_vision.transformers_loader import TransformersVisionLoader
from zoo_vision.transformers_zero_shot import ZeroShotOptions, ZeroShotPictures

from tests.tiny import SPECIAL, tokenizer
from zoo.cards import ModelCard
from zoo.errors import BadOption, NotInstalled, UnsupportedFormat
from zoo.models.context import Context
from zoo.models.engine import Engine
from zoo.plugin import Checkpoint

WORDS = ("a", "photo", "of", "cat", "dog", "red", "car", "drawing", ".")
TEXT = {
    "vocab_size": len(SPECIAL) + len(WORDS), "hidden_size": 16, "num_hidden_layers": 2, "num_attention_heads": 2,
    "intermediate_size": 32, "max_position_embeddings": 16, "projection_dim": 12, "eos_token_id": 3, "bos_token_id": 2,
    "pad_token_id": 0,
}  # fmt: skip
PICTURE = {
    "hidden_size": 16, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 32, "image_size": 32,
    "patch_size": 8, "projection_dim": 12,
}  # fmt: skip
SIDE = {"height": 32, "width": 32}
EFFICIENT = {
    "image_size": 32, "hidden_dim": 16, "in_channels": [32], "out_channels": [8], "strides": [1], "kernel_sizes": [3],
    "depthwise_padding": [], "num_block_repeats": [1], "expand_ratios": [1],
}  # fmt: skip


def made(kind: str) -> tuple[Any, Any]:
    """A small model with random weights, and the image processor that goes with it."""
    torch.manual_seed(0)
    if kind == "SiglipModel":
        # The pipeline pads SigLIP's captions to 64 tokens.
        text = {**TEXT, "vocab_size": 20, "max_position_embeddings": 64, "projection_size": 16}
        config: Any = transformers.SiglipConfig(text_config=text, vision_config=PICTURE)
        return transformers.SiglipModel(config), transformers.SiglipImageProcessor(size=SIDE)
    if kind == "AlignModel":
        config = transformers.AlignConfig(text_config=TEXT, vision_config=EFFICIENT, projection_dim=16)
        return transformers.AlignModel(config), transformers.EfficientNetImageProcessor(size=SIDE)
    config = getattr(transformers, kind.replace("Model", "Config"))(
        text_config=TEXT, vision_config=PICTURE, projection_dim=12
    )
    own = "ChineseCLIPImageProcessor" if kind == "ChineseCLIPModel" else "CLIPImageProcessor"
    processor = getattr(transformers, own)
    return getattr(transformers, kind)(config), processor(size={"shortest_edge": 32}, crop_size=SIDE)


def folder_of(kind: str, folder: Path) -> Path:
    module, processor = made(kind)
    with torch.no_grad():
        for parameter in module.parameters():
            if parameter.ndim:
                parameter.normal_(0, 0.3)
    module.eval().save_pretrained(folder)
    processor.save_pretrained(folder)
    words = pieces(folder) if kind == "SiglipModel" else tokenizer((*SPECIAL, *WORDS))
    words.save_pretrained(folder)
    return folder


def opened(folder: Path, kind: str) -> tuple[Any, ZeroShotPictures]:
    card = ModelCard(
        id="tiny",
        task="zero-shot-image-classification",
        library="transformers",
        loader="transformers-vision",
        architecture=kind,
    )
    checkpoint = Checkpoint(card=card, path=folder, revision="0" * 64)
    context = Context(device=torch.device("cpu"), dtype=torch.float32, cache=folder / "cache", model="tiny")
    module = TransformersVisionLoader().load(checkpoint, context)
    assert context.unmet(module) == []
    assert type(module).__name__ == kind
    return module, ZeroShotPictures(checkpoint)


def pieces(folder: Path) -> Any:
    """SigLIP's own tokenizer, of a handful of word pieces."""
    import sentencepiece

    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(["a photo of a cat", "a drawing of a red car", "a photo of a dog"] * 20),
        model_prefix=str(folder / "spiece"),
        vocab_size=20,
        pad_id=1,
        eos_id=2,
        bos_id=-1,
        minloglevel=2,
    )
    return transformers.SiglipTokenizer(str(folder / "spiece.model"), pad_token="</s>")


def pictures(count: int) -> list[Image.Image]:
    generator = np.random.default_rng(0)
    return [Image.fromarray(generator.integers(0, 255, (40, 56, 3), dtype=np.uint8)) for _ in range(count)]


@pytest.mark.parametrize(
    "kind", ["CLIPModel", "SiglipModel", "ChineseCLIPModel", "AlignModel", "MetaClip2Model", "AltCLIPModel"]
)
def test_scores_are_transformers(tmp_path: Path, kind: str) -> None:
    module, runner = opened(folder_of(kind, tmp_path), kind)
    options = ZeroShotOptions(labels="cat, red car,dog", template="a drawing of {}.")
    found = list(Engine(module, runner, batch=2).run(pictures(3), options))
    pipeline = transformers.pipeline("zero-shot-image-classification", model=str(tmp_path), device="cpu")
    wanted = [
        pipeline(picture, candidate_labels=["cat", "red car", "dog"], hypothesis_template="a drawing of {}.")
        for picture in pictures(3)
    ]
    for mine, theirs in zip(found, wanted, strict=True):
        assert [label.label for label in mine.labels] == [row["label"] for row in theirs]
        assert [label.score for label in mine.labels] == pytest.approx([row["score"] for row in theirs], abs=1e-5)
    total = sum(label.score for label in found[0].labels)
    assert (total == pytest.approx(1)) == (kind != "SiglipModel")


def test_captions_are_read_once_for_a_set_of_labels(tmp_path: Path) -> None:
    module, runner = opened(folder_of("CLIPModel", tmp_path), "CLIPModel")
    runs: list[int] = []
    module.text_model.register_forward_hook(lambda *_: runs.append(1))
    engine = Engine(module, runner, batch=1)
    first = list(engine.run(pictures(4), ZeroShotOptions(labels="cat, dog")))
    assert len(runs) == 1
    assert list(engine.run(pictures(4), ZeroShotOptions(labels="cat, dog"))) == first
    assert len(runs) == 1
    swapped = list(engine.run(pictures(1), ZeroShotOptions(labels="dog, cat")))
    assert len(runs) == 2
    assert {label.label: label.score for label in swapped[0].labels} == pytest.approx(
        {label.label: label.score for label in first[0].labels}
    )
    for number in range(30):
        list(engine.run(pictures(1), ZeroShotOptions(labels=f"cat, dog {'a ' * (number % 9)}")))
    assert len(runner._vectors) <= 8
    assert list(engine.run(pictures(4), ZeroShotOptions(labels="cat, dog"))) == first


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({}, "no labels"),
        ({"labels": " , "}, "no labels"),
        ({"labels": "cat, dog, cat"}, "repeats"),
        ({"labels": "cat, dog", "template": "a photo"}, "has no {}"),
    ],
)
def test_options_that_make_no_sense(options: dict[str, str], words: str) -> None:
    with pytest.raises(BadOption, match=words):
        ZeroShotOptions(**options)


@pytest.mark.parametrize("kind", ["CLIPModel", "SiglipModel"])
def test_a_label_that_is_too_long_is_refused(tmp_path: Path, kind: str) -> None:
    module, runner = opened(folder_of(kind, tmp_path), kind)
    with pytest.raises(BadOption, match="longer than"):
        list(Engine(module, runner).run(pictures(1), ZeroShotOptions(labels="cat " * 70 + ", dog")))


@pytest.mark.parametrize("content", [None, "{", "[1]"])
@pytest.mark.parametrize("kind", ["CLIPModel", "SiglipModel"])
def test_a_tokenizer_that_cannot_be_read_is_said_to_be_one(tmp_path: Path, kind: str, content: str | None) -> None:
    module, runner = opened(folder_of(kind, tmp_path), kind)
    for path in [*tmp_path.glob("token*"), *tmp_path.glob("spiece*")]:
        path.unlink()
        if content is not None:
            path.write_text(content, encoding="utf-8")
    with pytest.raises(NotInstalled if content is None else UnsupportedFormat, match="tokenizer"):
        list(Engine(module, runner).run(pictures(1), ZeroShotOptions(labels="cat, dog")))
