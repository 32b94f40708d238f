"""What a plugin gives to be tried by: one model each, with what goes in, what must come out, and what it learns."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any

from zoo.cards import ModelCard
from zoo.plugin.finetuners import Target

__all__ = ["CASES_MODULE", "Case", "Lesson"]

CASES_MODULE = "conformance"  # a plugin's cases: `cases()` in `<its module>.conformance`, imported only to try it


@dataclass(frozen=True, kw_only=True)
class Lesson:
    """What an adapter is tried on: a few inputs with their labels, as `FineTuner.encode` takes them.

    Attributes:
        target: what is to be learnt.
        examples: inputs with labels, at least two; a head of classes needs every class.
        methods: those to try, of the adapter's; all of them when None.
        rate: the learning rate of the steps by which the loss must fall; the adapter's own when None.
    """

    target: Target
    examples: Sequence[tuple[Any, Any]]
    methods: tuple[str, ...] | None = None
    rate: float | None = None


@dataclass(frozen=True, kw_only=True)
class Case:
    """One model on which the conformance kit tries what a plugin promises.

    A plugin lists its cases in `cases()` of its module `conformance`. Without that module, the kit tries the smallest
    model of its cards that can be had, for each loader and task that the plugin declares.

    Attributes:
        task: what the model is run for.
        model: a ref: a card of the plugin, fetched where it is not here; or use `make`.
        make: writes a tiny model's files into the empty folder that it is given, and returns its card, whose id is
            free to choose; sources and files are filled in by the kit.
        inputs: what goes in, three or more; made by the kit for the task's kind of input when empty.
        options: of the runner, by name.
        bad: inputs that must be refused by an error of the zoo's own; broken ones of the kit when empty.
        golden: a JSON file, in the plugin's folder, with the results that the inputs must give: relative to the
            module `conformance`. Written by `zoo plugin check NAME --write-golden`.
        tolerance: by how much two numbers of equal results may differ, relative to the larger and 1.
        lesson: what its adapter is tried on, or a function that makes it; made by the kit for the task when None.
        random: its results differ from call to call by design; they are not compared.
    """

    task: str
    model: str | None = None
    make: Callable[[Path], ModelCard] | None = None
    inputs: Sequence[Any] = ()
    options: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}))
    bad: Sequence[Any] = ()
    golden: str | None = None
    tolerance: float = 1e-3
    lesson: Lesson | Callable[[], Lesson] | None = None
    random: bool = False
