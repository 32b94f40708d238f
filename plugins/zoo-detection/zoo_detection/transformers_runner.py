"""The runner of object detection for transformers' detectors: DETR and its relatives, YOLOS."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import torch
from PIL.Image import Image
from torch import Tensor
from torch.nn.functional import pad

from zoo.errors import UnsupportedFormat
from zoo.plugin import Checkpoint, option, read_object
from zoo.tasks import Box
from zoo_detection.labels import Kind, coco_number
from zoo_detection.margins import apart, heeds_margins
from zoo_detection.tiling import TiledDetection, TileOptions, View

__all__ = ["DetectionOptions", "Pixels", "TransformersDetection"]


@dataclass(frozen=True, kw_only=True)
class DetectionOptions(TileOptions):
    """Options of `TransformersDetection`: these models give each object one box, so that only tiles need `iou`."""

    iou: float | None = option(0.6, "boxes of one class of several tiles that overlap more than this are one object")


_OUTPUTS = ("logits", "pred_boxes", "order_logits", "out_masks")


@dataclass(frozen=True, kw_only=True)
class Pixels:
    """One prepared picture: values (3, height, width), and what they show."""

    values: Tensor
    view: View


class TransformersDetection(TiledDetection):
    """Boxes with a class and a score, in pixels of the original picture, best first.

    The picture is prepared by the image processor of the checkpoint, in its own proportions, so that pictures rarely
    share a size: one is run at a time unless a larger batch is asked for. Smaller ones are then padded for models that
    are told of it (`zoo_detection.margins`); the others get those of one size together.
    """

    Options = DetectionOptions
    batch = 1

    @functools.cached_property
    def processor(self) -> Any:
        """The image processor of the checkpoint.

        Raises:
            NotInstalled: no file describes one.
            UnsupportedFormat: it is not one of a detector.
        """
        from transformers import AutoImageProcessor

        if "image_processor" not in _processors(self.checkpoint):
            self.checkpoint.file("preprocessor_config.json")
        made = AutoImageProcessor.from_pretrained(
            str(self.checkpoint.path), local_files_only=True, trust_remote_code=False
        )
        if not hasattr(made, "post_process_object_detection"):
            raise UnsupportedFormat(f"{self.checkpoint.card.id}: {type(made).__name__} makes no boxes of objects")
        return made

    @functools.cached_property
    def kinds(self) -> dict[int, Kind]:
        """The classes by number: the card's where the model was fine-tuned, else those of config.json."""
        card = self.checkpoint.card
        if isinstance(learnt := card.config.get("labels"), list | tuple):
            return {number: (str(name), None) for number, name in enumerate(learnt)}
        named = read_object(self.checkpoint, "config.json").get("id2label") or {}
        coco = "coco" in card.datasets
        return {int(n): (str(name), coco_number(str(name)) if coco else None) for n, name in named.items()}

    @functools.cached_property
    def _masked(self) -> bool:
        return heeds_margins(self.checkpoint)

    def example(self, image: Image, view: View, options: DetectionOptions) -> Pixels:
        """One picture or tile."""
        return Pixels(values=self.processor(images=image, return_tensors="pt")["pixel_values"][0], view=view)

    def size(self, example: Pixels) -> int:
        """The picture's area, so that like pictures are padded little."""
        return int(example.values.shape[-2] * example.values.shape[-1])

    def collate(self, examples: Sequence[Pixels]) -> dict[str, Tensor]:
        """`pixel_values` (batch, 3, height, width), and `pixel_mask` (batch, height, width), 0 where padded."""
        height, width = _room(examples)
        rooms = [(width - example.values.shape[-1], height - example.values.shape[-2]) for example in examples]
        shown = [torch.ones(example.values.shape[-2:], dtype=torch.long) for example in examples]
        return {
            "pixel_values": torch.stack(
                [pad(e.values, (0, x, 0, y)) for e, (x, y) in zip(examples, rooms, strict=True)]
            ),
            "pixel_mask": torch.stack([pad(mask, (0, x, 0, y)) for mask, (x, y) in zip(shown, rooms, strict=True)]),
        }

    def forward(self, module: Any, batch: dict[str, Tensor], options: DetectionOptions) -> dict[str, Tensor]:
        """`logits` (batch, queries, classes), `pred_boxes` (batch, queries, 4) in parts of the picture without margin.

        Some models of documents add an order of reading, and outlines, which their processors ask for.
        """
        if self._masked:
            return _outputs(module(**batch))
        return apart(
            batch["pixel_values"], batch["pixel_mask"], lambda pixels, _: _outputs(module(pixel_values=pixels))
        )

    def found(
        self, outputs: dict[str, Tensor], examples: Sequence[Pixels], options: DetectionOptions
    ) -> Sequence[Sequence[Box]]:
        """The boxes of each picture, by the processor's own post-processing."""
        sizes = [(example.view.height, example.view.width) for example in examples]
        found = self.processor.post_process_object_detection(
            SimpleNamespace(**outputs), threshold=options.threshold, target_sizes=torch.tensor(sizes)
        )
        return [
            self._boxes({name: one[name].cpu() for name in ("scores", "labels", "boxes")}, example.view)[
                : options.max_objects
            ]
            for one, example in zip(found, examples, strict=True)
        ]

    def _boxes(self, found: dict[str, Tensor], view: View) -> list[Box]:
        order = found["scores"].argsort(descending=True, stable=True)
        limits = torch.tensor([view.width, view.height, view.width, view.height])
        corners = found["boxes"][order].clamp(min=0).minimum(limits)
        rows = zip(found["labels"][order].tolist(), found["scores"][order].tolist(), corners.tolist(), strict=True)
        return [self._box(kind, score, at) for kind, score, at in rows]

    def _box(self, kind: int, score: float, at: Sequence[float]) -> Box:
        name, number = self.kinds.get(kind, (str(kind), None))
        return Box(name, score, (at[0], at[1], at[2], at[3]), number)


def _outputs(made: Any) -> dict[str, Tensor]:
    return {name: made[name].float() for name in _OUTPUTS if made.get(name) is not None}


def _room(examples: Sequence[Pixels]) -> tuple[int, int]:
    """Height and width of a batch: the largest of its pictures'."""
    height, width = (max(example.values.shape[axis] for example in examples) for axis in (-2, -1))
    return height, width


def _processors(checkpoint: Checkpoint) -> dict[str, Any]:
    """The processors that transformers 5 writes into one file; empty for folders of older versions."""
    name = "processor_config.json"
    return read_object(checkpoint, name) if checkpoint.has(name) else {}
