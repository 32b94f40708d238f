"""Ways to a model of 8-bit integers on the CPU; which is best is measured, not assumed."""

from __future__ import annotations

import copy
import logging
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from zoo.models.precision.graph import one_line
from zoo.models.precision.structure import Unfit

if TYPE_CHECKING:
    import torch

__all__ = ["WAYS", "Feeds", "quantise", "torch_dynamic"]

Feeds = Sequence[Mapping[str, Any]]

PRODUCTS = ("MatMul", "Gemm")
FLOAT = 1  # onnx.TensorProto.FLOAT
ROWS = 1000  # of a table worth shrinking


def blocks(source: Path, target: Path, feeds: Feeds) -> None:
    """Matrix products in 8 bits with a scale for each block of 32 weights; activations likewise, as they come.

    The most exact way for transformers, whose activations have outliers that one scale for a whole tensor cannot hold.
    `accuracy_level=4` is onnxruntime's name for 8-bit activations.

    Raises:
        Unfit: the graph has no matrix product with weights.
    """
    from onnxruntime.quantization.matmul_nbits_quantizer import MatMulNBitsQuantizer

    model = _with_products(source, PRODUCTS[:1])  # not Gemm
    made = MatMulNBitsQuantizer(model, bits=8, block_size=32, is_symmetric=True, accuracy_level=4)
    made.process()
    made.model.save_model_to_file(str(target), use_external_data_format=False)


def dynamic(source: Path, target: Path, feeds: Feeds) -> None:
    """Matrix products in 8 bits with a scale for each channel of weights and one for all activations of a batch.

    Raises:
        Unfit: the graph has no matrix product with weights.
    """
    from onnxruntime.quantization import QuantType, quantize_dynamic

    model = _with_products(source, PRODUCTS)
    quantize_dynamic(model, target, op_types_to_quantize=list(PRODUCTS), per_channel=True, weight_type=QuantType.QInt8)


def static(source: Path, target: Path, feeds: Feeds) -> None:
    """Convolutions and what is around them in 8 bits, the range of activations found beforehand on `feeds`.

    Raises:
        Unfit: the graph is not mainly made of convolutions; elsewhere fixed ranges cannot hold the outliers.
    """
    import onnx
    from onnxruntime.quantization import QuantFormat, QuantType, quantize_static
    from onnxruntime.quantization.shape_inference import quant_pre_process

    model = onnx.load(source)
    if _weighted(model, ("Conv",)) <= _weighted(model, PRODUCTS):
        raise Unfit("it is not mainly made of convolutions")
    _forget_shapes(model)
    # given a model instead of a file, the quantiser moves the weights out of it and loses them
    plain, cleaned = target.with_suffix(".plain.onnx"), target.with_suffix(".clean.onnx")
    onnx.save(model, plain)
    try:
        quant_pre_process(plain, cleaned, skip_symbolic_shape=True)
        quantize_static(
            cleaned,
            target,
            _reader(feeds),
            quant_format=QuantFormat.QDQ,
            per_channel=True,
            activation_type=QuantType.QUInt8,
            weight_type=QuantType.QInt8,
        )
    finally:
        plain.unlink(missing_ok=True)
        cleaned.unlink(missing_ok=True)


_MAKERS: dict[str, Callable[[Path, Path, Feeds], None]] = {
    "onnxruntime, int8 matrix products scaled by blocks": blocks,
    "onnxruntime, int8 matrix products scaled by channels": dynamic,
    "onnxruntime, int8 convolutions": static,
}
WAYS = tuple(_MAKERS)


def quantise(way: str, source: Path, target: Path, feeds: Feeds) -> None:
    """Write the graph in 8 bits, in one of `WAYS`; raises `Unfit` where that cannot be."""
    try:
        with _quiet(), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            _MAKERS[way](source, target, feeds)
    except Unfit:
        raise
    except Exception as error:  # the quantiser raises what it meets
        raise Unfit(f"onnxruntime cannot quantise it: {one_line(error)}") from error


@contextmanager
def _quiet() -> Iterator[None]:
    """The quantisers advise their callers, some through the root logger."""
    names = (None, "onnxruntime.quantization.shape_inference", "onnxruntime.quantization.matmul_nbits_quantizer")
    logs = [logging.getLogger(name) for name in names]
    before = [log.level for log in logs]
    try:
        for log in logs:
            log.setLevel(logging.CRITICAL)
        yield
    finally:
        for log, level in zip(logs, before, strict=True):
            log.setLevel(level)


def torch_dynamic(module: torch.nn.Module) -> torch.nn.Module:
    """A copy of the module with its linear layers in 8 bits, by torch; raises `Unfit` where it cannot be."""
    import torch

    linear = [part for part in module.modules() if isinstance(part, torch.nn.Linear)]
    make = getattr(getattr(torch.ao, "quantization", None), "quantize_dynamic", None)
    if make is None or "fbgemm" not in torch.backends.quantized.supported_engines:
        raise Unfit("this torch has no 8-bit linear layers for this processor")
    if not linear:
        raise Unfit("it has no linear layers")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            made: torch.nn.Module = make(copy.deepcopy(module), {torch.nn.Linear}, dtype=torch.qint8, inplace=True)
    except Exception as error:  # copying runs code of the model's own
        raise Unfit(f"torch cannot quantise it: {one_line(error)}") from error
    return made


def _with_products(source: Path, kinds: Sequence[str]) -> Any:
    """The graph, ready for its products to be quantised, its tables of word vectors in 8 bits already."""
    import onnx

    model = onnx.load(source)
    if not _weighted(model, kinds):
        raise Unfit("it has no matrix products of this kind")
    _forget_shapes(model)
    for name in _tables(model):
        _shrink_table(model, name)
    return model


def _tables(model: Any) -> list[str]:
    """Large float tables of which rows are gathered, and nothing else is done with them."""
    used: dict[str, set[bool]] = {}
    for node in model.graph.node:
        axis = next((item.i for item in node.attribute if item.name == "axis"), 0)
        for at, name in enumerate(node.input):
            used.setdefault(name, set()).add(node.op_type == "Gather" and at == 0 and axis == 0)
    return [
        item.name
        for item in model.graph.initializer
        if len(item.dims) == 2 and item.data_type == FLOAT and item.dims[0] >= ROWS and used.get(item.name) == {True}
    ]


def _shrink_table(model: Any, name: str) -> None:
    """Put rows of 8-bit numbers with a scale for each row in a table's place, multiplied after they were gathered."""
    import numpy as np
    from onnx import helper, numpy_helper

    graph = model.graph
    table = next(item for item in graph.initializer if item.name == name)
    rows = numpy_helper.to_array(table)
    scale = np.maximum(np.abs(rows).max(axis=1, keepdims=True) / 127, np.finfo(np.float32).tiny).astype(np.float32)
    graph.initializer.remove(table)
    graph.initializer.append(numpy_helper.from_array(np.rint(rows / scale).astype(np.int8), f"{name}_int8"))
    graph.initializer.append(numpy_helper.from_array(scale, f"{name}_scale"))
    nodes = []
    for node in graph.node:
        if name not in node.input:
            nodes.append(node)
            continue
        made, where = node.output[0], node.input[1]
        nodes += [
            helper.make_node("Gather", [f"{name}_int8", where], [f"{made}_int8"], axis=0),
            helper.make_node("Gather", [f"{name}_scale", where], [f"{made}_scale"], axis=0),
            helper.make_node("Cast", [f"{made}_int8"], [f"{made}_float"], to=FLOAT),
            helper.make_node("Mul", [f"{made}_float", f"{made}_scale"], [made]),
        ]
    del graph.node[:]
    graph.node.extend(nodes)


def _weighted(model: Any, kinds: Sequence[str]) -> int:
    """How many operations of these kinds have weights."""
    weights = {item.name for item in model.graph.initializer}
    return sum(node.op_type in kinds and any(name in weights for name in node.input[1:2]) for node in model.graph.node)


def _forget_shapes(model: Any) -> None:
    """The quantiser infers shapes anew and stops where the exporter's notes on inner values say otherwise."""
    del model.graph.value_info[:]


def _reader(feeds: Feeds) -> Any:
    from onnxruntime.quantization import CalibrationDataReader

    class Reader(CalibrationDataReader):  # type: ignore[misc]
        def __init__(self) -> None:
            self.rows = iter(feeds)

        def get_next(self) -> Any:
            return next(self.rows, None)

    return Reader()
