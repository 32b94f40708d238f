"""The handle of a loaded model."""

from __future__ import annotations

import itertools
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any

from zoo.cards import ModelCard
from zoo.data import Item, expand
from zoo.data.series import is_numbers
from zoo.data.web import with_content
from zoo.errors import ZooError
from zoo.models.engine import Engine, OnError, Progress
from zoo.models.options import read_options
from zoo.tasks import TASKS, Task

if TYPE_CHECKING:
    import torch

    from zoo.devices import Lease
    from zoo.models.others import Others
    from zoo.models.precision import Report

__all__ = ["Model"]

_SEVERAL_FILES = {"image", "audio", "series"}


class Model:
    """A model, loaded for one task. Made by `zoo.load`; usable as a context manager that unloads it at the end.

    Attributes:
        card: what is known of it.
        revision: sha256 of its files' manifest.
        task: what it was loaded for.
        device: where it runs, as torch writes it; where inputs go, when it is spread over several.
        dtype: its floating-point type.
    """

    def __init__(
        self,
        *,
        card: ModelCard,
        revision: str,
        task: str,
        engine: Engine,
        lease: Lease,
        dtype: torch.dtype,
        others: Others,
        provenance: Callable[[], Mapping[str, Any]],
    ) -> None:
        self.card = card
        self.revision = revision
        self.task = task
        self.device = lease.device
        self.dtype = dtype
        self._engine: Engine | None = engine
        self._lease = lease
        self._others = others
        self._provenance = provenance
        self._handed_out = False
        self._doing: Mapping[str, Callable[..., Any]] = {}

    def can(self, **doing: Callable[..., Any]) -> None:
        """What else can be done with it: the zoo that loaded it gives `finetune` and `evaluate`."""
        self._doing = doing

    @property
    def engine(self) -> Engine:
        """The batching engine; raises `ZooError` after `unload()`."""
        if self._engine is None:
            raise ZooError(f"{self.card.id} was unloaded", f"Load it again: zoo.load({self.card.id!r}).")
        return self._engine

    @property
    def module(self) -> Any:
        """The raw `torch.nn.Module` (or the object of another engine), on its device.

        It pins the model: what is in your own hands is never moved away under them.
        """
        engine = self.engine
        if not self._handed_out:
            self._lease.pin()
            self._handed_out = True
        return engine.module

    def pin(self) -> None:
        """Keep the model on its device, whatever else needs room, until `unpin()` or `unload()`; counted."""
        _ = self.engine
        self._lease.pin()

    def unpin(self) -> None:
        """Take one `pin()` back."""
        _ = self.engine
        self._lease.unpin()

    @contextmanager
    def turn(self) -> Iterator[Any]:
        """The module to oneself: nothing else runs on its device until the block ends; for loops of your own."""
        _ = self.engine
        with self._lease.turn() as module:
            yield module

    @property
    def report(self) -> Report | None:
        """What another engine or quantisation changed on this machine: size, speed, outputs; None for torch's own."""
        from zoo.models.precision import Report

        _ = self.engine
        made = getattr(self._lease.module(), "report", None)
        return made if isinstance(made, Report) else None

    @property
    def provenance(self) -> dict[str, Any]:
        """Where it is from, when it came, which hashes its files have, and what its licences are."""
        return dict(self._provenance())

    @property
    def kind(self) -> Task:
        """The task's entry in the vocabulary: what goes in and what comes out."""
        return TASKS[self.task]

    def predict(self, inputs: Any, *, on_error: OnError = "raise", urls: bool = False, **options: Any) -> Any:
        """The result of one input, or a list of results of many.

        Args:
            inputs: one input, or many: a list, an iterator, a folder or a glob of files. A list of numbers is one
                series.
            on_error: for inputs that cannot be used: `raise`, `skip`, or `return` a `Failure` in their place.
            urls: fetch inputs that are `https://` URLs.
            options: of the task's runner, such as `top_k=3`; `zoo show MODEL` lists them.

        Raises:
            BadData: an input cannot be used.
            BadOption: an option is unknown or has a wrong value.
        """
        many = isinstance(inputs, list) or hasattr(inputs, "__next__")
        many = many and not (self.kind.input == "series" and is_numbers(inputs))
        items = list(expand(inputs if many else [inputs], self.kind.input))
        results = list(self.run_items(items, on_error=on_error, urls=urls, options=options))
        several = many or (self.kind.input in _SEVERAL_FILES and _spreads(inputs, items))
        return results if several or not results else results[0]

    def stream(
        self, inputs: Iterable[Any], *, on_error: OnError = "raise", urls: bool = False, **options: Any
    ) -> Iterator[Any]:
        """Results one by one as inputs are read, in constant memory; arguments as of `predict`."""
        return self.run_items(expand(inputs, self.kind.input), on_error=on_error, urls=urls, options=options)

    def parts(self, value: Any, **options: Any) -> Iterator[Any]:
        """The results of one input's parts, such as a recording's windows, in order, each as soon as it is there.

        What is long is read as the device needs it, so that this takes constant memory. `predict` gives the one result
        that all parts make together.

        Args:
            value: one input.
            options: of the task's runner.

        Raises:
            BadData: the input cannot be used; where it breaks in the middle, after the results of what came before.
            BadOption: an option is unknown or has a wrong value.
        """
        (item,) = itertools.islice(expand([value], self.kind.input), 1)
        engine = self.engine
        return engine.run([item.value], read_options(engine.runner.Options, options), parts=True)

    def run_items(
        self,
        items: Iterable[Item],
        *,
        on_error: OnError,
        urls: bool,
        options: Mapping[str, Any],
        progress: Progress | None = None,
    ) -> Iterator[Any]:
        """Results of inputs that are already single (`zoo.data.expand`), one by one, in order."""
        engine = self.engine
        made = read_options(engine.runner.Options, options)
        values = (item.value for item in (with_content(items) if urls else items))
        # A list is run in the caller's thread, and its length is known.
        return engine.run(list(values) if isinstance(items, list) and not urls else values, made, on_error, progress)

    def run_pairs(
        self, items: Iterable[Item], *, urls: bool, options: Mapping[str, Any], progress: Progress | None = None
    ) -> Iterator[tuple[Item, Any]]:
        """Each single input with its result, or the `Failure` in its place, in order and in constant memory."""
        ahead: deque[Item] = deque()  # read and not yet answered; the engine reads in a thread of its own
        given = _noted(with_content(items) if urls else items, ahead)
        results = self.run_items(given, on_error="return", urls=False, options=options, progress=progress)
        try:
            for result in results:
                yield ahead.popleft(), result
        finally:
            if isinstance(results, Generator):
                results.close()

    def finetune(self, data: Any, **settings: Any) -> Any:
        """Adapt exactly this revision to data; arguments and result (a `zoo.Run`) as of `zoo.finetune`."""
        return self._do("finetune", data, settings)

    def evaluate(self, data: Any, **options: Any) -> Any:
        """Measure exactly this revision on labelled data; arguments and result as of `zoo.evaluate`."""
        return self._do("evaluate", data, options)

    def _do(self, what: str, data: Any, options: Mapping[str, Any]) -> Any:
        if what not in self._doing:
            raise ZooError(f"{self.card.id} was not loaded by a zoo", "Load it by zoo.load().")
        return self._doing[what](f"{self.card.id}@{self.revision}", data, **dict(options))

    def unload(self) -> None:
        """Drop the module and give its device memory back; twice does nothing."""
        if self._engine is not None:
            self._engine = None
            self._others.close()
            self._lease.release()

    def __enter__(self) -> Model:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.unload()

    def __repr__(self) -> str:
        state = f"on {self.device}" if self._engine else "unloaded"
        return f"<Model {self.card.id}@{self.revision[:12]} {self.task} {state}>"


def _noted(items: Iterable[Item], ahead: deque[Item]) -> Iterator[Item]:
    for item in items:
        ahead.append(item)
        yield item


def _spreads(given: Any, items: list[Item]) -> bool:
    """Whether one string or path stood for a folder or a glob rather than for one file."""
    return isinstance(given, str | Path) and (len(items) != 1 or str(items[0].value) != str(Path(given).expanduser()))
