"""The ways to what was asked for, each made and ready to be compared with the module."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from operator import attrgetter
from pathlib import Path
from typing import Any

import torch

from zoo.models.precision.export import export
from zoo.models.precision.graph import Plan
from zoo.models.precision.kept import Kept
from zoo.models.precision.measure import Bench
from zoo.models.precision.quantise import WAYS, quantise, torch_dynamic
from zoo.models.precision.report import Trial
from zoo.models.precision.standin import Call
from zoo.models.precision.structure import Unfit
from zoo.models.precision.swapped import Swapped, weight_bytes
from zoo.models.precision.wanted import absent

__all__ = ["Candidate", "plain", "quantised"]

FLOAT = "onnxruntime, float32"
TORCH = "torch, int8 linear layers"


@dataclass(frozen=True, kw_only=True)
class Candidate:
    """One way, made.

    Attributes:
        method: in words.
        module: what would take the module's place.
        again: the outputs of a recorded call from it.
        size: bytes of its weights.
        plans: of its graphs; None for torch's own.
        folder: with its graphs.
    """

    method: str
    module: Any
    again: Callable[[Call], Any]
    size: int
    plans: Sequence[Mapping[str, Any]] | None = None
    folder: Path | None = None


def plain(module: torch.nn.Module, test: Callable[[], Bench], graphs: Kept, threads: int) -> Candidate | Trial:
    """The module on onnxruntime in float32, or the trial that says why that cannot be made.

    Args:
        module: torch's, in float32.
        test: gives the batches to try on; raises `Unfit` where the runner cannot be followed.
        graphs: where the graphs are kept: read from there, or exported now.
        threads: of onnxruntime.
    """
    if missing := absent():
        return Trial(method=FLOAT, verdict=f"it needs {', '.join(missing)}")
    calls = test().all_calls
    try:
        with graphs.locked():
            record = graphs.read() or graphs.write(lambda folder: {"plans": export(module, calls, folder)})
            return _graphs(FLOAT, module, record["plans"], graphs.folder, threads)
    except Unfit as error:
        return Trial(method=FLOAT, verdict=str(error))


def quantised(
    module: torch.nn.Module,
    source: Candidate | Trial,
    test: Callable[[], Bench],
    *,
    engine: str,
    work: Path,
    threads: int,
) -> Iterator[Candidate | Trial]:
    """Each way to 8 bits, or the trial that says why it cannot be made.

    Args:
        module: torch's, in float32.
        source: of `plain`; where there are no graphs only torch's way is left.
        test: gives the batches to try on.
        engine: `auto` for all.
        work: an empty folder.
        threads: of onnxruntime.
    """
    if engine in {"auto", "onnxruntime"} and isinstance(source, Candidate):
        for number, way in enumerate(WAYS):
            folder = work / str(number)
            folder.mkdir()
            yield _quantised(way, folder, source, test().all_calls, threads=threads)
    if engine in {"auto", "torch"}:
        yield _by_torch(module)


def _graphs(
    method: str, module: torch.nn.Module, plans: Sequence[Mapping[str, Any]], folder: Path, threads: int
) -> Candidate:
    made = Swapped.read(module, plans, folder, threads)
    return Candidate(method=method, module=made, again=made.again, size=made.nbytes, plans=plans, folder=folder)


def _quantised(way: str, folder: Path, source: Candidate, calls: Sequence[Call], *, threads: int) -> Candidate | Trial:
    try:
        for plan in [Plan(**row) for row in source.plans or ()]:
            feeds = source.module.feeds(calls, plan.path)
            quantise(way, (source.folder or folder) / plan.file, folder / plan.file, feeds)
        return _graphs(way, source.module._module, source.plans or (), folder, threads)
    except Unfit as error:
        return Trial(method=way, verdict=str(error))


def _by_torch(module: torch.nn.Module) -> Candidate | Trial:
    try:
        made = torch_dynamic(module)
    except Unfit as error:
        return Trial(method=TORCH, verdict=str(error))

    def again(call: Call) -> Any:
        with torch.inference_mode():
            return (attrgetter(call.path)(made) if call.path else made)(*call.args, **call.kwargs)

    return Candidate(method=TORCH, module=made, again=again, size=packed_bytes(made))


def packed_bytes(module: torch.nn.Module) -> int:
    """Bytes of the weights of a module that torch quantised, which hides them from `parameters()`."""
    total = weight_bytes(module)
    for part in module.modules():
        weight: Any = getattr(part, "weight", None)
        if callable(weight) and hasattr(part, "_packed_params"):
            total += weight().numel()
    return total
