"""What the detection tests share: a writer of frozen TensorFlow graphs, and a way to load one."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest


def varint(value: int) -> bytes:
    made = b""
    while value > 0x7F:
        made += bytes([value & 0x7F | 0x80])
        value >>= 7
    return made + bytes([value])


def field(number: int, value: bytes | int) -> bytes:
    if isinstance(value, int):
        return varint(number << 3) + varint(value)
    return varint(number << 3 | 2) + varint(len(value)) + value


def tensor(array: np.ndarray, dtype: int = 1) -> bytes:
    shape = b"".join(field(2, field(1, size)) for size in array.shape)
    return field(1, dtype) + field(2, shape) + field(4, array.tobytes())


def const(name: str, value: bytes) -> bytes:
    attr = field(1, b"value") + field(2, field(8, value))
    return field(1, field(1, name.encode()) + field(2, b"Const") + field(5, attr))


def graph(arrays: Mapping[str, np.ndarray]) -> bytes:
    other = field(1, field(1, b"image_tensor") + field(2, b"Placeholder"))
    return other + b"".join(const(name, tensor(array)) for name, array in arrays.items()) + field(4, field(1, 24))


@pytest.fixture(scope="session")
def pb():
    """The writer: `pb.graph(arrays)`, `pb.const(name, pb.tensor(array))`, `pb.field(number, value)`."""
    from types import SimpleNamespace

    return SimpleNamespace(varint=varint, field=field, tensor=tensor, const=const, graph=graph)


@pytest.fixture
def load_folder(tmp_path: Path):
    """`load_folder(folder)`: the checkpoint in it, and the SSD that the loader makes of it."""
    import torch
    from zoo_detection.cards import CARDS
    from zoo_detection.loader import TfSsdLoader

    from zoo.models.context import Context
    from zoo.plugin import Checkpoint

    def load(folder: Path):
        checkpoint = Checkpoint(card=CARDS[0], path=folder, revision="0" * 64)
        context = Context(device=torch.device("cpu"), dtype=torch.float32, cache=tmp_path / "cache", model="ssd")
        module = TfSsdLoader().load(checkpoint, context)
        assert context.unmet(module) == []
        return checkpoint, module

    return load


@pytest.fixture(scope="session")
def small_graph():
    """Constants of a whole SSD with 3 classes, random, under TensorFlow's names and in its layout, with the module."""
    import torch
    from zoo_detection.ssd import SsdMobileNetV2

    torch.manual_seed(0)
    module = SsdMobileNetV2(3).eval()
    for norm in [m for m in module.modules() if isinstance(m, torch.nn.BatchNorm2d)]:
        torch.nn.init.uniform_(norm.running_mean, -0.1, 0.1)
        torch.nn.init.uniform_(norm.running_var, 0.5, 1.5)
    state = {name: value for name, value in module.state_dict().items() if not name.endswith("tracked")}
    return module, {tensorflow_name(name, value.shape): tensorflow_layout(value) for name, value in state.items()}


LEAVES = {
    "norm.weight": "BatchNorm/gamma",
    "norm.bias": "BatchNorm/beta",
    "norm.running_mean": "BatchNorm/moving_mean",
    "norm.running_var": "BatchNorm/moving_variance",
}


def tensorflow_name(name: str, shape) -> str:
    """The name in TensorFlow's graph; written on its own, so that a slip in the loader's table shows."""
    part, number, *rest = name.split(".")
    if part in {"boxes", "scores"}:
        head = "BoxEncodingPredictor" if part == "boxes" else "ClassPredictor"
        return f"BoxPredictor_{number}/{head}/{'weights' if rest == ['weight'] else 'biases'}"
    leaf = LEAVES.get(".".join(name.split(".")[-2:]))
    if part in {"stem", "last"}:
        return f"FeatureExtractor/MobilenetV2/{'Conv' if part == 'stem' else 'Conv_1'}/{leaf or 'weights'}"
    kernel = "depthwise_weights" if rest[0] == "depthwise" else "weights"
    if part == "blocks":
        block = "expanded_conv" + (f"_{number}" if number != "0" else "")
        return f"FeatureExtractor/MobilenetV2/{block}/{rest[0]}/{leaf or kernel}"
    wide = (512, 256, 256, 128)[int(number)]
    layer = {
        "squeeze": f"layer_19_1_Conv2d_{int(number) + 2}_1x1_{wide // 2}",
        "depthwise": f"layer_19_2_Conv2d_{int(number) + 2}_3x3_s2_{wide}_depthwise",
        "widen": f"layer_19_2_Conv2d_{int(number) + 2}_3x3_s2_{wide}",
    }[rest[0]]
    return f"FeatureExtractor/MobilenetV2/{layer}/{leaf or kernel}"


def tensorflow_layout(value) -> np.ndarray:
    array = value.numpy()
    if array.ndim != 4:
        return array
    depthwise = array.shape[1] == 1
    return np.ascontiguousarray(array.transpose((2, 3, 0, 1) if depthwise else (2, 3, 1, 0)))
