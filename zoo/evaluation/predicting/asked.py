"""What is to be predicted, and how a model's results are got through the ordinary engine."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from zoo.tasks import TargetKind

if TYPE_CHECKING:
    from zoo.data import Split
    from zoo.models import Model
    from zoo.registry import Pulled, Registry

__all__ = ["Asked", "Report"]

# Told of progress: what is done, by how many examples it went on, of how many.
Report = Callable[[str, int, "int | None"], None]


@dataclass(frozen=True, kw_only=True)
class Asked:
    """What is to be predicted, and with what; see `predict_split`."""

    registry: Registry
    pulled: Pulled
    split: Split
    task: str
    kind: TargetKind
    labels: tuple[str, ...]
    device: str
    batch: int | None
    report: Report

    @property
    def model(self) -> str:
        """The model's name."""
        return self.pulled.card.id

    @contextmanager
    def opened(self, *, dtype: str = "auto") -> Iterator[Model]:
        """The model, loaded for the task with the task's own runner."""
        from zoo.models.load import open_model
        from zoo.models.wanted import Wanted

        card = self.pulled.card
        runner = self.registry.plugins.runner(card.loader, self.task)
        wanted = Wanted(device=self.device, dtype=dtype, batch=self.batch)
        with open_model(self.registry, self.pulled, self.task, runner, wanted) as model:
            yield model

    def results(self, model: Model, inputs: Sequence[Any], options: Mapping[str, Any]) -> list[Any]:
        """One result an input, in order, a `Failure` where it could not be used.

        Args:
            model: from `opened`.
            inputs: as the task's runner takes them.
            options: of the runner; those that it does not have are left out.
        """
        from zoo.models.options import read_options

        runner = model.engine.runner
        known = {field.name for field in dataclasses.fields(runner.Options)}
        made = read_options(runner.Options, {name: value for name, value in options.items() if name in known})
        found = []
        for result in model.engine.run(list(inputs), made, "return"):
            self.report("predicting", 1, len(inputs))
            found.append(result)
        return found

    def row(self, number: int) -> str:
        """What an example of the split is called."""
        return self.split.rows[number] if self.split.rows else str(number + 1)

    def sorted_out(self, errors: Mapping[int, str]) -> dict[str, Any]:
        """`rows`, `index` and `failed` of `Predictions`, where these examples failed.

        Raises:
            BadData: all did.
        """
        from zoo.errors import BadData

        places = [i for i in range(len(self.split)) if i not in errors]
        if not places:
            first = next(iter(errors.values()), "there is none")
            raise BadData(f"{self.model}: not one of {len(self.split)} examples can be used: {first}")
        return {
            "rows": tuple(self.row(i) for i in places),
            "index": tuple(places) if errors else (),
            "failed": tuple((self.row(i), error) for i, error in sorted(errors.items())),
        }
