"""Write the vision plugin's card tables from the installed timm and torchvision, without the network.

    python tools/vision_cards.py            # rewrites plugins/zoo-vision/zoo_vision/data/*
    python tools/vision_cards.py --check    # exits with 1 when the committed tables differ

The same libraries give the same bytes. Parameters are counted by building each architecture on the meta device, which
takes about three minutes.
"""

from __future__ import annotations

import argparse
import gzip
import io
import sys
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from zoo.cards import canonical_json

DATA = Path(__file__).parents[1] / "plugins/zoo-vision/zoo_vision/data"

# timm's licence words whose meaning as an SPDX identifier is beyond doubt; others stay as timm states them.
SPDX = {
    "apache-2.0": "Apache-2.0",
    "bsd-3-clause": "BSD-3-Clause",
    "cc-by-4.0": "CC-BY-4.0",
    "cc-by-nc-4.0": "CC-BY-NC-4.0",
    "mit": "MIT",
}
UNSTATED = {None, "unknown"}

# Parts of timm's tags that name training data.
DATASETS = {
    "bamboo": "bamboo",
    "cc12m": "cc12m",
    "datacomp1b": "datacomp-1b",
    "datacompxl": "datacomp-xl",
    "dfn2b": "dfn-2b",
    "dfn5b": "dfn-5b",
    "dfndr2b": "dfndr-2b",
    "ig1b": "ig-1b",
    "in12k": "imagenet-12k",
    "in1k": "imagenet-1k",
    "in21k": "imagenet-21k",
    "in22k": "imagenet-22k",
    "inw21k": "imagenet-w21k",
    "jft": "jft-300m",
    "laion2b": "laion-2b",
    "laion400m": "laion-400m",
    "laiona": "laion-aesthetic",
    "lvd142m": "lvd-142m",
    "lvd1689m": "lvd-1689m",
    "m30m": "merged-30m",
    "m38m": "merged-38m",
    "merged2b": "merged-2b",
    "sa1b": "sa-1b",
    "sat493m": "sat-493m",
    "webli": "webli",
    "yfcc100m": "yfcc-100m",
    "yfcc15m": "yfcc-15m",
}

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


def timm_rows() -> Iterator[dict[str, Any]]:
    """One compact row per pretrained configuration of timm, in timm's own order."""
    from timm.models import get_pretrained_cfg, list_pretrained

    counts: dict[tuple[Any, ...], int] = {}
    for name in list_pretrained():
        cfg = get_pretrained_cfg(name)
        key = (cfg.architecture, cfg.num_classes, tuple(cfg.input_size) if cfg.fixed_input_size else None)
        if key not in counts:
            counts[key] = count_parameters(name)
        yield timm_row(name, cfg, counts[key])


def count_parameters(name: str) -> int:
    """Parameters of a timm architecture with the classes of its pretrained configuration."""
    import timm
    import torch

    with torch.device("meta"):
        module = timm.create_model(name, pretrained=False)
    return sum(parameter.numel() for parameter in module.parameters())


def timm_row(name: str, cfg: Any, parameters: int) -> dict[str, Any]:
    """The facts of one pretrained configuration, as `zoo_vision.cards` reads them."""
    from timm.models import model_entrypoint

    row: dict[str, Any] = {
        "name": name,
        "family": model_entrypoint(cfg.architecture).__module__.rpartition(".")[2],
        "parameters": parameters,
        "config": timm_config(cfg),
        "datasets": sorted({DATASETS[part] for part in cfg.tag.split("_") if part in DATASETS}),
    }
    if cfg.license not in UNSTATED:
        row["licence"] = SPDX.get(cfg.license, cfg.license)
    if cfg.hf_hub_id != f"timm/{name}":
        row["uri"] = f"hf:{cfg.hf_hub_id}" if cfg.hf_hub_id else cfg.url
    if cfg.paper_ids:
        row["paper"] = cfg.paper_ids
    if cfg.origin_url:
        row["origin"] = cfg.origin_url
    return row


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


def torchvision_rows() -> Iterator[dict[str, Any]]:
    """One compact row per set of classification weights of torchvision."""
    from torchvision import models

    for architecture in models.list_models(module=models):
        for weights in models.get_model_weights(architecture):
            if weights.name != "IMAGENET1K_FEATURES":  # no classifier in the file: torchvision calls it unusable
                yield torchvision_row(architecture, weights)


def torchvision_row(architecture: str, weights: Any) -> dict[str, Any]:
    """The facts of one set of weights, from torchvision's own record of it."""
    from torchvision import models

    meta = weights.meta
    scores = meta["_metrics"]["ImageNet-1K"]
    family = models.get_model_builder(architecture).__module__.rpartition(".")[2]
    row = {
        "architecture": architecture,
        "weights": weights.name,
        "family": family,
        "parameters": meta["num_params"],
        "config": torchvision_config(family, weights),
        "url": weights.url,
        "acc1": scores["acc@1"],
        "acc5": scores["acc@5"],
        "gflops": meta["_ops"],
        "megabytes": meta["_file_size"],
        "recipe": meta["recipe"],
    }
    if "SWAG" in weights.name:
        row["licence"] = "CC-BY-NC-4.0"
    return row


def torchvision_config(family: str, weights: Any) -> dict[str, Any]:
    """Preprocessing as `weights.transforms()` does it, and what the builder must be told."""
    preset = weights.transforms()
    made: dict[str, Any] = {
        "num_classes": len(weights.meta["categories"]),
        "labels": "imagenet-1k",
        "resize_size": preset.resize_size[0],
        "crop_size": preset.crop_size[0],
        "mean": list(preset.mean),
        "std": list(preset.std),
        "interpolation": preset.interpolation.value,
    }
    if family in {"googlenet", "inception"}:
        made["build"] = {"transform_input": True}
    elif family == "vision_transformer":
        made["build"] = {"image_size": weights.meta["min_size"][0]}
    elif family == "maxvit":
        made["build"] = {"input_size": list(weights.meta["min_size"])}
    return made


def labels() -> str:
    """torchvision's 1,000 names, one a line: short, and no two alike."""
    from torchvision.models import ResNet50_Weights

    return "".join(f"{name}\n" for name in ResNet50_Weights.DEFAULT.meta["categories"])


def packed(rows: Iterator[dict[str, Any]]) -> bytes:
    """Rows as JSON lines, gzipped without a time stamp so that equal rows give equal bytes."""
    text = "".join(f"{canonical_json(row)}\n" for row in rows)
    stream = io.BytesIO()
    with gzip.GzipFile(filename="", fileobj=stream, mode="wb", compresslevel=9, mtime=0) as file:
        file.write(text.encode())
    return stream.getvalue()


def main() -> int:
    """Write or check the tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--check", action="store_true", help="compare with the committed tables, write nothing")
    check = parser.parse_args().check
    warnings.simplefilter("ignore")
    made = {
        "imagenet-1k.txt": labels().encode(),
        "timm.jsonl.gz": packed(timm_rows()),
        "torchvision.jsonl.gz": packed(torchvision_rows()),
    }
    stale = [name for name, data in made.items() if not _same(DATA / name, data)]
    for name in [] if check else stale:
        (DATA / name).write_bytes(made[name])
    print(f"{'stale' if check else 'written'}: {', '.join(stale) or 'nothing'}")
    return int(check and bool(stale))


def _same(path: Path, data: bytes) -> bool:
    """Equal content; compressed tables are compared unpacked, as zlib's versions pack differently."""
    if not path.is_file():
        return False
    unpack = gzip.decompress if path.suffix == ".gz" else bytes
    return unpack(path.read_bytes()) == unpack(data)


if __name__ == "__main__":
    sys.exit(main())
