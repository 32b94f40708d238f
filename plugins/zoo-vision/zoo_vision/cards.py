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
from zoo_vision.torchvision_cards import month, torchvision_card

__all__ = ["all_cards"]

_DATA = Path(__file__).with_name("data")
_EMBEDDING = "image-feature-extraction"
_CLASSIFICATION = "image-classification"
_CONFIGURATION = "timm's pretrained configuration"
_RESULTS = "results/results-imagenet.csv of timm's repository, its authors' own evaluation"


def all_cards() -> list[ModelCard]:
    """Every card of the plugin: about 1,980, in some 100 ms."""
    cards = packaged_cards()
    cards += [_timm_card(row) for row in _rows("timm")]
    cards += [torchvision_card(row) for row in _rows("torchvision")]
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
        macs=row.get("macs"),
        size=row["size"],
        published=month(row.get("paper")),
        licence=Licence(weights=row.get("licence", NOT_STATED), source=_CONFIGURATION),
        sources=sources,
        files=files,
        metrics=_timm_metrics(row),
        tags=tuple(sorted({*row["tags"], *(word for word in ("default", "popular") if word in row)})),
        datasets=tuple(row["datasets"]),
        family=row["family"],
        aliases=tuple(row.get("aliases", ())),
        paper=row.get("paper"),
        facts=_timm_facts(row),
    )


def _timm_files(uri: str) -> tuple[tuple[Source, ...], tuple[WeightFile, ...]]:
    """timm's own repositories hold `model.safetensors`; what others name their file is read from the repository."""
    files: tuple[WeightFile, ...] = ()
    if uri.startswith("https:"):
        files = (WeightFile(path=uri.rpartition("/")[2], origin=(uri,)),)
    elif uri.startswith("hf:timm/"):
        files = (WeightFile(path="model.safetensors", origin=(f"{uri}#model.safetensors",)),)
    return (Source(uri=uri),), files


def _timm_metrics(row: Mapping[str, Any]) -> tuple[Metric, ...]:
    """timm's ImageNet results for this name at this very input size."""
    return tuple(
        Metric(name=name, value=value, dataset="imagenet-1k", source=_RESULTS)
        for name, value in zip(("top1", "top5"), row.get("scores", ()), strict=False)
    )


def _timm_facts(row: Mapping[str, Any]) -> Mapping[str, str]:
    made = {
        "parameters": "counted on the meta device",
        "size": "state dict counted on the meta device, float32",
        "macs": row.get("uncounted")
        or f"counted on the meta device, one input of {_times(row['config']['input_size'])}",
        "others": _CONFIGURATION,
    }
    if "paper" in row:
        made["published"] = "month of the paper's arXiv number"
        made["paper"] = f"of the architecture: {row['paper_from']}" if "paper_from" in row else _CONFIGURATION
    if "default" in row:
        made["default"] = "what timm.create_model(architecture, pretrained=True) takes"
    if "origin" in row:
        made["origin"] = row["origin"]
    return MappingProxyType(made)


def _times(shape: list[int]) -> str:
    return " x ".join(map(str, shape))


def _summary(classes: int | None, pixels: int) -> str:
    return f"Image classification, {classes:,} classes, {pixels} px." if classes else f"Image embeddings, {pixels} px."
