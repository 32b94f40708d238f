"""Regions and single objects with transformers' models: a class for each pixel, or a mask for each query.

SegFormer, UPerNet and their like give each pixel a class. MaskFormer, Mask2Former, OneFormer and DETR give masks with
classes, of which three kinds of answer are made (Kirillov et al., Panoptic Segmentation, arXiv:1801.00868): `instance`,
a mask for each single object, which may overlap; `panoptic`, regions that share the picture, single objects and
stretches of stuff such as the sky; `semantic`, a class for each pixel.
"""

from __future__ import annotations

import functools
import inspect
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType, SimpleNamespace
from typing import Any, Literal

import torch
from torch import Tensor

from zoo.errors import BadOption, UnsupportedFormat
from zoo.plugin import Checkpoint, Runner, option, read_object
from zoo.tasks import Segment, Segmentation
from zoo_vision.labels import label_names
from zoo_vision.transformers_runners import Pixels, TransformersSemantic

__all__ = ["SegmentOptions", "TransformersSegmentation"]

_KINDS = ("panoptic", "instance", "semantic")
_OUTPUTS = ("class_queries_logits", "masks_queries_logits", "logits", "pred_masks")
_WORDS = 77  # tokens of the sentence that tells OneFormer what to do
# What OneFormer's processor would fetch its list of classes by, and what it does not take.
_ELSEWHERE = frozenset({"class_info_file", "image_processor_type", "metadata", "processor_class", "repo_path"})
# What comes in single objects; other classes of these data sets are stuff. COCO's are those that its boxes have.
_CITYSCAPES = frozenset({"person", "rider", "car", "truck", "bus", "train", "motorcycle", "bicycle"})


@dataclass(frozen=True, kw_only=True)
class SegmentOptions:
    """Options of `TransformersSegmentation`."""

    kind: Literal["auto", "panoptic", "instance", "semantic"] = option(
        "auto", "regions and objects, single objects, or classes; by itself what the model was trained for"
    )
    threshold: float = option(0.5, "lowest score of an object or region, 0 to 1; a class of pixels has no such limit")

    def __post_init__(self) -> None:
        if not 0 <= self.threshold <= 1:
            raise BadOption(f"option threshold={self.threshold} is not between 0 and 1")


class TransformersSegmentation(TransformersSemantic):
    """Segments of a picture, by the processor's own post-processing.

    Single objects come with their box, and with their number in COCO where the model learnt from it, best first; in
    panoptic answers, where stuff of one class is one region, and in semantic ones, the largest segment is first.
    """

    Options = SegmentOptions

    def __init__(self, checkpoint: Checkpoint) -> None:
        Runner.__init__(self, checkpoint)
        self._pixelwise = checkpoint.card.architecture.endswith("ForSemanticSegmentation")
        self.batch = 4 if self._pixelwise else 1

    def prepare(self, value: Any, options: SegmentOptions) -> Sequence[Pixels]:
        """One picture; raises `BadData` for what is none, `BadOption` for an answer that the model cannot give."""
        if self._pixelwise and options.kind not in {"auto", "semantic"}:
            raise BadOption(
                f"{self.checkpoint.card.id} gives each pixel a class, and knows no single objects",
                "Find one that does: `zoo search task:image-segmentation tag:instance`.",
            )
        return super().prepare(value, options)

    def forward(self, module: Any, batch: Tensor, options: SegmentOptions) -> Any:
        """Scores of each pixel (batch, classes, h, w), or the classes and masks of the queries by their names."""
        if self._pixelwise:
            return super().forward(module, batch, options)
        more = {}
        if "task_inputs" in inspect.signature(module.forward).parameters:
            more["task_inputs"] = self._sentence(self._kind(options)).to(batch.device).expand(len(batch), -1)
        made = module(pixel_values=batch, **more)
        return {name: made[name].float() for name in _OUTPUTS if made.get(name) is not None}

    def finish(self, outputs: Any, examples: Sequence[Pixels], options: SegmentOptions) -> Sequence[Segmentation]:
        """The segments of each picture."""
        if self._pixelwise:
            return super().finish(outputs, examples, options)
        kind = self._kind(options)
        sizes = [example.original for example in examples]
        found = _post_processed(self._post, kind, SimpleNamespace(**outputs), sizes, options.threshold)
        make = {"semantic": self._classes, "instance": self._objects, "panoptic": self._panoptic}[kind]
        return [Segmentation(tuple(make(one))) for one in found]

    def _kind(self, options: SegmentOptions) -> str:
        """What is asked for, else what the card's tags, or the model's name, say that it was trained for."""
        if options.kind != "auto":
            return options.kind
        card = self.checkpoint.card
        words = {*card.tags, *re.split(r"[^a-z0-9]+", card.id.lower())}
        return next((kind for kind in _KINDS if kind in words), "panoptic")

    @functools.cached_property
    def processor(self) -> Any:
        """The image processor of the checkpoint; OneFormer's without the list that it would fetch from the hub."""
        if self.checkpoint.card.architecture.startswith("OneFormer"):
            from transformers import OneFormerImageProcessor

            given = read_object(self.checkpoint, "preprocessor_config.json")
            return OneFormerImageProcessor(**{name: value for name, value in given.items() if name not in _ELSEWHERE})
        return super().processor

    @functools.cached_property
    def _post(self) -> Any:
        """Whose post-processing is taken: OneFormer's own of single objects takes scores for probabilities."""
        if self.checkpoint.card.architecture.startswith("OneFormer"):
            from transformers import Mask2FormerImageProcessor

            return Mask2FormerImageProcessor()
        return self.processor

    def _sentence(self, kind: str) -> Tensor:
        """The tokens (1, 77) that tell OneFormer what to do, as its processor makes them."""
        from transformers import AutoTokenizer

        tokenizer = AutoTokenizer.from_pretrained(
            str(self.checkpoint.path), local_files_only=True, trust_remote_code=False
        )
        made = tokenizer(
            f"the task is {kind}", padding="max_length", max_length=_WORDS, truncation=True, return_tensors="pt"
        )
        ids: Tensor = made["input_ids"] * made["attention_mask"]
        return ids

    @functools.cached_property
    def _numbers(self) -> Mapping[str, int]:
        """COCO's numbers by name, where the model learnt from COCO."""
        names = label_names({"labels": "coco"}) if "coco" in self.checkpoint.card.datasets else ()
        return MappingProxyType({name: n for n, name in enumerate(names) if name not in {"N/A", "__background__"}})

    @functools.cached_property
    def _stuff(self) -> set[int]:
        """The classes that do not come in single objects, as far as the data set is known."""
        datasets = self.checkpoint.card.datasets
        things = self._numbers.keys() if "coco" in datasets else _CITYSCAPES if "cityscapes" in datasets else None
        return {number for number, name in self.labels.items() if things is not None and name not in things}

    def _segment(self, info: Mapping[str, Any], mask: Tensor, *, single: bool) -> Segment:
        name = self.labels.get(info["label_id"], str(info["label_id"]))
        box = _box(mask) if single else None
        return Segment(name, float(info["score"]), mask.float().numpy(), box, self._numbers.get(name))

    def _objects(self, found: Mapping[str, Any]) -> list[Segment]:
        maps = found["segmentation"].cpu()
        # One map a segment where objects may overlap; else one map with the segments' numbers.
        masks = maps if maps.dim() == 3 else [maps == info["id"] for info in found["segments_info"]]
        rows = zip(found["segments_info"], masks, strict=False)
        made = [self._segment(info, mask > 0, single=True) for info, mask in rows if mask.any()]
        return sorted(made, key=lambda segment: -segment.score)

    def _panoptic(self, found: Mapping[str, Any]) -> list[Segment]:
        numbers, made = found["segmentation"].cpu(), []
        stuff: dict[int, list[Mapping[str, Any]]] = {}
        for info in found["segments_info"]:
            if info["label_id"] in self._stuff:
                stuff.setdefault(info["label_id"], []).append(info)
            elif (mask := numbers == info["id"]).any():
                made.append(self._segment(info, mask, single=True))
        for infos in stuff.values():
            mask = torch.isin(numbers, torch.tensor([info["id"] for info in infos]))
            if mask.any():
                made.append(self._segment(max(infos, key=lambda info: info["score"]), mask, single=False))
        return sorted(made, key=lambda segment: -segment.mask.sum())

    def _classes(self, scores: Tensor) -> list[Segment]:
        """Segments of the scores of all classes (classes, height, width), of which the best wins each pixel."""
        best, kind = (found.cpu() for found in scores.max(0))
        made = [
            Segment(self.labels.get(k, str(k)), float(best[kind == k].mean().clamp(0, 1)), (kind == k).float().numpy())
            for k in kind.unique().tolist()
        ]
        return sorted(made, key=lambda segment: -segment.mask.sum())


def _post_processed(
    processor: Any, kind: str, outputs: Any, sizes: list[tuple[int, int]], threshold: float
) -> list[Any]:
    """What the processor makes of a batch, picture by picture: scores of classes, or segments with their numbers.

    It could also melt stuff of one class into one segment, but then gives some number to two segments.
    """
    work = getattr(processor, f"post_process_{kind}_segmentation", None)
    if work is None:
        raise UnsupportedFormat(f"{type(processor).__name__} makes no {kind} segments")
    known = inspect.signature(work).parameters
    if kind == "semantic":
        return [one.segmentation_scores for one in work(outputs, sizes, return_segmentation_scores=True)]
    more: dict[str, Any] = {"threshold": threshold, "target_sizes": sizes}
    if kind == "panoptic" and "label_ids_to_fuse" in known:
        more["label_ids_to_fuse"] = set()
    if kind == "instance" and "return_binary_maps" in known:
        more["return_binary_maps"] = True
    return list(work(outputs, **more))


def _box(mask: Tensor) -> tuple[float, float, float, float]:
    """The corners around what a mask (height, width) holds, in pixels, the last ones behind its last pixel."""
    rows, columns = mask.any(1).nonzero()[:, 0], mask.any(0).nonzero()[:, 0]
    return float(columns[0]), float(rows[0]), float(columns[-1]) + 1, float(rows[-1]) + 1
