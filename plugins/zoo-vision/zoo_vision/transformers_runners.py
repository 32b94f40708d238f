"""Runners of transformers' models of pictures: classes, features, a class for each pixel, depth."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Sequence
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import interpolate

from zoo.data import read_image
from zoo.errors import BadCard, UnsupportedFormat
from zoo.plugin import Checkpoint, NoOptions, Runner, read_object
from zoo.tasks import Classification, DepthMap, Embedding, Segment, Segmentation
from zoo_vision.runners import ClassificationOptions, probabilities, ranked, several
from zoo_vision.semantic import BACKGROUNDS
from zoo_vision.transformers_loader import learnt_labels

__all__ = [
    "Pixels",
    "ProcessedPictures",
    "TransformersClassification",
    "TransformersDepth",
    "TransformersFeatures",
    "TransformersSemantic",
    "pooled",
]

# Model types whose depth is in metres, whatever config.json says or leaves out.
_METRES = frozenset({"depth_pro", "glpn", "zoedepth"})


@dataclass(frozen=True, kw_only=True)
class Pixels:
    """One prepared picture: values (3, height, width), and the size of the original as (height, width)."""

    values: Tensor
    original: tuple[int, int]


class ProcessedPictures(Runner):
    """Pictures in: any that `zoo.data.read_image` reads, through the image processor of the checkpoint."""

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
    def config(self) -> dict[str, Any]:
        """The content of config.json."""
        return read_object(self.checkpoint, "config.json")

    @functools.cached_property
    def labels(self) -> dict[int, str]:
        """The names of the classes by number: of the card where the model was fine-tuned, else of config.json."""
        if learnt := learnt_labels(self.checkpoint.card):
            return dict(enumerate(learnt))
        return {int(number): str(name) for number, name in (self.config.get("id2label") or {}).items()}

    def prepare(self, value: Any, options: Any) -> Sequence[Pixels]:
        """One picture; raises `BadData` for what is none."""
        image = read_image(value)
        values = self.processor(images=image, return_tensors="pt")["pixel_values"][0]
        return [Pixels(values=values, original=(image.height, image.width))]

    def collate(self, examples: Sequence[Pixels]) -> Tensor:
        """Pixels (batch, 3, height, width), float32."""
        return torch.stack([example.values for example in examples])


def pooled(made: Any) -> Tensor:
    """One vector an input (batch, dimensions), float32: what the body pooled, else its first token."""
    if isinstance(made, Tensor):
        return made.float()
    vectors = made.pooler_output if made.get("pooler_output") is not None else made.last_hidden_state[:, 0]
    flat: Tensor = vectors.flatten(1).float()
    return flat


class TransformersClassification(ProcessedPictures):
    """The likeliest labels of a picture, by softmax over the classifier's scores.

    Where a picture may have several labels (`problem_type`), each one's own probability, of all labels.
    """

    Options = ClassificationOptions

    @functools.cached_property
    def several(self) -> bool:
        """Whether labels do not exclude each other, by the card, else by config.json."""
        card = self.checkpoint.card
        return several(card.config if learnt_labels(card) else self.config)

    def forward(self, module: Any, batch: Tensor, options: ClassificationOptions) -> Tensor:
        """Probabilities (batch, classes), float32."""
        return probabilities(module(pixel_values=batch).logits, self.several)

    def finish(
        self, outputs: Tensor, examples: Sequence[Pixels], options: ClassificationOptions
    ) -> Sequence[Classification]:
        """The `top_k` labels of each picture, best first."""
        classes = outputs.shape[-1]
        if self.labels and classes != len(self.labels):
            raise BadCard(f"{self.checkpoint.card.id} has {classes} classes and {len(self.labels)} labels")
        names = [self.labels.get(number, str(number)) for number in range(classes)]
        return ranked(outputs, names, classes if self.several else options.top_k)


class TransformersFeatures(ProcessedPictures):
    """A picture's vector: the model's pooled output, or the class token where the file has no pooler.

    For a model of pictures and words (CLIP, SigLIP), the picture's place in the space that they share.
    """

    def forward(self, module: Any, batch: Tensor, options: NoOptions) -> Tensor:
        """Features (batch, dimensions), float32."""
        if hasattr(module, "get_image_features"):
            return pooled(module.get_image_features(pixel_values=batch))
        body = module.base_model
        if "pixel_values" not in inspect.signature(body.forward).parameters:
            body = module  # DINOv3, whose base is its layers without what cuts the picture into patches
        return pooled(body(pixel_values=batch))

    def finish(self, outputs: Tensor, examples: Sequence[Pixels], options: NoOptions) -> Sequence[Embedding]:
        """One vector a picture."""
        return [Embedding(vector) for vector in outputs.cpu().numpy()]


class TransformersSemantic(ProcessedPictures):
    """A class for each pixel (SegFormer, UPerNet): the scores at the picture's own size, and the best of each pixel."""

    batch = 4

    def __init__(self, checkpoint: Checkpoint) -> None:
        super().__init__(checkpoint)
        if not checkpoint.card.architecture.endswith("ForSemanticSegmentation"):
            raise UnsupportedFormat(
                f"{checkpoint.card.id}: {checkpoint.card.architecture} gives no class to pixels: it has masks",
                "Find one with a class for each pixel: `zoo search task:image-segmentation tag:semantic`.",
            )

    def forward(self, module: Any, batch: Tensor, options: NoOptions) -> Tensor:
        """Scores (batch, classes, height, width), smaller than the picture, float32."""
        made: Tensor = module(pixel_values=batch).logits.float()
        return made

    def finish(self, outputs: Tensor, examples: Sequence[Pixels], options: NoOptions) -> Sequence[Segmentation]:
        """The classes that some pixel has, the largest region first."""
        return [self._regions(scores, example.original) for scores, example in zip(outputs, examples, strict=True)]

    def _regions(self, scores: Tensor, size: tuple[int, int]) -> Segmentation:
        shares = interpolate(scores[None], size=size, mode="bilinear", align_corners=False)[0].softmax(0)
        best, kind = (found.cpu() for found in shares.max(0))
        kinds, areas = kind.unique(return_counts=True)
        order = areas.argsort(descending=True, stable=True)
        if self.labels.get(0) in BACKGROUNDS and learnt_labels(self.checkpoint.card):
            order = order[kinds[order] != 0]
        return Segmentation(
            tuple(
                Segment(self.labels.get(k, str(k)), float(best[kind == k].mean()), (kind == k).float().numpy())
                for k in kinds[order].tolist()
            )
        )


class TransformersDepth(ProcessedPictures):
    """How far each pixel is, at the picture's own size: metres, or a number that is larger for what is nearer."""

    batch = 1

    @functools.cached_property
    def metric(self) -> bool:
        """Whether the numbers are metres."""
        return self.config.get("model_type") in _METRES or self.config.get("depth_estimation_type") == "metric"

    def forward(self, module: Any, batch: Tensor, options: NoOptions) -> Tensor:
        """Depth (batch, height, width) at the size of the model's output, float32."""
        made: Tensor = module(pixel_values=batch).predicted_depth.float()
        return made

    def finish(self, outputs: Tensor, examples: Sequence[Pixels], options: NoOptions) -> Sequence[DepthMap]:
        """The maps, resized by the processor's own post-processing."""
        found = self.processor.post_process_depth_estimation(
            SimpleNamespace(predicted_depth=outputs), target_sizes=[example.original for example in examples]
        )
        return [
            DepthMap(one["predicted_depth"].cpu().numpy(), metric=self.metric, inverse=not self.metric) for one in found
        ]


def _processors(checkpoint: Checkpoint) -> dict[str, Any]:
    """The processors that transformers 5 writes into one file; empty for folders of older versions."""
    name = "processor_config.json"
    return read_object(checkpoint, name) if checkpoint.has(name) else {}
