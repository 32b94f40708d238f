"""The SSD as a frozen graph of TensorFlow, with weights by chance for two classes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from zoo.cards import ModelCard
from zoo_detection.conformance.numbers import calm, fill, numbers
from zoo_detection.conformance.wire import frozen_graph

__all__ = ["make_ssd"]

_GRAPH = "frozen_inference_graph.pb"
_BODY = "FeatureExtractor/MobilenetV2"
_WIDTHS = (512, 256, 256, 128)  # of the four coarsest feature maps
_LEAVES = {
    "norm.weight": "BatchNorm/gamma",
    "norm.bias": "BatchNorm/beta",
    "norm.running_mean": "BatchNorm/moving_mean",
    "norm.running_var": "BatchNorm/moving_variance",
}


def make_ssd(folder: Path) -> ModelCard:
    """The network has one size, whatever its classes."""
    import torch

    from zoo_detection.ssd import SsdMobileNetV2

    module, draw = fill(SsdMobileNetV2(3), gain=1.4), numbers(1)
    for name, means in module.named_buffers():
        if name.endswith("running_mean"):
            means.copy_(torch.from_numpy(draw.uniform(-0.1, 0.1, len(means))))
    calm(module, "boxes.")
    calm(module, "scores.", by=0.3, bias=-1.5)
    state = {name: value for name, value in module.state_dict().items() if not name.endswith("num_batches_tracked")}
    constants = {_tensorflow_name(name): _tensorflow_layout(value.numpy()) for name, value in state.items()}
    (folder / _GRAPH).write_bytes(frozen_graph(constants))
    return ModelCard(
        id="tiny-ssd",
        task="object-detection",
        library="zoo",
        loader="tf-ssd",
        architecture="ssd_mobilenet_v2",
        config={"graph": _GRAPH, "image_size": 300, "labels": {"1": "cat", "2": "dog"}},
    )


def _tensorflow_name(name: str) -> str:
    part, number, *rest = name.split(".")
    if part in {"boxes", "scores"}:
        head = "BoxEncodingPredictor" if part == "boxes" else "ClassPredictor"
        return f"BoxPredictor_{number}/{head}/{'weights' if rest == ['weight'] else 'biases'}"
    kernel = "depthwise_weights" if rest and rest[0] == "depthwise" else "weights"
    leaf = _LEAVES.get(".".join(name.split(".")[-2:]), kernel)
    if part in {"stem", "last"}:
        return f"{_BODY}/{'Conv' if part == 'stem' else 'Conv_1'}/{leaf}"
    if part == "blocks":
        block = "expanded_conv" + (f"_{number}" if number != "0" else "")
        return f"{_BODY}/{block}/{rest[0]}/{leaf}"
    wide, place = _WIDTHS[int(number)], int(number) + 2
    layer = {
        "squeeze": f"layer_19_1_Conv2d_{place}_1x1_{wide // 2}",
        "depthwise": f"layer_19_2_Conv2d_{place}_3x3_s2_{wide}_depthwise",
        "widen": f"layer_19_2_Conv2d_{place}_3x3_s2_{wide}",
    }[rest[0]]
    return f"{_BODY}/{layer}/{leaf}"


def _tensorflow_layout(array: Any) -> Any:
    """(out, in, height, width) as (height, width, in, out); a depthwise kernel as (height, width, out, 1)."""
    import numpy as np

    if array.ndim != 4:
        return array
    return np.ascontiguousarray(array.transpose((2, 3, 0, 1) if array.shape[1] == 1 else (2, 3, 1, 0)))
