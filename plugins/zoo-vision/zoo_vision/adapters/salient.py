"""Fine-tuning of U²-Net-p, whose weights are an ONNX graph: to what does each pixel belong, object or background?"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from PIL import Image
from torch import Tensor, nn
from torch.nn.functional import binary_cross_entropy_with_logits

from zoo.plugin import Target, Trained
from zoo_vision.adapters.masks import MaskTuner, dice_loss
from zoo_vision.adapters.reading import IGNORED
from zoo_vision.onnx_graph import GraphModule, read_graph, write_graph
from zoo_vision.segmentation import normalised

__all__ = ["SalientTuner"]


class SalientTuner(MaskTuner):
    """The graph's convolutions are trained in torch and written back into the same graph.

    The loss is binary cross entropy and Dice of the fused map, with the deep supervision of the paper: binary cross
    entropy of the side maps, their mean (Qin et al., arXiv:2005.09007, section 3.3). Batch normalisation is folded
    into the convolutions of the graph, so there are no statistics. No layer is new: what stands out is a good start.
    """

    def side(self) -> tuple[int, int]:
        """See the base class."""
        height, width = self.checkpoint.card.config["input_size"][-2:]
        return height, width

    def trainable(self, module: Any, target: Target) -> nn.Module:
        """The graph as a torch module.

        Raises:
            UnknownTask: more than a background and one kind of object.
            MissingDependency: `onnx` is not installed.
        """
        if len(target.labels) != 2:
            raise self.refusal(f"it tells one kind of object from the background, not {len(target.labels)} classes")
        return read_graph(self._graph).to(memory_format=torch.channels_last)  # a third faster on CPUs

    def evaluated(self, image: Image.Image) -> Tensor:
        """See the base class."""
        height, width = self.side()
        return self.normalised(image.resize((width, height), Image.Resampling.LANCZOS))

    def normalised(self, image: Image.Image) -> Tensor:
        """See the base class."""
        return torch.from_numpy(normalised(image, self.checkpoint.card.config))

    def scores(self, module: Any, pixels: Tensor) -> list[tuple[float, Tensor]]:
        """See the base class; (batch, 1, height, width) of the fused map, then of the side maps."""
        fused, *sides = module(pixels)
        return [(1.0, fused), *((1.0 / len(sides), side) for side in sides)]

    def measure(self, scores: Tensor, labels: Tensor) -> Tensor:
        """Binary cross entropy and Dice over the pixels of which something is known."""
        counted = (labels != IGNORED).float()
        truth = (labels == 1).float()
        map_ = scores[:, 0]
        entropy = binary_cross_entropy_with_logits(map_, truth, counted, reduction="sum") / counted.sum().clamp(min=1)
        return entropy + dice_loss(map_.sigmoid(), truth, counted)

    def decided(self, scores: Tensor) -> Tensor:
        """See the base class."""
        return (scores[:, 0] > 0).long()

    def head_names(self, module: Any) -> Sequence[str]:
        """The convolutions that make the maps: those after the last residual sum."""
        return list(module.blocks[-1])

    def layers(self, module: Any) -> Sequence[Sequence[str]]:
        """The blocks from input to output, each of which ends in a residual sum; then the maps."""
        return [block for block in module.blocks if block]

    def lora(self, module: nn.Module) -> Sequence[str]:
        """None: there are only convolutions."""
        return ()

    def save(self, module: nn.Module, target: Target, folder: Path, *, method: str) -> Trained:
        """The base's graph with the new weights, whatever the method: the graph is one file."""
        graph = self._graph
        if not isinstance(module, GraphModule):
            raise TypeError(f"{type(module).__name__} is not what trainable() returned")
        write_graph(module, graph, folder / graph.name)
        return Trained(files=(graph.name,), config={**target.config, "stretched": False})

    @property
    def _graph(self) -> Path:
        found = sorted(self.checkpoint.path.glob("*.onnx"))
        return found[0] if len(found) == 1 else self.checkpoint.file(f"{self.checkpoint.card.architecture}.onnx")
