"""What people expect of a search, written down before the ranking was tuned.

Each line: what is typed, which of the ids must come first (any of them), and ids that must all be among the first
five, each written as a pattern (`*` for any characters). `every` holds for each of the first five rows.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

__all__ = ["EXPECTED", "Expected"]


def anything(_row: Mapping[str, Any]) -> bool:
    return True


@dataclass(frozen=True, kw_only=True)
class Expected:
    """One query with its answer."""

    query: str
    first: tuple[str, ...]
    five: tuple[str, ...] = ()
    every: Callable[[Mapping[str, Any]], bool] = anything


def does(task: str) -> Callable[[Mapping[str, Any]], bool]:
    return lambda row: task in (row["task"], *row.get("tasks", ()))


def called(*words: str) -> Callable[[Mapping[str, Any]], bool]:
    return lambda row: all(word in row["id"].lower() for word in words)


EXPECTED = (
    Expected(
        query="resnet",
        first=("timm/resnet50.a1_in1k",),
        five=("timm/resnet18.*", "timm/resnet50.*"),
        every=called("/resnet"),
    ),
    Expected(query="resnet50", first=("timm/resnet50.a1_in1k",), every=called("resnet50")),
    Expected(query="bert", first=("google-bert/bert-base-uncased",), five=("google-bert/bert-base-cased",)),
    Expected(query="roberta", first=("FacebookAI/roberta-base",), five=("FacebookAI/roberta-large",)),
    Expected(query="gpt2", first=("openai-community/gpt2",), five=("openai-community/gpt2-medium",)),
    Expected(query="gpt-2", first=("openai-community/gpt2",)),
    Expected(query="whisper", first=("whisper-base", "openai/whisper-*"), every=called("whisper")),
    Expected(query="yolo", first=("hustvl/yolos-*",), every=does("object-detection")),
    Expected(
        query="sentiment",
        first=(
            "distilbert/distilbert-base-uncased-finetuned-sst-2-english",
            "cardiffnlp/twitter-roberta-base-sentiment*",
        ),
        five=("distilbert/distilbert-base-uncased-finetuned-sst-2-english",),
        every=does("text-classification"),
    ),
    Expected(query="speech to text", first=("*whisper*",), every=does("automatic-speech-recognition")),
    Expected(query="object detector", first=("*",), five=("facebook/detr-resnet-50",), every=does("object-detection")),
    Expected(query="faster rcnn", first=("torchvision/fasterrcnn_resnet50_fpn*",), every=called("fasterrcnn")),
    Expected(query="mask r-cnn", first=("torchvision/maskrcnn_resnet50_fpn*",)),
    Expected(query="unet", first=("u2netp",)),
    Expected(
        query="vit base", first=("timm/vit_base_patch16_224.*", "google/vit-base-patch16-224"), every=called("vit")
    ),
    Expected(query="mobilenet", first=("mobilenet*", "timm/mobilenet*"), every=called("mobilenet")),
    Expected(query="efficientnet", first=("timm/efficientnet_b0.*",), every=called("efficientnet")),
    Expected(query="vgg", first=("timm/vgg16.*",), every=called("vgg")),
    Expected(query="translate english to german", first=("Helsinki-NLP/opus-mt-en-de",), every=does("translation")),
    Expected(
        query="sentence embeddings",
        first=("sentence-transformers/*", "all-MiniLM-L6-v2"),
        five=("sentence-transformers/all-MiniLM-L6-v2",),
    ),
    Expected(query="question answering", first=("*",), every=does("question-answering")),
    Expected(query="ner", first=("dslim/bert-base-NER",), every=does("token-classification")),
    Expected(query="clip", first=("openai/clip-vit-base-patch32",), five=("openai/clip-vit-large-patch14",)),
    Expected(query="protein", first=("facebook/esm*",), five=("facebook/esmfold_v1",)),
    Expected(query="word2vec", first=("*word2vec*",)),
    Expected(query="depth", first=("*epth*", "Intel/dpt-*"), every=does("depth-estimation")),
    Expected(query="wav2vec2 german", first=("*wav2vec2*german*",), every=called("wav2vec2")),
    Expected(
        query="task:image-classification params<6M top1>75 licence:permissive",
        first=("*",),
        every=lambda row: (
            row["parameters"] < 6_000_000
            and any(m["name"] == "top1" and m["value"] > 75 for m in row["metrics"])
            and does("image-classification")(row)
        ),
    ),
)
