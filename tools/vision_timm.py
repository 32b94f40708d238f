"""Rows of the vision plugin's table of timm: one for each pretrained configuration, from timm's own records."""

from __future__ import annotations

import csv
import functools
import importlib
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from vision_counting import Counted, count, in_processes
from vision_naming import DATASETS, PAPERS, POPULAR, aliases_of, timm_tags

__all__ = ["scores", "timm_rows"]

# timm's licence words whose meaning as an SPDX identifier is beyond doubt; others stay as timm states them.
SPDX = {
    "apache-2.0": "Apache-2.0",
    "bsd-3-clause": "BSD-3-Clause",
    "cc-by-4.0": "CC-BY-4.0",
    "cc-by-nc-4.0": "CC-BY-NC-4.0",
    "mit": "MIT",
}
UNSTATED = {None, "unknown"}

# The label spaces that timm names, by number of classes; other widths are projections, not classes.
LABELS = {
    1000: "imagenet-1k",
    11221: "imagenet-21k-miil",
    11821: "imagenet-12k",
    21841: "imagenet-22k",
    21842: "imagenet-22k-ms",
    21843: "imagenet-21k-goog",
}
UNNAMED_CLASSES = {19168, 115217}  # ImageNet-W21k and Bamboo: classifiers whose label names timm does not give

_ARXIV = re.compile(r"arxiv\.org/(?:abs|pdf)/(\d{4}\.\d{4,5})")


def timm_rows(results: Path) -> Iterator[dict[str, Any]]:
    """One compact row per pretrained configuration, in timm's own order; `results` is the file of `scores`."""
    from timm.models import get_pretrained_cfg, list_pretrained

    names = list_pretrained()
    configs = {name: get_pretrained_cfg(name) for name in names}
    first: dict[tuple[Any, ...], str] = {}
    for name in names:
        first.setdefault(_key(configs[name]), name)
    counted = dict(zip(first, in_processes(count_timm, list(first.values()), "timm"), strict=True))
    found = scores(results)
    for name in names:
        yield timm_row(name, configs[name], counted[_key(configs[name])], found)


def _key(cfg: Any) -> tuple[Any, ...]:
    return cfg.architecture, cfg.num_classes, tuple(cfg.input_size)


def count_timm(name: str) -> Counted:
    """Of an architecture with the classes and the input size of a pretrained configuration."""
    import timm
    from timm.models import get_pretrained_cfg

    return count(lambda: timm.create_model(name, pretrained=False), get_pretrained_cfg(name).input_size)


def timm_row(name: str, cfg: Any, counted: Counted, found: dict[tuple[str, int], list[float]]) -> dict[str, Any]:
    """The facts of one pretrained configuration, as `zoo_vision.cards` reads them."""
    from timm.models import get_pretrained_cfg

    row: dict[str, Any] = {
        "name": name,
        "family": _module(cfg.architecture).rpartition(".")[2],
        "parameters": counted.parameters,
        "size": counted.size,
        "config": timm_config(cfg),
        "datasets": sorted({DATASETS[part] for part in cfg.tag.split("_") if part in DATASETS}),
        "tags": timm_tags(cfg.architecture, cfg.tag),
    }
    row |= {"macs": counted.macs} if counted.reason is None else {"uncounted": counted.reason}
    if cfg.num_classes == 1000 and (name, cfg.input_size[-1]) in found:
        row["scores"] = found[name, cfg.input_size[-1]]
    if get_pretrained_cfg(cfg.architecture).tag == cfg.tag:
        row |= _names(cfg.architecture)
    if cfg.license not in UNSTATED:
        row["licence"] = SPDX.get(cfg.license, cfg.license)
    if cfg.hf_hub_id != f"timm/{name}":
        row["uri"] = f"hf:{cfg.hf_hub_id}" if cfg.hf_hub_id else cfg.url
    if cfg.origin_url:
        row["origin"] = cfg.origin_url
    return row | _paper(cfg)


def _names(architecture: str) -> dict[str, Any]:
    """What comes with being the variant that `timm.create_model(architecture, pretrained=True)` takes."""
    names = aliases_of("timm", architecture)
    made: dict[str, Any] = {"default": True} | ({"aliases": names} if names else {})
    return made | ({"popular": True} if architecture in POPULAR["timm"] else {})


def _paper(cfg: Any) -> dict[str, Any]:
    """The paper that the configuration names, or the one that timm's module of the architecture names for it."""
    if cfg.paper_ids:
        return {"paper": cfg.paper_ids}
    module = _module(cfg.architecture)
    listed = _listed(module)
    wanted = next((number for pattern, number in PAPERS if re.match(pattern, cfg.architecture)), None)
    if wanted and wanted not in listed:
        raise ValueError(f"{module} does not name {wanted}, which is wanted for {cfg.architecture}")
    number = wanted or (listed[0] if len(listed) == 1 else None)
    return {"paper": f"arXiv:{number}", "paper_from": f"{module.replace('.', '/')}.py"} if number else {}


@functools.cache
def _listed(module: str) -> list[str]:
    """arXiv numbers in a module's docstring."""
    return sorted(set(_ARXIV.findall(importlib.import_module(module).__doc__ or "")))


def _module(architecture: str) -> str:
    from timm.models import model_entrypoint

    return str(model_entrypoint(architecture).__module__)


def timm_config(cfg: Any) -> dict[str, Any]:
    """Preprocessing and label space, under the names of timm's own configuration."""
    made: dict[str, Any] = {"tag": cfg.tag, "num_classes": cfg.num_classes}
    for field in ("input_size", "mean", "std"):
        made[field] = list(getattr(cfg, field))
    for field in ("interpolation", "crop_pct", "crop_mode"):
        made[field] = getattr(cfg, field)
    if cfg.num_classes in LABELS:
        made["labels"] = LABELS[cfg.num_classes]
    elif cfg.num_classes in UNNAMED_CLASSES:
        made["labels"] = None
    return made


def scores(path: Path) -> dict[tuple[str, int], list[float]]:
    """ImageNet top-1 and top-5 in percent by model and input size, of timm's `results/results-imagenet.csv`."""
    lines = [line for line in path.read_text(encoding="utf-8").splitlines() if not line.startswith("#")]
    return {
        (row["model"], int(row["img_size"])): [float(row["top1"]), float(row["top5"])] for row in csv.DictReader(lines)
    }
