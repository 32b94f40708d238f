"""The plugin's model cards: packaged weights, and the tables that `tools/vision_cards.py` wrote from the libraries."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

from zoo.cards import NOT_STATED, Licence, Metric, ModelCard, Source, WeightFile
from zoo_vision.packaged import packaged_cards

__all__ = ["all_cards"]

_DATA = Path(__file__).with_name("data")
_EMBEDDING = "image-feature-extraction"
_CLASSIFICATION = "image-classification"
_TIMM_FACTS = {"parameters": "counted on the meta device", "others": "timm's pretrained configuration"}
_TORCHVISION = "torchvision's weights record"


def all_cards() -> list[ModelCard]:
    """Every card of the plugin: about 1,950, in some 50 ms."""
    cards = packaged_cards()
    cards += [_timm_card(row) for row in _rows("timm")]
    cards += [_torchvision_card(row) for row in _rows("torchvision")]
    return cards


def _rows(library: str) -> Iterator[dict[str, Any]]:
    with gzip.open(_DATA / f"{library}.jsonl.gz", "rt", encoding="utf-8") as file:
        yield from json.loads(f"[{','.join(file)}]")


def _timm_card(row: Mapping[str, Any]) -> ModelCard:
    name, config = row["name"], row["config"]
    classes = config["num_classes"] if "labels" in config else None
    sources, files = _timm_files(row.get("uri") or f"hf:timm/{name}")
    return ModelCard(
        id=f"timm/{name}",
        task=_CLASSIFICATION if classes else _EMBEDDING,
        tasks=(_EMBEDDING,) if classes else (),
        summary=_summary(classes, config["input_size"][-1]),
        library="timm",
        loader="timm",
        architecture=name.partition(".")[0],
        config=MappingProxyType(config),
        parameters=row["parameters"],
        licence=Licence(weights=row.get("licence", NOT_STATED), source="timm's pretrained configuration"),
        sources=sources,
        files=files,
        datasets=tuple(row["datasets"]),
        family=row["family"],
        paper=row.get("paper"),
        facts=MappingProxyType(_TIMM_FACTS | ({"origin": row["origin"]} if "origin" in row else {})),
    )


def _timm_files(uri: str) -> tuple[tuple[Source, ...], tuple[WeightFile, ...]]:
    """timm's own repositories hold `model.safetensors`; what others name their file is read from the repository."""
    files: tuple[WeightFile, ...] = ()
    if uri.startswith("https:"):
        files = (WeightFile(path=uri.rpartition("/")[2], origin=(uri,)),)
    elif uri.startswith("hf:timm/"):
        files = (WeightFile(path="model.safetensors", origin=(f"{uri}#model.safetensors",)),)
    return (Source(uri=uri),), files


def _summary(classes: int | None, pixels: int) -> str:
    return f"Image classification, {classes:,} classes, {pixels} px." if classes else f"Image embeddings, {pixels} px."


def _torchvision_card(row: Mapping[str, Any]) -> ModelCard:
    url, config = row["url"], row["config"]
    pixels = config["crop_size"]
    return ModelCard(
        id=f"torchvision/{row['architecture']}.{row['weights'].lower()}",
        task=_CLASSIFICATION,
        tasks=(_EMBEDDING,),
        summary=_summary(config["num_classes"], pixels),
        library="torchvision",
        loader="torchvision",
        architecture=row["architecture"],
        config=MappingProxyType(config),
        parameters=row["parameters"],
        licence=_torchvision_licence(row),
        sources=(Source(uri=url),),
        files=(WeightFile(path=url.rpartition("/")[2], origin=(url,)),),
        metrics=(
            Metric(name="top1", value=row["acc1"], dataset="imagenet-1k", source=_TORCHVISION),
            Metric(name="top5", value=row["acc5"], dataset="imagenet-1k", source=_TORCHVISION),
            Metric(
                name="gflops", value=row["gflops"], dataset=f"one picture of {pixels} x {pixels}", source=_TORCHVISION
            ),
        ),
        datasets=("imagenet-1k",),
        family=row["family"],
        facts=MappingProxyType(
            {
                "others": _TORCHVISION,
                "recipe": row["recipe"],
                "download": f"{row['megabytes']} MB as torchvision states",
            }
        ),
    )


def _torchvision_licence(row: Mapping[str, Any]) -> Licence:
    """The README names a licence for the SWAG weights only; the others fall under the repository's own."""
    if "licence" in row:
        return Licence(
            weights=row["licence"], package="BSD-3-Clause", source="torchvision's README, Pre-trained Model License"
        )
    return Licence(
        weights="BSD-3-Clause",
        package="BSD-3-Clause",
        source="torchvision's LICENSE; its README warns that terms of the training data may come on top",
    )
