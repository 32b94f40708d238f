"""Cards of torchvision's weights, from the rows of `data/torchvision.jsonl.gz`."""

from __future__ import annotations

import math
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from zoo.cards import Licence, Metric, ModelCard, Source, WeightFile

__all__ = ["month", "torchvision_card"]

_RECORD = "torchvision's weights record"
_CLASSES = {"coco": "COCO's 80 kinds of objects", "pascal-voc": "Pascal VOC's 20 classes"}
_DATASETS = {"classification": "imagenet-1k", "detection": "coco", "segmentation": "coco", "video": "kinetics-400"}


def torchvision_card(row: Mapping[str, Any]) -> ModelCard:
    """The card of one set of weights."""
    url = row["url"]
    task, *tasks = _tasks(row)
    return ModelCard(
        id=f"torchvision/{row['architecture']}.{row['weights'].lower()}",
        task=task,
        tasks=tuple(tasks),
        summary=_summary(row, task),
        library="torchvision",
        loader="torchvision-detection" if row["kind"] == "detection" else "torchvision",
        architecture=row["architecture"],
        config=MappingProxyType(row["config"]),
        parameters=row["parameters"],
        macs=_macs(row),
        size=row["size"],
        published=month(row.get("paper")),
        licence=_licence(row),
        sources=(Source(uri=url),),
        files=(WeightFile(path=url.rpartition("/")[2], origin=(url,)),),
        metrics=_metrics(row),
        tags=tuple(sorted({*_kind_tags(row, task), *(word for word in ("default", "popular") if word in row)})),
        datasets=_datasets(row),
        family=row["family"],
        aliases=tuple(row.get("aliases", ())),
        paper=row.get("paper"),
        facts=_facts(row),
    )


def month(paper: str | None) -> str | None:
    """The month of an arXiv number, `arXiv:2110.00476` -> `2021-10`."""
    return f"20{paper[6:8]}-{paper[8:10]}" if paper else None


def _tasks(row: Mapping[str, Any]) -> tuple[str, ...]:
    if row["kind"] == "classification":
        return "image-classification", "image-feature-extraction"
    if row["kind"] == "detection":
        first = {"keypoint_rcnn": ("keypoint-detection",), "mask_rcnn": ("image-segmentation",)}
        return *first.get(row["family"], ()), "object-detection"
    return ("image-segmentation",) if row["kind"] == "segmentation" else ("video-classification",)


def _kind_tags(row: Mapping[str, Any], task: str) -> tuple[str, ...]:
    if task == "image-segmentation":
        return ("instance-segmentation",) if row["kind"] == "detection" else ("semantic-segmentation",)
    return ("weakly-supervised",) if "SWAG" in row["weights"] else ()


def _summary(row: Mapping[str, Any], task: str) -> str:
    config = row["config"]
    if row["kind"] == "classification":
        return f"Image classification, {config['num_classes']:,} classes, {config['crop_size']} px."
    if row["kind"] == "video":
        return f"{row['title']}: classifies films, 400 human actions of Kinetics, {config['clip_len']} frames a clip."
    if row["kind"] == "segmentation":
        return f"{row['title']}: semantic segmentation, {_CLASSES['pascal-voc']}."
    if task == "keypoint-detection":
        return f"{row['title']}: finds people and 17 points of their bodies."
    what = "boxes and masks of each object" if task == "image-segmentation" else "object detection"
    return f"{row['title']}: {what}, {_CLASSES['coco']}."


def _macs(row: Mapping[str, Any]) -> int | None:
    """Counted where they are the same for every picture, else as torchvision publishes them, to the nearest million."""
    made: int | None = row.get("macs")
    return round(row["gflops"] * 1000) * 10**6 if row["kind"] == "detection" else made


def _metrics(row: Mapping[str, Any]) -> tuple[Metric, ...]:
    pixels = row["config"].get("crop_size")
    shape = f"one picture of {pixels} x {pixels}" if row["kind"] == "classification" else "one input"
    made = [Metric(name=name, value=value, dataset=dataset, source=_RECORD) for name, value, dataset in row["metrics"]]
    return *made, Metric(name="gflops", value=row["gflops"], dataset=shape, source=_RECORD)


def _datasets(row: Mapping[str, Any]) -> tuple[str, ...]:
    more = ("imagenet-22k",) if "IMAGENET22K" in row["weights"] else ()
    return (*more, _DATASETS[row["kind"]])


def _facts(row: Mapping[str, Any]) -> Mapping[str, str]:
    made = {
        "parameters": "counted on the meta device, equal to torchvision's record",
        "size": "state dict counted on the meta device, float32",
        "macs": _macs_fact(row),
        "others": _RECORD,
        "recipe": row["recipe"],
        "download": f"{row['mebibytes']} MiB as torchvision states",
    }
    if "paper" in row:
        made |= {"published": "month of the paper's arXiv number", "paper": "documentation of torchvision's builder"}
    if "default" in row:
        made["default"] = "torchvision's DEFAULT of these weights"
    return MappingProxyType(made)


def _macs_fact(row: Mapping[str, Any]) -> str:
    config = row["config"]
    if row["kind"] == "detection":
        return f"{_RECORD}: what detectors compute depends on the picture"
    if row["kind"] == "classification":
        shape = [3, config["crop_size"], config["crop_size"]]
    elif row["kind"] == "segmentation":
        shape = [3, config["resize_size"], config["resize_size"]]
    else:
        shape = [3, config["clip_len"], *config["crop_size"]]
    made = f"counted on the meta device, one input of {' x '.join(map(str, shape))}"
    # The record's number is for shorter clips than those that its accuracy was measured with.
    ratio = row["macs"] / 1e9 / row["gflops"]
    return made if math.isclose(ratio, 1, abs_tol=0.02) else f"{made}; torchvision's gflops are for shorter clips"


def _licence(row: Mapping[str, Any]) -> Licence:
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
