"""The runner of object detection for transformers' detectors: DETR and its relatives, YOLOS."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Sequence
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import pad

from zoo.data import read_image
from zoo.errors import BadOption
from zoo.plugin import Checkpoint, Runner, option, read_object
from zoo.tasks import Box, Detections

__all__ = ["DetectionOptions", "Pixels", "TransformersDetection"]


@dataclass(frozen=True, kw_only=True)
class DetectionOptions:
    """Options of `TransformersDetection`."""

    threshold: float = option(0.5, "lowest score that a box may have, 0 to 1")

    def __post_init__(self) -> None:
        if not 0 <= self.threshold <= 1:
            raise BadOption(f"option threshold={self.threshold} is not between 0 and 1")


@dataclass(frozen=True, kw_only=True)
class Pixels:
    """One prepared picture: values (3, height, width), and the size of the original as (height, width)."""

    values: Tensor
    original: tuple[int, int]


class TransformersDetection(Runner):
    """Boxes with a class and a score, in pixels of the original picture, best first.

    The picture is prepared by the image processor of the checkpoint, in its own proportions, so that pictures rarely
    share a size: one is run at a time unless a larger batch is asked for, and smaller ones are then padded.
    """

    Options = DetectionOptions
    batch = 1

    @functools.cached_property
    def processor(self) -> Any:
        """The image processor of the checkpoint; raises `NotInstalled` where no file describes one."""
        from transformers import AutoImageProcessor

        if "image_processor" not in _processors(self.checkpoint):
            self.checkpoint.file("preprocessor_config.json")
        return AutoImageProcessor.from_pretrained(
            str(self.checkpoint.path), local_files_only=True, trust_remote_code=False
        )

    @functools.cached_property
    def labels(self) -> dict[int, str]:
        """The names of the classes by number."""
        named = read_object(self.checkpoint, "config.json").get("id2label") or {}
        return {int(number): str(name) for number, name in named.items()}

    def prepare(self, value: Any, options: DetectionOptions) -> Sequence[Pixels]:
        """One picture; `value` as `zoo.data.read_image` takes it."""
        image = read_image(value)
        values = self.processor(images=image, return_tensors="pt")["pixel_values"][0]
        return [Pixels(values=values, original=(image.height, image.width))]

    def size(self, example: Pixels) -> int:
        """The picture's area, so that like pictures are padded little."""
        return int(example.values.shape[-2] * example.values.shape[-1])

    def collate(self, examples: Sequence[Pixels]) -> dict[str, Tensor]:
        """`pixel_values` (batch, 3, height, width), and `pixel_mask` (batch, height, width), 0 where padded."""
        height, width = (max(example.values.shape[axis] for example in examples) for axis in (-2, -1))
        rooms = [(width - example.values.shape[-1], height - example.values.shape[-2]) for example in examples]
        shown = [torch.ones(example.values.shape[-2:], dtype=torch.long) for example in examples]
        return {
            "pixel_values": torch.stack(
                [pad(e.values, (0, x, 0, y)) for e, (x, y) in zip(examples, rooms, strict=True)]
            ),
            "pixel_mask": torch.stack([pad(mask, (0, x, 0, y)) for mask, (x, y) in zip(shown, rooms, strict=True)]),
        }

    def forward(self, module: Any, batch: dict[str, Tensor], options: DetectionOptions) -> dict[str, Tensor]:
        """`logits` (batch, queries, classes) and `pred_boxes` (batch, queries, 4) in parts of the padded picture."""
        masked = "pixel_mask" in inspect.signature(module.forward).parameters
        made = module(**batch) if masked else module(pixel_values=batch["pixel_values"])
        return {"logits": made.logits.float(), "pred_boxes": made.pred_boxes.float()}

    def finish(
        self, outputs: dict[str, Tensor], examples: Sequence[Pixels], options: DetectionOptions
    ) -> Sequence[Detections]:
        """The boxes of each picture, by the processor's own post-processing."""
        height, width = (max(example.values.shape[axis] for example in examples) for axis in (-2, -1))
        sizes = [
            (e.original[0] * height / e.values.shape[-2], e.original[1] * width / e.values.shape[-1]) for e in examples
        ]
        found = self.processor.post_process_object_detection(
            SimpleNamespace(**outputs), threshold=options.threshold, target_sizes=torch.tensor(sizes)
        )
        return [
            self._boxes({name: tensor.cpu() for name, tensor in one.items()}, example.original)
            for one, example in zip(found, examples, strict=True)
        ]

    def _boxes(self, found: dict[str, Tensor], original: tuple[int, int]) -> Detections:
        order = found["scores"].argsort(descending=True, stable=True)
        height, width = original
        limits = torch.tensor([width, height, width, height])
        corners = found["boxes"][order].clamp(min=0).minimum(limits)
        rows = zip(found["labels"][order].tolist(), found["scores"][order].tolist(), corners.tolist(), strict=True)
        return Detections(
            tuple(Box(self.labels.get(k, str(k)), score, (b[0], b[1], b[2], b[3])) for k, score, b in rows)
        )


def _processors(checkpoint: Checkpoint) -> dict[str, Any]:
    """The processors that transformers 5 writes into one file; empty for folders of older versions."""
    name = "processor_config.json"
    return read_object(checkpoint, name) if checkpoint.has(name) else {}
