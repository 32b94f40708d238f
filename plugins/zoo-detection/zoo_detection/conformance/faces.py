"""Small detectors of faces in the forms of the packages that carry them: CenterFace's graph, MTCNN's three files."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from zoo.cards import ModelCard
from zoo_detection.conformance.numbers import calm, fill, numbers
from zoo_detection.conformance.wire import node, onnx_graph

__all__ = ["make_centerface", "make_mtcnn"]

_CELL = 4  # pixels a side that one place of CenterFace's maps is about
_MAPS = {"heat": 1, "sizes": 2, "offsets": 2, "points": 10}
# What the layers of MTCNN's files are called, in the order of the layers.
_LAYERS = {
    "pnet": ("conv1", "prelu1", "conv2", "prelu2", "conv3", "prelu3", "conv4_1", "conv4_2"),
    "rnet": ("conv1", "prelu1", "conv2", "prelu2", "conv3", "prelu3", "dense4", "prelu4", "dense5_1", "dense5_2"),
    "onet": (
        *("conv1", "prelu1", "conv2", "prelu2", "conv3", "prelu3", "conv4", "prelu4", "dense5", "prelu5"),
        *("dense6_1", "dense6_2", "dense6_3"),
    ),
}


def make_centerface(folder: Path) -> ModelCard:
    """A graph that takes what is red for a face: one layer for each of the four maps."""
    import numpy as np

    draw = numbers(0)
    weights: dict[str, Any] = {}
    for name, channels in _MAPS.items():
        kernel = draw.standard_normal((channels, 3, _CELL, _CELL)) * (0.1 / 255)
        weights[f"{name}.w"], weights[f"{name}.b"] = kernel, np.full(channels, 0.5)
    weights["heat.w"] += np.array([1.0, -1.0, -1.0])[:, None, None] * (12 / 255 / _CELL**2)
    weights["heat.b"] -= 4
    weights["sizes.w"] *= 0.2
    weights["sizes.b"] += 1  # faces of about 18 pixels: four, times e to the power of 1.5
    layers = {"strides": [_CELL, _CELL], "kernel_shape": [_CELL, _CELL]}
    nodes = [node("Conv", ["x", f"{name}.w", f"{name}.b"], f"{name}.o", **layers) for name in _MAPS]
    nodes += [node("Sigmoid" if name == "heat" else "Identity", [f"{name}.o"], name) for name in _MAPS]
    arrays = {name: array.astype(np.float32) for name, array in weights.items()}
    (folder / "centerface.onnx").write_bytes(onnx_graph(nodes, arrays, ["x"], list(_MAPS)))
    return _card("tiny-centerface", "centerface")


def make_mtcnn(folder: Path) -> ModelCard:
    """The cascade, whose networks have one size, with weights by chance."""
    import torch

    from zoo_detection.mtcnn import Mtcnn

    cascade = fill(Mtcnn(), gain=1.4, seed=2)
    calm(cascade, *(f"{net}.edges" for net in _LAYERS))
    for net, layers in _LAYERS.items():
        state = getattr(cascade, net).state_dict()
        parts = list(dict.fromkeys(name.rpartition(".")[0] for name in state))
        names = dict(zip(parts, layers, strict=True))
        file = {f"{names[name.rpartition('.')[0]]}.{name.rpartition('.')[2]}": value for name, value in state.items()}
        torch.save(file, folder / f"{net}.pt")
    return _card("tiny-mtcnn", "mtcnn")


def _card(name: str, loader: str) -> ModelCard:
    return ModelCard(
        id=name,
        task="object-detection",
        library="zoo",
        loader=loader,
        architecture=loader,
        config={"labels": ["face"]},
    )
