"""From recorded calls of a module to ONNX graphs, by torch's own exporter."""

from __future__ import annotations

import contextlib
import logging
import threading
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from operator import attrgetter
from pathlib import Path
from typing import Any

import torch

from zoo.models.precision.graph import Plan, input_name, one_line
from zoo.models.precision.standin import Call
from zoo.models.precision.structure import Shape, Unfit, flatten, rebuild

__all__ = ["OPSET", "export"]

OPSET = 20
_EXPORTER = threading.Lock()  # torch's exporter keeps state for the whole process while it traces
LARGEST = 1_900_000_000  # a protobuf file ends at 2 GiB


class _Called(torch.nn.Module):
    """A call as a module of its own: a list of tensors in, a list of tensors out."""

    def __init__(self, module: torch.nn.Module, path: str, inputs: Shape) -> None:
        super().__init__()
        self.module = module
        self.path = path
        self.inputs = inputs

    def forward(self, tensors: list[torch.Tensor]) -> list[torch.Tensor]:
        args, kwargs = rebuild(self.inputs, tensors)
        target: Any = attrgetter(self.path)(self.module) if self.path else self.module
        return flatten(target(*args, **kwargs), strict=False)[0]


def export(module: torch.nn.Module, calls: Sequence[Call], folder: Path) -> list[dict[str, Any]]:
    """Write a graph for each path that was called.

    Args:
        module: in evaluation mode, on the CPU.
        calls: of batches of several sizes: what differs between two calls of a path is left open in its graph.
        folder: where the files go.

    Returns:
        `Plan`s as dicts.

    Raises:
        Unfit: why it cannot be a graph.
    """
    weights = sum(tensor.nbytes for tensor in (*module.parameters(), *module.buffers()))
    if weights > LARGEST:
        raise Unfit(f"its weights of {weights / 1e9:.1f} GB do not fit into one ONNX file of at most 2 GB")
    by_path: dict[str, list[Call]] = {}
    for call in calls:
        by_path.setdefault(call.path, []).append(call)
    return [
        asdict(_export_path(module, path, group, folder / f"{number}.onnx"))
        for number, (path, group) in enumerate(sorted(by_path.items()))
    ]


def _export_path(module: torch.nn.Module, path: str, calls: Sequence[Call], target: Path) -> Plan:
    taken = [flatten((call.args, call.kwargs), strict=True) for call in calls]
    tensors, inputs = taken[0]
    outputs = flatten(calls[0].output, strict=False)[1]
    if any(shape != inputs for _, shape in taken):
        raise Unfit(f"its runner calls {path or 'it'} in several forms, or with values that change")
    if not tensors:
        raise Unfit(f"{path or 'it'} is called without tensors")
    example, open_axes = _example([tensors for tensors, _ in taken])
    _write(_Called(module, path, inputs).eval(), example, open_axes, target)
    dtypes = [str(tensor.dtype).removeprefix("torch.") for tensor in tensors]
    return Plan(path=path, file=target.name, inputs=inputs, dtypes=dtypes, outputs=outputs)


def _example(calls: Sequence[Sequence[torch.Tensor]]) -> tuple[Sequence[torch.Tensor], list[dict[int, Any]]]:
    """The tensors to export with, and for each its axes that differ between calls.

    The exporter takes axes of one size for one axis, and those of size 1 for fixed: the call is taken in which open
    axes have the most different sizes, none of them 1.
    """
    open_axes: list[set[int]] = []
    for same in zip(*calls, strict=True):
        if len({tensor.ndim for tensor in same}) > 1:
            raise Unfit("it is called with tensors of several ranks")
        open_axes.append({axis for axis in range(same[0].ndim) if len({tensor.shape[axis] for tensor in same}) > 1})

    def fitness(tensors: Sequence[torch.Tensor]) -> tuple[bool, int, int]:
        sizes = [tensor.shape[axis] for tensor, axes in zip(tensors, open_axes, strict=True) for axis in axes]
        return (1 not in sizes, len(set(sizes)), -sum(sizes))

    auto = torch.export.Dim.AUTO
    return max(calls, key=fitness), [dict.fromkeys(sorted(axes), auto) for axes in open_axes]


def _write(module: _Called, tensors: Sequence[torch.Tensor], open_axes: list[dict[int, Any]], target: Path) -> None:
    # inference tensors cannot be traced
    example = [tensor.detach().clone() for tensor in tensors]
    try:
        with _EXPORTER, _quiet(), torch.no_grad():
            program = torch.onnx.export(
                module,
                (example,),
                dynamo=True,
                dynamic_shapes=(open_axes,),
                input_names=[input_name(number) for number in range(len(example))],
                opset_version=OPSET,
                external_data=False,
                verbose=False,
            )
            program.save(target, external_data=False)  # type: ignore[union-attr]
    except Exception as error:  # the exporter runs the model's code, which may fail in any way
        raise Unfit(f"torch's exporter cannot turn it into a graph: {one_line(error)}") from error


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """The exporter prints, logs and warns about what its user cannot change."""
    logs = [logging.getLogger(name) for name in ("torch.onnx", "torch.export", "onnxscript", "onnx_ir")]
    before = [log.level for log in logs]
    try:
        for log in logs:
            log.setLevel(logging.CRITICAL)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        for log, level in zip(logs, before, strict=True):
            log.setLevel(level)
