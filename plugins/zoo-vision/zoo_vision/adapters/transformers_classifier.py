"""Fine-tuning of transformers' classifiers of pictures, and of encoders, which get a classifier."""

from __future__ import annotations

import functools
from pathlib import Path
from typing import Any

from PIL import Image
from torch import Tensor, nn

from zoo.plugin import Target, Trained
from zoo_vision.adapters.anatomy import class_layers
from zoo_vision.adapters.augmenting import Box
from zoo_vision.adapters.classifiers import PictureClassifier
from zoo_vision.adapters.transformers_parts import blank, keep_pretrained, relabelled
from zoo_vision.transformers_runners import TransformersClassification

__all__ = ["TransformersClassifier"]


class TransformersClassifier(PictureClassifier):
    """ViT, DeiT, BEiT, Swin, ConvNeXt, ResNet, DINOv2, …: whatever has a class for image classification."""

    @functools.cached_property
    def runner(self) -> TransformersClassification:
        """The task's runner, for its image processor."""
        return TransformersClassification(self.checkpoint)

    @functools.cached_property
    def place(self) -> str:
        """The name of the one layer that makes the scores; raises `UnknownTask` where there are several."""
        found = class_layers(self.build(2), self.build(3))
        if len(found) != 1:
            raise self.refusal()
        return found[0]

    def classifier(self, module: Any) -> tuple[str, Any]:
        """See the base class."""
        return self.place, module.get_submodule(self.place)

    def build(self, num_classes: int) -> nn.Module:
        """See the base class."""
        return blank(self.checkpoint, "image-classification", tuple(f"class {i}" for i in range(num_classes)))

    def headed(self, module: Any) -> Any:
        """The module inside a classifier of its architecture, if it is an encoder.

        Raises:
            UnknownTask: the classifier has more than one layer that the encoder has not.
        """
        whole: Any = self.build(2)
        if type(module) is type(whole):
            return module
        prefix = whole.base_model_prefix
        body: Any = getattr(whole, prefix, None)
        if type(body) is not type(module):
            raise self.refusal()
        if getattr(body, "pooler", None) is None and getattr(module, "pooler", None) is not None:
            module.pooler = None
        setattr(whole, prefix, module)
        left = {name.rpartition(".")[0] for name, tensor in whole.named_parameters() if tensor.is_meta}
        if left != {self.place}:
            raise self.refusal()
        whole.train(module.training)
        return whole

    def trainable(self, module: Any, target: Target) -> nn.Module:
        """See the base class."""
        made: nn.Module = relabelled(super().trainable(module, target), target)
        return made

    def logits(self, module: Any, pixels: Tensor) -> Tensor:
        """See the base class."""
        made: Tensor = module(pixel_values=pixels).logits
        return made

    def evaluated(self, image: Image.Image) -> Tensor:
        """See the base class."""
        return self.runner.prepare(image, None)[0].values

    def cropped(self, image: Image.Image, box: Box) -> Image.Image:
        """The part as it is: the processor scales it."""
        left, upper, right, lower = (round(edge) for edge in box)
        return image.crop((left, upper, max(right, left + 1), max(lower, upper + 1)))

    def normalised(self, image: Image.Image) -> Tensor:
        """See the base class."""
        return self.evaluated(image)

    def save(self, module: nn.Module, target: Target, folder: Path, *, method: str) -> Trained:
        """See the base class."""
        if method == "full":
            return keep_pretrained(module, self.checkpoint, target, folder)
        return super().save(module, target, folder, method=method)
