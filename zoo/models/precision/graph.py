"""ONNX graphs on onnxruntime, in the place of calls of a torch module."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from zoo.errors import BadData, BadOption
from zoo.models.precision.structure import Shape, Unfit, flatten, rebuild

__all__ = ["Graph", "Plan", "input_name", "one_line", "session"]


@dataclass(frozen=True, kw_only=True)
class Plan:
    """How one call is mapped on a graph's inputs and outputs.

    Attributes:
        path: what is called: a part or method of the module, empty for the module itself.
        file: the graph's file name.
        inputs: shape of the call's `(args, kwargs)`.
        dtypes: of the input tensors, as torch names them.
        outputs: shape of what it gives.
    """

    path: str
    file: str
    inputs: Shape
    dtypes: Sequence[str]
    outputs: Shape


def session(path: Path, *, threads: int) -> Any:
    """An onnxruntime session of a graph; raises `Unfit` when it cannot be read.

    Threads do not spin while they wait, and what a batch took is given back after it: several models share the
    machine.
    """
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    try:
        return onnxruntime.InferenceSession(path, sess_options=options, providers=["CPUExecutionProvider"])
    except Exception as error:  # onnxruntime's errors share no base class
        raise Unfit(f"onnxruntime cannot run its graph: {one_line(error)}") from error


class Graph:
    """One graph, called as the module was: tensors in, tensors out, on the device of the inputs. Thread-safe."""

    def __init__(self, plan: Plan, path: Path, *, threads: int) -> None:
        import onnxruntime

        self.plan = plan
        self.nbytes = path.stat().st_size
        self._session = session(path, threads=threads)
        self._taken = {item.name for item in self._session.get_inputs()}
        self._run_options = onnxruntime.RunOptions()
        self._run_options.add_run_config_entry("memory.enable_memory_arena_shrinkage", "cpu:0")

    def __call__(self, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Any:
        """The outputs, as the module would give them.

        Raises:
            BadOption: the call is of another form than the graph was made for.
            MemoryError: the batch does not fit.
            BadData: onnxruntime cannot run this batch.
        """
        tensors = self.tensors(args, kwargs)
        try:
            found = self._session.run(None, self.feeds(tensors), self._run_options)
        except Exception as error:  # onnxruntime's errors share no base class
            text = str(error).lower()
            if "allocat" in text or "out of memory" in text:
                raise MemoryError("onnxruntime could not allocate memory") from error
            raise BadData(
                f"onnxruntime cannot run this batch: {one_line(error)}", "Load the model without engine= and quantize=."
            ) from error
        where = tensors[0].device
        return rebuild(self.plan.outputs, [torch.from_numpy(array).to(where) for array in found])

    def tensors(self, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> list[torch.Tensor]:
        """The tensors of a call, after its form was compared."""
        try:
            tensors, shape = flatten((args, dict(kwargs)), strict=True)
        except Unfit as error:
            raise _other_form(self.plan, str(error)) from error
        if shape != self.plan.inputs:
            raise _other_form(self.plan, "its arguments are others")
        return tensors

    def feeds(self, tensors: Sequence[torch.Tensor]) -> dict[str, Any]:
        """The graph's inputs by name; arrays that share the tensors' memory where that can be."""
        named = {input_name(number): tensor for number, tensor in enumerate(tensors)}
        return {
            name: tensor.detach().to("cpu", getattr(torch, dtype)).contiguous().numpy()
            for (name, tensor), dtype in zip(named.items(), self.plan.dtypes, strict=True)
            if name in self._taken
        }


def input_name(number: int) -> str:
    """The name of a graph's input."""
    return f"input_{number}"


def _other_form(plan: Plan, why: str) -> BadOption:
    return BadOption(
        f"the graph cannot take this call of {plan.path or 'the model'}: {why} than those it was made with",
        "Load the model without engine= and quantize= to use it with these options or inputs.",
    )


def one_line(error: BaseException) -> str:
    """An error's first line, cut."""
    return (str(error).strip().splitlines() or [type(error).__name__])[0][:200]
