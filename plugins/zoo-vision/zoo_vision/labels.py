"""The names of classes: a list on the card, or the name of a label space that the plugin or timm knows."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from zoo.errors import BadCard

__all__ = ["label_names"]

_FILES = frozenset({"coco", "imagenet-1k", "kinetics-400", "pascal-voc"})


def label_names(config: Mapping[str, Any]) -> tuple[str, ...]:
    """One name per class of a card's `config`, in the order of the module's outputs.

    `config["labels"]` is a list of names, a label space of torchvision (`imagenet-1k`, `coco`, …: its own names),
    another ImageNet subset as timm calls it (WordNet lemmas from timm), or None where nobody published the names:
    `class 0`, `class 1`, …

    Raises:
        BadCard: the label space is unknown.
    """
    labels = config.get("labels")
    if labels is None:
        return tuple(f"class {index}" for index in range(config["num_classes"]))
    return _named(labels) if isinstance(labels, str) else tuple(labels)


@functools.cache
def _named(space: str) -> tuple[str, ...]:
    if space in _FILES:
        path = Path(__file__).with_name("data") / f"{space}.txt"
        return tuple(path.read_text(encoding="utf-8").splitlines())
    from timm.data import ImageNetInfo

    try:
        return tuple(ImageNetInfo(space).label_descriptions())
    except AssertionError as error:  # how timm refuses an unknown subset
        raise BadCard(f"label space {space!r} is unknown", "Give the labels as a list in the card's config.") from error
