"""A network of convolutions in an ONNX graph as a torch module that can be trained, and its weights put back.

It knows the few operations that such graphs are made of (U²-Net, U-Nets) and refuses others by name. Other sizes and
batches than the graph declares can be run, as sizes are computed from the input's.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn
from torch.nn.functional import interpolate, max_pool2d

from zoo.errors import IntegrityError, MissingDependency, UnsupportedFormat

if TYPE_CHECKING:
    from onnx import ModelProto

__all__ = ["GraphModule", "read_graph", "write_graph"]


@dataclass(frozen=True, kw_only=True)
class Step:
    """One operation: its kind, the names of its inputs and of its output, and its settings."""

    kind: str
    inputs: tuple[str, ...]
    output: str
    settings: Mapping[str, Any]


class GraphModule(nn.Module):
    """A graph's convolutions, run in the graph's order.

    Attributes:
        layers: the convolutions, `conv0`, `conv1`, … in the graph's order.
        origins: of each, the names of weight and bias in the graph.
        blocks: names of the convolutions up to each residual sum, one tuple a sum; the last holds what comes after.
    """

    def __init__(self, steps: list[Step], convolutions: Mapping[str, nn.Conv2d], given: str, made: list[str]) -> None:
        super().__init__()
        self.layers = nn.ModuleDict(convolutions)
        self.steps, self.given, self.made = steps, given, made
        self.origins: dict[str, tuple[str, str]] = {
            step.settings["layer"]: step.settings["weights"] for step in steps if step.kind == "Conv"
        }
        self.constants: dict[str, Tensor] = {}

    @property
    def blocks(self) -> list[list[str]]:
        """See the class."""
        made: list[list[str]] = [[]]
        for step in self.steps:
            if step.kind == "Conv":
                made[-1].append(f"layers.{step.settings['layer']}")
            elif step.kind == "Add":
                made.append([])
        return made

    def forward(self, pixels: Tensor) -> list[Tensor]:
        """The graph's outputs for pictures (batch, 3, height, width); of a final sigmoid, what goes into it."""
        known: dict[str, Any] = {**self.constants, self.given: pixels}
        for step in self.steps:
            given = [known[name] if name else None for name in step.inputs]
            if step.kind == "Conv":
                known[step.output] = self.layers[step.settings["layer"]](given[0])
            else:
                known[step.output] = _OPERATIONS[step.kind](given, step.settings)
        return [known[name] for name in self.made]


def read_graph(path: Path) -> GraphModule:
    """The module of a graph with one input of pictures.

    Raises:
        MissingDependency: `onnx` is not installed.
        IntegrityError: the file is no ONNX graph.
        UnsupportedFormat: it has an operation that is not known here.
    """
    from onnx import numpy_helper

    graph = _read(path).graph
    constants = {one.name: torch.from_numpy(numpy_helper.to_array(one).copy()) for one in graph.initializer}
    steps: list[Step] = []
    convolutions: dict[str, nn.Conv2d] = {}
    for node in graph.node:
        settings = {one.name: _setting(one) for one in node.attribute}
        if node.op_type == "Constant":
            constants[node.output[0]] = settings["value"]
            continue
        if node.op_type == "Conv":
            layer = f"conv{len(convolutions)}"
            convolutions[layer] = _convolution(node.input, settings, constants, path)
            settings |= {"layer": layer, "weights": tuple(node.input[1:3])}
        elif node.op_type not in _OPERATIONS:
            raise UnsupportedFormat(f"{path.name}: the operation {node.op_type} cannot be trained here")
        inputs = tuple(node.input[:1] if node.op_type == "Conv" else node.input)
        steps.append(Step(kind=node.op_type, inputs=inputs, output=node.output[0], settings=settings))
    weights = {one.name for one in graph.initializer}
    given = next(one.name for one in graph.input if one.name not in weights)
    steps, made = _without_last_sigmoids(steps, [one.name for one in graph.output])
    module = GraphModule(steps, convolutions, given, made)
    used = {name for step in steps for name in step.inputs}
    module.constants = {name: tensor for name, tensor in constants.items() if name in used}
    return module


def write_graph(module: GraphModule, base: Path, path: Path) -> None:
    """The graph of `base` with the module's weights, at `path`."""
    import onnx
    from onnx import numpy_helper

    model = _read(base)
    stored = {one.name: one for one in model.graph.initializer}
    for layer, names in module.origins.items():
        convolution = module.layers[layer]
        for name, tensor in zip(names, (convolution.weight, convolution.bias), strict=True):
            array = tensor.detach().float().cpu().numpy()
            stored[name].CopyFrom(numpy_helper.from_array(array, name))
    path.write_bytes(model.SerializeToString())
    onnx.checker.check_model(model)


def _read(path: Path) -> ModelProto:
    try:
        import onnx
    except ImportError as error:
        raise MissingDependency(
            "training a model that is an ONNX graph needs onnx", '`pip install "zoo-registry[onnx]"`.'
        ) from error
    try:
        return onnx.load(path, load_external_data=False)
    except Exception as error:  # protobuf's errors differ between its versions
        raise IntegrityError(f"{path.name} is not an ONNX graph: {error}") from error


def _setting(attribute: Any) -> Any:
    from onnx import TensorProto, helper, numpy_helper

    value = helper.get_attribute_value(attribute)
    if isinstance(value, TensorProto):
        return torch.from_numpy(numpy_helper.to_array(value).copy())
    return value.decode() if isinstance(value, bytes) else value


def _convolution(inputs: Any, settings: Mapping[str, Any], constants: Mapping[str, Tensor], path: Path) -> nn.Conv2d:
    weight, bias = (constants.get(name) for name in inputs[1:3]) if len(inputs) == 3 else (None, None)
    pads = settings.get("pads", [0, 0, 0, 0])
    if weight is None or bias is None or weight.ndim != 4 or pads[:2] != pads[2:]:
        raise UnsupportedFormat(f"{path.name}: the convolution {inputs[0]} is of a form that cannot be trained here")
    made = nn.Conv2d(
        weight.shape[1] * settings.get("group", 1),
        weight.shape[0],
        (weight.shape[2], weight.shape[3]),
        stride=tuple(settings.get("strides", (1, 1))),
        padding=tuple(pads[:2]),
        dilation=tuple(settings.get("dilations", (1, 1))),
        groups=settings.get("group", 1),
        device="meta",
    )
    made.weight, made.bias = nn.Parameter(weight), nn.Parameter(bias)
    return made


def _without_last_sigmoids(steps: list[Step], outputs: list[str]) -> tuple[list[Step], list[str]]:
    """The steps without sigmoids that make outputs, and the names of what went into those."""
    last = {step.output: step for step in steps if step.kind == "Sigmoid" and step.output in outputs}
    kept = [step for step in steps if step.output not in last]
    return kept, [last[name].inputs[0] if name in last else name for name in outputs]


def _gather(given: list[Any], settings: Mapping[str, Any]) -> Tensor:
    axis, places = settings.get("axis", 0), given[1]
    made: Tensor = given[0].index_select(axis, places.reshape(-1))
    return made.reshape((*given[0].shape[:axis], *places.shape, *given[0].shape[axis + 1 :]))


def _unsqueeze(given: list[Any], settings: Mapping[str, Any]) -> Tensor:
    made: Tensor = given[0]
    for axis in settings["axes"]:
        made = made.unsqueeze(axis)
    return made


def _slice(given: list[Any], settings: Mapping[str, Any]) -> Tensor:
    starts, ends, axes, *steps = (one.tolist() for one in given[1:])
    made: Tensor = given[0]
    for axis, start, end, step in zip(axes, starts, ends, steps[0] if steps else [1] * len(axes), strict=True):
        made = made[(slice(None),) * axis + (slice(start, end, step),)]
    return made


def _resize(given: list[Any], settings: Mapping[str, Any]) -> Tensor:
    """Linear, with torch's own half-pixel coordinates, to the sizes that the fourth input gives."""
    if settings.get("mode") != "linear" or settings.get("coordinate_transformation_mode") != "pytorch_half_pixel":
        raise UnsupportedFormat(f"resizing by {settings.get('mode')} cannot be trained here")
    return interpolate(given[0], size=given[3].tolist()[2:], mode="bilinear", align_corners=False)


def _pool(given: list[Any], settings: Mapping[str, Any]) -> Tensor:
    pads = settings.get("pads", [0, 0, 0, 0])
    return max_pool2d(
        given[0],
        settings["kernel_shape"],
        settings.get("strides"),
        pads[:2],
        ceil_mode=bool(settings.get("ceil_mode", 0)),
    )


_OPERATIONS: Mapping[str, Callable[[list[Any], Mapping[str, Any]], Any]] = MappingProxyType(
    {
        "Add": lambda given, settings: given[0] + given[1],
        "Cast": lambda given, settings: given[0].long() if settings["to"] == 7 else given[0].float(),
        "Concat": lambda given, settings: torch.cat(given, settings["axis"]),
        "Gather": _gather,
        "MaxPool": _pool,
        "Relu": lambda given, settings: given[0].relu(),
        "Resize": _resize,
        "Shape": lambda given, settings: torch.tensor(given[0].shape),
        "Sigmoid": lambda given, settings: given[0].sigmoid(),
        "Slice": _slice,
        "Unsqueeze": _unsqueeze,
    }
)
