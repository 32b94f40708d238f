"""What takes a module's place: graphs for what its runner calls, the module without its weights for the rest."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import torch

from zoo.errors import BadOption
from zoo.models.precision.graph import Graph, Plan
from zoo.models.precision.standin import Call, StandIn

__all__ = ["Swapped", "free_weights", "weight_bytes"]

SMALL = 4096  # elements; smaller tensors are kept: runners read scales, biases and temperatures


class Swapped(StandIn):
    """A module whose calls are run by onnxruntime.

    Attributes:
        nbytes: of its graphs' weights.
    """

    def __init__(self, module: torch.nn.Module, graphs: Mapping[str, Graph]) -> None:
        super().__init__(module, self._run)
        self.__dict__.update(_graphs=dict(graphs), nbytes=sum(graph.nbytes for graph in graphs.values()))

    @classmethod
    def read(cls, module: torch.nn.Module, plans: Sequence[Mapping[str, Any]], folder: Path, threads: int) -> Swapped:
        """From a folder of graphs; raises `Unfit` when onnxruntime cannot run one."""
        read = [Plan(**plan) for plan in plans]
        return cls(module, {plan.path: Graph(plan, folder / plan.file, threads=threads) for plan in read})

    @property
    def device(self) -> torch.device:
        """Where inputs are to be."""
        return torch.device("cpu")

    @property
    def training(self) -> bool:
        """Never: a graph cannot be trained."""
        return False

    def to(self, *args: Any, **kwargs: Any) -> Swapped:
        """Itself: it stays on the CPU and in its precision; `BadOption` for another kind of device."""
        given = [*args, *kwargs.values()]
        kinds = [torch.device(item).type for item in given if isinstance(item, str | torch.device)]
        if any(kind != "cpu" for kind in kinds):
            raise BadOption(f"a graph made for the CPU does not run on {kinds[0]}", "Load the model for that device.")
        return self

    def cpu(self) -> Swapped:
        """Itself."""
        return self

    def eval(self) -> Swapped:
        """Itself."""
        return self

    def train(self, mode: bool = True) -> Swapped:
        """Itself, for `mode=False`; raises `BadOption` otherwise."""
        if mode:
            raise BadOption("a model on onnxruntime cannot be trained", "Load it without engine= and quantize=.")
        return self

    def again(self, call: Call) -> Any:
        """The outputs of a recorded call."""
        return self._graphs[call.path](call.args, call.kwargs)

    def feeds(self, calls: Sequence[Call], path: str) -> list[dict[str, Any]]:
        """The inputs of a path's graph in recorded calls."""
        graph = self._graphs[path]
        return [graph.feeds(graph.tensors(call.args, call.kwargs)) for call in calls if call.path == path]

    def _run(self, path: str, run: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        graph = self._graphs.get(path)
        return run(*args, **kwargs) if graph is None else graph(args, kwargs)


def weight_bytes(module: torch.nn.Module) -> int:
    """Bytes of a module's parameters and buffers, shared ones counted once."""
    tensors = {id(tensor): tensor.nbytes for tensor in (*module.parameters(), *module.buffers())}
    return sum(tensors.values())


def free_weights(module: torch.nn.Module) -> None:
    """Put a module's large tensors on the meta device, where they have shapes and no memory, in place."""
    for part in module.modules():
        for name, parameter in part._parameters.items():
            if parameter is not None and parameter.numel() > SMALL:
                part._parameters[name] = torch.nn.Parameter(parameter.to("meta"), requires_grad=False)
        for name, buffer in part._buffers.items():
            if buffer is not None and buffer.numel() > SMALL:
                part._buffers[name] = buffer.to("meta")
