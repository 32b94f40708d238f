"""What the classifiers of all libraries share: pictures with labels in, a new last layer, a loss, files out."""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import torch
from PIL import Image
from torch import Tensor, nn
from torch.nn import functional

from zoo.data import read_image
from zoo.errors import BadData, UnknownTask
from zoo.plugin import FineTuner, Head, Target, Trained
from zoo.tasks import TargetKind
from zoo_vision.adapters.anatomy import fresh, grouped, head_last, hold_statistics, low_rank_places
from zoo_vision.adapters.augmenting import drawn_box, mirrored, recoloured
from zoo_vision.adapters.keeping import keep_all, keep_head
from zoo_vision.bodies import without

if TYPE_CHECKING:
    import random

__all__ = ["PictureClassifier", "Pixels", "truth"]

# A prepared picture (3, height, width) and what it is: a class's number, or 0 and 1 for each label.
Pixels = tuple[Tensor, Tensor]


class PictureClassifier(FineTuner):
    """A new linear layer on what a classifier's last layer sees; with `full`, all layers learn.

    In training, pictures are cropped (35 to 100 % of them), mirrored, and slightly recoloured. Batch normalisation
    keeps the base's statistics where it is not trained, and in batches of fewer than 8 pictures.
    """

    kinds: ClassVar[tuple[TargetKind, ...]] = ("single", "multi")
    methods: ClassVar[tuple[str, ...]] = ("probe", "head", "lora", "full")
    rate: ClassVar[Mapping[str, float]] = {"head": 3e-3, "lora": 5e-4, "full": 3e-4}

    def classifier(self, module: Any) -> tuple[str, Any]:
        """Name and module of the last layer."""
        raise TypeError(f"{type(self).__name__} does not define classifier()")

    def build(self, num_classes: int) -> nn.Module:
        """The architecture with another number of classes, as the loader builds it, on the meta device."""
        raise TypeError(f"{type(self).__name__} does not define build()")

    def evaluated(self, image: Image.Image) -> Tensor:
        """The picture (3, height, width) as the task's runner prepares it."""
        raise TypeError(f"{type(self).__name__} does not define evaluated()")

    def cropped(self, image: Image.Image, box: tuple[float, float, float, float]) -> Image.Image:
        """The part of the picture in the size that the network takes."""
        raise TypeError(f"{type(self).__name__} does not define cropped()")

    def normalised(self, image: Image.Image) -> Tensor:
        """A picture of the network's size as numbers (3, height, width)."""
        raise TypeError(f"{type(self).__name__} does not define normalised()")

    def logits(self, module: Any, pixels: Tensor) -> Tensor:
        """The classifier's scores (batch, classes)."""
        made: Tensor = module(pixels)
        return made

    def groups(self, module: nn.Module) -> Sequence[Sequence[str]]:
        """The module's parts from input to output, wherever the head is."""
        return grouped(module)

    def config(self, target: Target) -> dict[str, Any]:
        """What a head for this target changes in the card's `config`."""
        return target.config

    def whole(self, target: Target) -> dict[str, Any]:
        """What else changes there when all weights are written in the library's own names."""
        return {}

    def features(self, module: nn.Module, batch: Tensor) -> Tensor:
        """What the classifier sees (batch, dimensions); raises `UnknownTask` as `head` does."""
        module = self.headed(module)
        name, layer = self.classifier(module)
        if not self.replaceable(layer) and not isinstance(layer, nn.Identity):
            raise self.refusal()
        bare = without(module, name) if self.replaceable(layer) else module
        made = self.logits(bare, batch)
        if made.ndim != 2:
            raise self.refusal()
        return made

    def head(self, weight: Tensor, bias: Tensor, target: Target) -> Head:
        """The classifier's tensors under the names that the library gives them.

        Raises:
            UnknownTask: the architecture does not end in one linear layer with a bias.
        """
        name, layer = self.classifier(self.build(len(target.labels)))
        if not self.replaceable(layer) or layer.weight.shape[:2] != weight.shape:
            raise self.refusal()
        tensors = {f"{name}.weight": weight.reshape(layer.weight.shape).contiguous(), f"{name}.bias": bias.contiguous()}
        return Head(tensors=tensors, config=self.config(target))

    def trainable(self, module: Any, target: Target) -> nn.Module:
        """The module with a new last layer: small random weights, no bias.

        Raises:
            UnknownTask: as `head`.
        """
        wanted = self.build(len(target.labels))
        name, layer = self.classifier(wanted)
        module = self.headed(module)
        here = self.classifier(module)[0]
        if not self.replaceable(layer) or here != name:
            raise self.refusal()
        made: nn.Module = self.placed(module, name, fresh(layer))
        if _shapes(made) != _shapes(wanted):
            raise self.refusal()
        return made.requires_grad_(True)

    def headed(self, module: Any) -> Any:
        """The module in a form that has a place for the last layer."""
        return module

    def placed(self, module: nn.Module, name: str, layer: nn.Module) -> nn.Module:
        """The module with `layer` as its last."""
        module.set_submodule(name, layer)
        return module

    def encode(self, value: Any, label: Any, target: Target, *, draw: random.Random | None) -> Pixels:
        """See the base class; raises `BadData` for what is no picture and for labels that the target does not have."""
        image = read_image(value)
        return (self.evaluated(image) if draw is None else self.varied(image, draw)), truth(label, target)

    def varied(self, image: Image.Image, draw: random.Random) -> Tensor:
        """The picture cropped, mirrored and recoloured at random."""
        part = self.cropped(image, drawn_box(draw, image.size))
        if mirrored(draw):
            part = part.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
        return self.normalised(recoloured(part, draw))

    def batch(self, examples: Sequence[Pixels], target: Target) -> dict[str, Tensor]:
        """`pixels` (batch, 3, height, width) and `labels`: (batch,) numbers, or (batch, labels) of 0 and 1."""
        pixels, labels = zip(*examples, strict=True)
        return {"pixels": torch.stack(pixels), "labels": torch.stack(labels)}

    def loss(self, module: Any, batch: Mapping[str, Tensor], target: Target) -> tuple[Tensor, Tensor]:
        """Cross entropy, or for several labels binary cross entropy, and the logits (batch, classes)."""
        hold_statistics(module, len(batch["pixels"]))
        logits = self.logits(module, batch["pixels"]).float()
        measure = functional.binary_cross_entropy_with_logits if target.kind == "multi" else functional.cross_entropy
        return measure(logits, batch["labels"]), logits

    def layers(self, module: nn.Module) -> Sequence[Sequence[str]]:
        """See the base class; the head is the last layer alone."""
        return head_last(module, self.groups(module), [self.classifier(module)[0]])

    def lora(self, module: nn.Module) -> Sequence[str]:
        """The linear layers of the attention; empty for networks of convolutions."""
        first = next(module.parameters())
        pixels = self.evaluated(Image.new("RGB", (64, 64)))[None].to(first.device, first.dtype)
        return low_rank_places(module, lambda: self.logits(module, pixels), [self.classifier(module)[0]])

    def save(self, module: nn.Module, target: Target, folder: Path, *, method: str) -> Trained:
        """See the base class."""
        if method == "full":
            return keep_all(module, self.checkpoint, folder, {**self.config(target), **self.whole(target)})
        name, layer = self.classifier(module)
        tensors = {f"{name}.{leaf}": tensor for leaf, tensor in layer.state_dict().items()}
        return keep_head(tensors, folder, self.config(target))

    def replaceable(self, layer: Any) -> bool:
        """Whether this is a linear layer with a bias."""
        return isinstance(layer, nn.Linear) and layer.bias is not None

    def refusal(self) -> UnknownTask:
        """The error for architectures that end otherwise."""
        card = self.checkpoint.card
        return UnknownTask(
            f"{card.id}: {card.architecture} does not end in one linear layer, which is what can be replaced",
            "Fine-tune another model, such as `mobilenetv2_100`.",
        )


def truth(label: Any, target: Target) -> Tensor:
    """A label as a number, several as 0 and 1 for each; raises `BadData` for one that the target does not have."""
    places = _places(target.labels)
    wanted = (label,) if target.kind == "single" else tuple(label)
    if unknown := [name for name in wanted if name not in places]:
        raise BadData(f"the label {unknown[0]!r} is none of those that are learnt: {', '.join(target.labels[:10])}")
    if target.kind == "single":
        return torch.tensor(places[label])
    made = torch.zeros(len(target.labels))
    made[[places[name] for name in wanted]] = 1.0
    return made


@functools.lru_cache(maxsize=8)
def _places(labels: tuple[str, ...]) -> Mapping[str, int]:
    return {label: index for index, label in enumerate(labels)}


def _shapes(module: nn.Module) -> dict[str, torch.Size]:
    return {name: tensor.shape for name, tensor in module.state_dict().items()}
