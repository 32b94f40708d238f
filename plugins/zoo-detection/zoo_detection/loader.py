"""The loader `tf-ssd`: a torch SSD MobileNet v2 with the weights of a TensorFlow graph, or what became of them."""

from __future__ import annotations

import re
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt
import torch

from zoo.cards import ModelCard
from zoo.errors import IntegrityError
from zoo.plugin import Checkpoint, LoadContext, Loader
from zoo_detection.labels import columns
from zoo_detection.sampling import square_sample
from zoo_detection.ssd import SsdMobileNetV2
from zoo_detection.tf_graph import read_constants

__all__ = ["TfSsdLoader", "module_name", "torch_layout"]

_NAME = re.compile(
    r"FeatureExtractor/MobilenetV2/(?P<body>.+?)/(?P<leaf>(?:depthwise_)?weights|BatchNorm/\w+)"
    r"|BoxPredictor_(?P<map>\d+)/(?P<head>BoxEncoding|Class)Predictor/(?P<part>weights|biases)"
)
_BLOCK = re.compile(r"expanded_conv(?:_(\d+))?/(expand|depthwise|project)")
_EXTRA = re.compile(r"layer_19_([12])_Conv2d_(\d)_\dx\d(?:_s2)?_\d+(_depthwise)?")
_LEAVES = {
    "weights": "conv.weight",
    "depthwise_weights": "conv.weight",
    "BatchNorm/gamma": "norm.weight",
    "BatchNorm/beta": "norm.bias",
    "BatchNorm/moving_mean": "norm.running_mean",
    "BatchNorm/moving_variance": "norm.running_var",
}
_CLASSES = "scores.1.bias"
_ANCHORS_A_CELL = 6
_GRAPH, _WEIGHTS = "frozen_inference_graph.pb", "model.safetensors"


class TfSsdLoader(Loader):
    """Reads the graph named by the card's `config["graph"]`; where there is none, safetensors in the module's names.

    `head.safetensors` replaces the layers for classes.
    """

    dtypes: ClassVar[tuple[str, ...]] = ("float32",)

    def blank(self, card: ModelCard) -> SsdMobileNetV2:
        """The detector on the meta device, with as many classes as the card's highest label number asks for."""
        with torch.device("meta"):
            return SsdMobileNetV2(max(columns(card.config)) + 1).eval()

    def sample(
        self, card: ModelCard, module: torch.nn.Module, batch: int, length: int | None = None
    ) -> tuple[tuple[Any, ...], dict[str, Any]] | None:
        """Pictures of the model's square; see `zoo.plugin.Loader.sample`."""
        return square_sample(card, module, batch)

    def load(self, checkpoint: Checkpoint, context: LoadContext) -> SsdMobileNetV2:
        """The detector with the checkpoint's weights.

        Raises:
            IntegrityError: a file is damaged, or is not an SSD.
            WeightsMismatch: it is an SSD of another shape.
        """
        tensors = _base_tensors(checkpoint) | checkpoint.head_tensors()
        biases = tensors.get(_CLASSES)
        if biases is None or biases.numel() % _ANCHORS_A_CELL:
            raise IntegrityError(f"{checkpoint.card.id}: this is not an SSD of TensorFlow's object detection API")
        with context.no_init():
            module = SsdMobileNetV2(biases.numel() // _ANCHORS_A_CELL)
        counters = [name for name, _ in module.named_buffers() if name.endswith("num_batches_tracked")]
        context.assign(module, tensors, ignore=counters)
        return module.to(context.device).eval()


def _base_tensors(checkpoint: Checkpoint) -> dict[str, torch.Tensor]:
    """The tensors by the module's names, without those of `head.safetensors`."""
    graph = checkpoint.card.config.get("graph", _GRAPH)
    if not checkpoint.has(graph) and checkpoint.has(_WEIGHTS):
        return checkpoint.read_tensors(checkpoint.file(_WEIGHTS))
    constants = read_constants(checkpoint.file(graph))
    return {made: torch_layout(name, array) for name, array in constants.items() if (made := module_name(name))}


def module_name(name: str) -> str | None:
    """The module's name for a constant of the graph; None for one that is no weight."""
    found = _NAME.fullmatch(name)
    if not found:
        return None
    if found["map"]:
        head = "boxes" if found["head"] == "BoxEncoding" else "scores"
        return f"{head}.{found['map']}.{'weight' if found['part'] == 'weights' else 'bias'}"
    leaf = _LEAVES.get(found["leaf"])
    return f"{_body_name(found['body'])}.{leaf}" if leaf else None


def _body_name(body: str) -> str:
    if body in {"Conv", "Conv_1"}:
        return "stem" if body == "Conv" else "last"
    if block := _BLOCK.fullmatch(body):
        return f"blocks.{block[1] or 0}.{block[2]}"
    if extra := _EXTRA.fullmatch(body):
        part = "squeeze" if extra[1] == "1" else "depthwise" if extra[3] else "widen"
        return f"extras.{int(extra[2]) - 2}.{part}"
    return body  # a layer that this architecture lacks: the comparison of names will say so


def torch_layout(name: str, array: npt.NDArray[np.float32]) -> torch.Tensor:
    """A constant as torch lays it out: (height, width, in, out) becomes (out, in, height, width).

    A depthwise kernel (height, width, in, multiplier) becomes (in x multiplier, 1, height, width).
    """
    if array.ndim == 4 and name.endswith("depthwise_weights"):
        array = array.transpose(2, 3, 0, 1).reshape(-1, 1, *array.shape[:2])
    elif array.ndim == 4:
        array = array.transpose(3, 2, 0, 1)
    return torch.from_numpy(np.array(array, dtype=np.float32, order="C"))
