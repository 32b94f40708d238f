"""An ONNX graph with the operations of U²-Net: two scales, a residual sum, two maps, sizes computed in the graph."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from zoo.cards import ModelCard
from zoo.errors import MissingDependency

__all__ = ["u2net"]

SIDE = 32
RESIZED = {"coordinate_transformation_mode": "pytorch_half_pixel", "mode": "linear"}


def u2net(folder: Path) -> ModelCard:
    """What stands out, by four convolutions; raises `MissingDependency` without `onnx`, which writes the graph."""
    try:
        import onnx
    except ImportError as error:
        raise MissingDependency("writing an ONNX graph needs onnx", '`pip install "zoo-registry[onnx]"`.') from error
    graph = _Graph()
    _inner(graph)
    _sizes(graph)
    graph.node("Resize", ["d", "none", "none", "sizes"], "e", **RESIZED)
    graph.node("Add", ["e", "b"], "f")
    graph.convolution("f", "side", (8, 1))
    graph.node("Concat", ["f", "side"], "g", axis=1)
    graph.convolution("g", "out", (9, 1), kernel=1)
    graph.node("Sigmoid", ["out"], "map")
    graph.node("Sigmoid", ["side"], "side_map")
    onnx.save(graph.model(), folder / "tiny.onnx")
    return ModelCard(
        id="tiny-u2net",
        task="image-segmentation",
        library="onnx",
        loader="onnx",
        architecture="u2net",
        config={
            "input_size": [3, SIDE, SIDE],
            "mean": [0.485, 0.456, 0.406],
            "std": [0.229, 0.224, 0.225],
            "labels": ["foreground"],
            "num_classes": 1,
        },
    )


def _inner(graph: _Graph) -> None:
    """Both scales of the picture."""
    graph.convolution("picture", "a", (3, 8))
    graph.node("Relu", ["a"], "b")
    graph.node("MaxPool", ["b"], "c", kernel_shape=[2, 2], strides=[2, 2], ceil_mode=1, pads=[0, 0, 0, 0])
    graph.convolution("c", "d", (8, 8))


def _sizes(graph: _Graph) -> None:
    """The size of the larger scale, in the roundabout way in which torch's exporter writes it."""
    graph.node("Shape", ["b"], "shape")
    for axis, place in (("high", 2), ("wide", 3)):
        graph.constant(f"{axis}_place", place)
        graph.node("Gather", ["shape", f"{axis}_place"], f"{axis}_alone", axis=0)
        graph.node("Unsqueeze", [f"{axis}_alone"], axis, axes=[0])
    graph.node("Concat", ["high", "wide"], "size", axis=0)
    graph.node("Shape", ["d"], "small")
    for name, values in (("start", [0]), ("end", [2]), ("axis", [0])):
        graph.constant(name, values)
    graph.node("Slice", ["small", "start", "end", "axis"], "first")
    graph.node("Cast", ["size"], "whole", to=7)  # to whole numbers
    graph.node("Concat", ["first", "whole"], "sizes", axis=0)
    graph.constant("none", [], float_=True)


class _Graph:
    """The nodes and weights of a graph, as they are added."""

    def __init__(self) -> None:
        import numpy as np

        self.numbers = np.random.default_rng(0)
        self.nodes: list[Any] = []
        self.weights: list[Any] = []

    def node(self, kind: str, given: list[str], name: str, **settings: Any) -> None:
        """One operation."""
        from onnx import helper

        self.nodes.append(helper.make_node(kind, given, [name], **settings))

    def constant(self, name: str, values: Any, *, float_: bool = False) -> None:
        """Whole numbers, or none of another type."""
        import numpy as np
        from onnx import TensorProto, helper

        array = np.asarray(values, dtype=np.int64)
        kind = TensorProto.FLOAT if float_ else TensorProto.INT64
        self.node("Constant", [], name, value=helper.make_tensor(name, kind, list(array.shape), array.reshape(-1)))

    def convolution(self, given: str, name: str, channels: tuple[int, int], kernel: int = 3) -> None:
        """A convolution from some channels to others, with random weights."""
        import numpy as np
        from onnx import numpy_helper

        shape = (channels[1], channels[0], kernel, kernel)
        arrays = self.numbers.normal(0, 0.3, shape), np.zeros(channels[1])
        names = [f"{name}.weight", f"{name}.bias"]
        for array, stored in zip(arrays, names, strict=True):
            self.weights.append(numpy_helper.from_array(array.astype(np.float32), stored))
        settings = {"kernel_shape": [kernel] * 2, "pads": [kernel // 2] * 4, "strides": [1, 1], "dilations": [1, 1]}
        self.node("Conv", [given, *names], name, **settings)

    def model(self) -> Any:
        """The graph, from a picture to two maps of its size."""
        from onnx import TensorProto, helper

        given = helper.make_tensor_value_info("picture", TensorProto.FLOAT, [1, 3, SIDE, SIDE])
        made = [helper.make_tensor_value_info(n, TensorProto.FLOAT, [1, 1, SIDE, SIDE]) for n in ("map", "side_map")]
        graph = helper.make_graph(self.nodes, "tiny", [given], made, self.weights)
        return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 11)], ir_version=6)
