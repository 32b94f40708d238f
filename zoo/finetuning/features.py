"""Features of a data set's inputs, computed once through the batching engine and kept."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from typing import TYPE_CHECKING, Any

from zoo.cards import digest
from zoo.errors import BadData
from zoo.finetuning.probing.cache import FeatureCache
from zoo.models import Failure
from zoo.models.load import open_model
from zoo.models.wanted import Wanted
from zoo.plugin import Checkpoint, FineTuner, Runner

if TYPE_CHECKING:
    import numpy as np
    import torch

    from zoo.data import Split
    from zoo.models import Model
    from zoo.registry import Pulled, Registry

__all__ = ["FeatureRunner", "feature_model", "features_key", "features_of"]

KEPT_TOGETHER = 1024  # rows: so many at most are lost when a run is broken off hard
DTYPE = "float32"  # features are few and kept, and this way the same on every device


class FeatureRunner(Runner):
    """A task's runner whose forward pass gives the features that a new head would see."""

    def __init__(self, checkpoint: Checkpoint, runner: Runner, adapter: FineTuner) -> None:
        super().__init__(checkpoint)
        self._runner = runner
        self._adapter = adapter
        self.batch = runner.batch  # type: ignore[misc]  # the wrapped runner's number, for this instance

    @classmethod
    def maker(cls, runner: type[Runner], adapter: type[FineTuner]) -> Callable[[Checkpoint], FeatureRunner]:
        """What makes one from a checkpoint."""
        return lambda checkpoint: cls(checkpoint, runner(checkpoint), adapter(checkpoint))

    def prepare(self, value: Any, options: Any) -> Sequence[Any] | Iterator[Any]:
        """As the task's runner does, with its default options."""
        self._runner.others = self.others
        return self._runner.prepare(value, self._runner.Options())

    def size(self, example: Any) -> int:
        """As the task's runner does."""
        return self._runner.size(example)

    def collate(self, examples: Sequence[Any]) -> Any:
        """As the task's runner does."""
        return self._runner.collate(examples)

    def forward(self, module: Any, batch: Any, options: Any) -> torch.Tensor:
        """Features (batch, dimensions)."""
        return self._adapter.features(module, batch)

    def finish(self, outputs: torch.Tensor, examples: Sequence[Any], options: Any) -> Sequence[Any]:
        """One row per example, float32."""
        return list(outputs.float().cpu().numpy())

    def merge(self, results: Sequence[Any], options: Any) -> Any:
        """The mean over an input's examples."""
        return sum(results[1:], start=results[0]) / len(results)


def feature_model(
    registry: Registry, pulled: Pulled, task: str, *, device: str = "auto", batch: int | None = None
) -> Model:
    """A pulled model whose engine gives features (dimensions,) float32 of inputs; `unload` it at the end."""
    loader = pulled.card.loader
    maker = FeatureRunner.maker(registry.plugins.runner(loader, task), registry.plugins.finetuner(loader, task))
    return open_model(registry, pulled, task, maker, Wanted(device=device, dtype=DTYPE, batch=batch))


def features_key(registry: Registry, pulled: Pulled, task: str) -> str:
    """What features depend on beside the inputs: files, what the card says, and which code of which version runs."""
    plugins, loader = registry.plugins, pulled.card.loader
    asked: dict[str, Any] = {"zoo_loaders": loader, "zoo_runners": (loader, task), "zoo_finetuners": (loader, task)}
    code = [plugins.table(table).get(key, "") for table, key in asked.items()]
    packages = {name.partition(":")[0].partition(".")[0] for name in code}
    versions = [[info.name, info.version] for info in plugins.plugins() if info.module.partition(".")[0] in packages]
    config = dict(pulled.card.config)
    return digest(["features-2", DTYPE, pulled.manifest.revision, task, config, code, versions])


def features_of(
    registry: Registry,
    pulled: Pulled,
    task: str,
    split: Split,
    *,
    device: str = "auto",
    batch: int | None = None,
    report: Callable[[int], None] | None = None,
) -> np.ndarray[Any, Any]:
    """Features (examples, dimensions) float32 of a split's inputs.

    They are kept by the content of each input, so that another split, seed or limit of the same data computes only what
    is new, and a run that was broken off goes on where it was. The model is not even loaded where all are here.

    Args:
        registry, pulled, task: whose features, and as which task sees the inputs.
        split: the inputs.
        device, batch: for computing those that are missing.
        report: is told by how many inputs it went on.

    Raises:
        BadData: names the inputs that cannot be read; the features of the others are kept.
    """
    import numpy as np

    report = report or (lambda number: None)
    hashes = split.hashed().hashes
    cache = FeatureCache(registry.cache / "features" / features_key(registry, pulled, task))
    rows = cache.find(hashes)
    missing = {key: number for number, key in reversed(list(enumerate(hashes))) if key not in rows}
    report(sum(key in rows for key in hashes))
    if missing:
        numbers = sorted(missing.values())
        with feature_model(registry, pulled, task, device=device, batch=batch) as model:
            rows |= _computed(model, split, [(hashes[n], n) for n in numbers], cache, report)
        report(sum(key in missing for key in hashes) - len(missing))  # inputs that occur again
    return np.ascontiguousarray(np.stack([rows[key] for key in hashes]), dtype=np.float32)


def _computed(
    model: Model, split: Split, wanted: Sequence[tuple[str, int]], cache: FeatureCache, report: Callable[[int], None]
) -> dict[str, Any]:
    """Rows of these inputs; kept as they come, whatever ends it."""
    made: dict[str, Any] = {}
    fresh: dict[str, Any] = {}
    broken: list[str] = []
    try:
        for (key, number), row in _run(model, split, wanted):
            report(1)
            if isinstance(row, Failure):
                broken.append(f"{_name(split, number)}: {row.error.cause}")
                continue
            fresh[key] = row
            if len(fresh) >= KEPT_TOGETHER:
                cache.add(fresh)
                made |= fresh
                fresh = {}
    finally:
        cache.add(fresh)
    if broken:
        raise BadData(f"{len(broken)} inputs cannot be read, the first: {broken[0]}", "Mend or remove them.")
    return made | fresh


def _run(model: Model, split: Split, wanted: Sequence[tuple[str, int]]) -> Iterator[tuple[tuple[str, int], Any]]:
    results = model.engine.run([split.inputs[number] for _, number in wanted], None, "return")
    with closing(results):  # type: ignore[type-var]  # a generator, whose threads end with it
        yield from zip(wanted, results, strict=True)


def _name(split: Split, number: int) -> str:
    return split.rows[number] if split.rows else str(split.inputs[number])[:60]
