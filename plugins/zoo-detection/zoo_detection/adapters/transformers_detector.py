"""Fine-tuning of transformers' detectors: DETR and its relatives, YOLOS, RT-DETR, D-FINE."""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import torch
from PIL import Image
from torch import Tensor, nn
from torch.nn.functional import pad
from torchvision.ops import box_convert

from zoo.errors import MissingDependency
from zoo.plugin import Target, Trained
from zoo_detection.adapters.anatomy import (
    class_layers,
    grouped,
    head_last,
    hold_statistics,
    low_rank_places,
    renewed,
    resized,
)
from zoo_detection.adapters.keeping import keep_all, keep_head
from zoo_detection.adapters.tuner import BoxTuner, Scene
from zoo_detection.margins import apart, heeds_margins
from zoo_detection.transformers_loader import TransformersDetectionLoader
from zoo_detection.transformers_runner import TransformersDetection

if TYPE_CHECKING:
    from transformers import PretrainedConfig

__all__ = ["LEARNING", "TransformersTuner"]

_CONFIG = "config.json"

# The classes whose losses in transformers were seen to teach a small random model.
LEARNING = frozenset(
    {
        "ConditionalDetrForObjectDetection",
        "DFineForObjectDetection",
        "DabDetrForObjectDetection",
        "DeformableDetrForObjectDetection",
        "DetrForObjectDetection",
        "RTDetrForObjectDetection",
        "RTDetrV2ForObjectDetection",
        "TableTransformerForObjectDetection",
        "YolosForObjectDetection",
    }
)
_BAD_BOXES = "must be in [x0, y0, x1, y1]"


class TransformersTuner(BoxTuner):
    """The model's own loss: boxes and objects are matched one to one (Carion et al., DETR, arXiv:2005.12872).

    All weights but those of the layers for classes are kept; new classes begin as the mean of the old ones, and what
    stands for "no object" as it was. Pictures are prepared by the checkpoint's image processor. Those of several sizes
    get margins where the model is told of these; else they go through it by their sizes (`zoo_detection.margins`).
    Groups of objects are left out, as in DETR's own training: they are background.
    """

    methods = ("head", "lora", "full")
    rate: ClassVar[Mapping[str, float]] = {"head": 1e-3, "lora": 1e-3, "full": 1e-4}

    @functools.cached_property
    def runner(self) -> TransformersDetection:
        """The task's runner, for its image processor."""
        return TransformersDetection(self.checkpoint)

    def pixels(self, image: Image.Image) -> Tensor:
        """See the base class."""
        made: Tensor = self.runner.processor(images=image, return_tensors="pt")["pixel_values"][0]
        return made

    def trainable(self, module: Any, target: Target) -> nn.Module:
        """See the base class.

        Raises:
            UnknownTask: transformers has no loss for the architecture, or none that was seen to work.
            MissingDependency: SciPy, which does the matching, is not installed.
        """
        if type(module).__name__ not in LEARNING:
            raise self.refusal(f"{type(module).__name__} cannot be fine-tuned here")
        _need_scipy()
        old = int(module.config.num_labels)
        new: dict[int, nn.Parameter] = {}
        with torch.no_grad():
            for name in self._head:
                _renew(module.get_submodule(name), old, len(target.labels), new)
        for part in module.modules():
            if isinstance(config := getattr(part, "config", None), type(module.config)):
                _name_classes(config, target)
        if hasattr(module, "num_labels"):
            module.num_labels = len(target.labels)
        made: nn.Module = module.requires_grad_(True)
        return made

    def batch(self, examples: Sequence[Scene], target: Target) -> dict[str, Any]:
        """`pixels` (batch, 3, height, width), `shown` (batch, height, width), 0 in margins, and `labels`.

        `labels` are transformers': for each picture `class_labels` (objects,) and `boxes` (objects, 4), centre, width
        and height in fractions of the picture without its margin.
        """
        height = max(one.pixels.shape[1] for one in examples)
        width = max(one.pixels.shape[2] for one in examples)

        def filled(one: Tensor) -> Tensor:
            return pad(one, (0, width - one.shape[-1], 0, height - one.shape[-2]))

        return {
            "pixels": torch.stack([filled(one.pixels) for one in examples]),
            "shown": torch.stack([filled(torch.ones(one.pixels.shape[1:], dtype=torch.long)) for one in examples]),
            "labels": [_labels(one) for one in examples],
        }

    def loss(self, module: Any, batch: Mapping[str, Any], target: Target) -> tuple[Tensor, Tensor]:
        """The model's loss, and the logits (batch, queries, …).

        Where the model is not told of margins, it is the mean over pictures of one size, weighted by their objects.
        """
        pixels, shown, labels = batch["pixels"], batch["shown"], batch["labels"]
        try:
            if self._masked:
                hold_statistics(module, len(pixels))
                made = module(pixel_values=pixels, pixel_mask=shown, labels=labels)
                return made.loss.float(), made.logits.detach()
            return _apart(module, pixels, shown, labels)
        except ValueError as error:
            if _BAD_BOXES not in str(error):
                raise
            # The boxes that the model predicts are no numbers any more: a loss of the same kind says so to the core.
            lost = torch.full((), float("nan"), device=pixels.device, requires_grad=True)
            return lost, lost.detach().expand(len(pixels))

    def layers(self, module: nn.Module) -> Sequence[Sequence[str]]:
        """See the base class; the head are the layers whose size depends on the classes."""
        return head_last(grouped(module), self._head)

    def lora(self, module: Any) -> Sequence[str]:
        """The linear layers of the attention; none where the base's file names its class layers in an old way."""
        if not self._names_known:
            return ()
        first = next(module.parameters())
        module.get_input_embeddings = nn.Module  # peft asks for those of words, which transformers refuses here
        pixels = self.pixels(Image.new("RGB", (64, 64)))[None].to(first.device, first.dtype)
        return low_rank_places(module, lambda: module(pixel_values=pixels), self._head)

    def save(self, module: Any, target: Target, folder: Path, *, method: str) -> Trained:
        """A configuration that names the labels, and the weights, so that transformers itself can load the folder."""
        module.config.architectures = [type(module).__name__]
        module.config.to_json_file(folder / _CONFIG)
        if method == "full" or (method == "head" and not self._names_known):
            made = keep_all(module, self.checkpoint, folder, target.config, more=(_CONFIG,))
        else:
            head = keep_head(module, self._head, folder, target.config)
            made = Trained(files=(*head.files, _CONFIG), config=head.config)
        return Trained(
            files=made.files, drop=made.drop, config=made.config, card={"architecture": type(module).__name__}
        )

    @functools.cached_property
    def _masked(self) -> bool:
        return heeds_margins(self.checkpoint)

    @functools.cached_property
    def _head(self) -> list[str]:
        """The layers whose size depends on the classes, under every name that they have."""
        return class_layers(self._blank(2), self._blank(3))

    def _blank(self, classes: int) -> nn.Module:
        loader = TransformersDetectionLoader()
        config: PretrainedConfig = loader.config(self.checkpoint)
        config.num_labels = classes
        with torch.device("meta"):
            made: nn.Module = loader._construct(loader.head(self.checkpoint.card, config), config)
        return made

    @functools.cached_property
    def _names_known(self) -> bool:
        """Whether the base's file names the class layers as the module does, so that a new head can replace them.

        Of layers that share their weights, files hold one.
        """
        from safetensors import safe_open

        found: set[str] = set()
        for path in self.checkpoint.weight_files():
            with safe_open(path, "pt") as file:
                found |= set(file.keys())
        module = self._blank(2)
        held = {id(module.get_submodule(name).weight) for name in self._head if f"{name}.weight" in found}
        return all(id(module.get_submodule(name).weight) in held for name in self._head)


def _renew(layer: Any, old: int, count: int, new: dict[int, nn.Parameter]) -> None:
    """Rows for other classes in a layer; parameters that several layers share stay shared by what is in `new`.

    A row behind those of the classes stands for "no object", or for what has no class: it is kept.
    """

    def rows(values: Tensor) -> nn.Parameter:
        if id(values) not in new:
            more = len(values) - old
            kept = {count + number: values[old + number] for number in range(more)}
            new[id(values)] = nn.Parameter(renewed(values[:old].mean(0), count + more, kept))
        return new[id(values)]

    bias = getattr(layer, "bias", None)
    resized(layer, rows(layer.weight), None if bias is None else rows(bias))


def _name_classes(config: Any, target: Target) -> None:
    config.id2label = dict(enumerate(target.labels))
    config.label2id = {name: number for number, name in enumerate(target.labels)}


def _labels(one: Scene) -> dict[str, Tensor]:
    boxes, classes = one.learnt
    return {"class_labels": classes, "boxes": box_convert(boxes, "xyxy", "cxcywh")}


def _apart(module: Any, pixels: Tensor, shown: Tensor, labels: Sequence[Mapping[str, Tensor]]) -> tuple[Tensor, Tensor]:
    losses: list[tuple[Tensor, int]] = []

    def run(some: Tensor, places: Sequence[int]) -> dict[str, Tensor]:
        wanted = [labels[place] for place in places]
        hold_statistics(module, len(some))
        made = module(pixel_values=some, labels=wanted)
        losses.append((made.loss.float(), max(1, sum(len(one["boxes"]) for one in wanted))))
        return {"logits": made.logits.detach()}

    logits = apart(pixels, shown, run)["logits"]
    objects = sum(count for _, count in losses)
    return torch.stack([loss * (count / objects) for loss, count in losses]).sum(), logits


def _need_scipy() -> None:
    try:
        import scipy.optimize  # noqa: F401
    except ImportError as error:
        raise MissingDependency("this detector's loss needs SciPy", "`pip install scipy`.") from error
