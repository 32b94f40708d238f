"""One model on the sample: how fast it is here, and what its features say of the labels; asked once, and kept."""

from __future__ import annotations

import json
import os
import statistics
import time
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from zoo.cards import digest
from zoo.choosing.logme import logme, targets_of
from zoo.choosing.neighbours import neighbours_score
from zoo.choosing.recommendation import Limits
from zoo.choosing.sampling import Sample
from zoo.devices.container import cpu_count
from zoo.errors import BadData
from zoo.finetuning.features import feature_model, features_key, features_of
from zoo.finetuning.probe import fit_probe
from zoo.models.failing import Failure
from zoo.store.disk import writing

if TYPE_CHECKING:
    from zoo.models import Model
    from zoo.registry import Pulled, Registry

__all__ = ["Measured", "OverLimit", "Pace", "Report", "check_limits", "measure", "pace_of", "read_kept", "write_kept"]

Report = Callable[[str, int, "int | None"], None]

_FORMAT = "measured-1"
_WARM = 16  # inputs that are run before time is taken
_ROUNDS = 8
_SECONDS = 2.0  # of measuring, about


class OverLimit(Exception):
    """The model is slower or larger than was asked for; the text says by how much. Never leaves this room."""


@dataclass(frozen=True, kw_only=True)
class Pace:
    """What running a model costs here: milliseconds for an input, parameters, and bytes of its weights in memory."""

    ms: float
    parameters: int | None
    memory: int | None


@dataclass(frozen=True, kw_only=True)
class Measured:
    """What was found of one model.

    Attributes:
        pace: its cost.
        score, error: of the probe, cross-validated; None where there were too few examples of each class.
        shares: what each held-out example adds to the score, in the order of the sample.
        neighbours, neighbours_count, logme: second opinions.
    """

    pace: Pace
    score: float | None
    error: float | None
    shares: list[float]
    neighbours: float
    neighbours_count: int
    logme: float


def measure(
    registry: Registry,
    pulled: Pulled,
    sample: Sample,
    *,
    limits: Limits,
    seed: int,
    device: str,
    batch: int | None,
    report: Report,
) -> tuple[Measured, float]:
    """A model's numbers, and the seconds that they took; those of an earlier call are taken from the cache.

    Raises:
        OverLimit: it is slower than `limits.ms`, or has more parameters than `limits.params`.
        BadData: it cannot use the inputs, or gives no finite features.
        ZooError: it cannot be loaded.
    """
    began = time.perf_counter()
    folder = registry.cache / "recommend"
    key = features_key(registry, pulled, sample.task)
    here = [key, sample.split.hashed().hashes, device, batch, cpu_count()]
    pace_path = folder / f"{digest([_FORMAT, 'pace', here])}.json"
    told = read_kept(pace_path)
    pace = Pace(**told) if told else None
    if pace is None:
        with feature_model(registry, pulled, sample.task, device=device, batch=batch) as model:
            pace = pace_of(model, sample.split.inputs)
        write_kept(registry, pace_path, asdict(pace))
    check_limits(pace, limits)
    path = folder / f"{digest([_FORMAT, here, sample.split.identity, sample.kind, seed])}.json"
    known = read_kept(path)
    if known is not None:
        report("features", len(sample.split), len(sample.split))
        return Measured(pace=pace, **known), 0.0
    features = features_of(
        registry,
        pulled,
        sample.task,
        sample.split,
        device=device,
        batch=batch,
        report=lambda number: report("features", number, len(sample.split)),
    )
    found = _judged(features, sample, seed)
    write_kept(registry, path, found)
    return Measured(pace=pace, **found), time.perf_counter() - began


def _judged(features: Any, sample: Sample, seed: int) -> dict[str, Any]:
    labels, kind = sample.split.labels, sample.kind
    probe = fit_probe(features, labels, kind=kind, seed=seed)
    targets = targets_of(labels, kind)
    near, number = neighbours_score(features, targets, kind)
    return {
        "score": probe.score,
        "error": probe.error,
        "shares": [] if probe.shares is None else [round(float(share), 6) for share in probe.shares],
        "neighbours": near,
        "neighbours_count": number,
        "logme": logme(features, targets),
    }


def check_limits(pace: Pace, limits: Limits) -> None:
    """Raise `OverLimit` for what costs more than was asked for."""
    if limits.ms is not None and pace.ms > limits.ms:
        raise OverLimit(f"{pace.ms:.1f} ms for an input here, more than {limits.ms:g}")
    if limits.params is None:
        return
    if pace.parameters is None:
        raise OverLimit("how many parameters it has is not stated, and cannot be counted")
    if pace.parameters > limits.params:
        raise OverLimit(f"{pace.parameters:,} parameters, more than {limits.params:,}")


def pace_of(model: Model, inputs: Sequence[Any], options: Any = None, *, warm: int = _WARM) -> Pace:
    """The median over rounds, after a first one that is not counted: what is set up once does not count.

    Args:
        model: opened.
        inputs: to run it on.
        options: of its runner.
        warm: how many make a round, at least.

    Raises:
        BadData: it could use none of those that it was run on.
    """
    size = max(warm, model.engine.batch)
    refused = _run(model, inputs[:size], options)
    found: list[float] = []
    began = time.perf_counter()
    for turn in range(_ROUNDS):
        part = [inputs[(turn * size + place) % len(inputs)] for place in range(size)]
        start = time.perf_counter()
        again = _run(model, part, options)
        refused = refused and again
        now = time.perf_counter()
        found.append((now - start) * 1000 / size)
        if now - began > _SECONDS:
            break
    if refused:
        raise BadData(f"it can use none of the inputs: {refused}")
    parameters, memory = _size(model.engine.module)
    return Pace(ms=statistics.median(found), parameters=parameters, memory=memory)


def _run(model: Model, inputs: Sequence[Any], options: Any) -> str:
    """Why it could use none of the inputs; empty where it could use one."""
    results = model.engine.run(list(inputs), options, "return")
    with closing(results):  # type: ignore[type-var]  # a generator, whose threads end with it
        failed = [result for result in results if isinstance(result, Failure)]
    return failed[0].error.cause if len(failed) == len(inputs) else ""


def _size(module: Any) -> tuple[int | None, int | None]:
    """Parameters, and bytes of them with the buffers; of engines other than torch what they say themselves."""
    import torch

    if not isinstance(module, torch.nn.Module):
        return None, getattr(module, "nbytes", None)
    parameters = list(module.parameters())
    tensors = [*parameters, *module.buffers()]
    return sum(p.numel() for p in parameters), sum(t.numel() * t.element_size() for t in tensors)


def read_kept(path: Path) -> dict[str, Any] | None:
    """What was kept there; None where nothing is, or nothing that can be read."""
    try:
        made = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return made if isinstance(made, dict) else None


def write_kept(registry: Registry, path: Path, content: dict[str, Any]) -> None:
    """Keep numbers in the zoo's cache, whole or not at all."""
    with writing(registry.cache):
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary = path.with_name(f".{path.name}.{os.getpid()}")
        temporary.write_text(json.dumps(content), encoding="utf-8")
        temporary.replace(path)
