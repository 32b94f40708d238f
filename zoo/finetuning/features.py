"""Features of a data set, computed once through the batching engine and cached."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from zoo.cards import digest
from zoo.errors import BadData
from zoo.models import Failure
from zoo.plugin import Checkpoint, FineTuner, Runner
from zoo.store.disk import writing

if TYPE_CHECKING:
    import numpy as np
    import torch

    from zoo.data import Split
    from zoo.models import Model

__all__ = ["FeatureRunner", "cached_features"]


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

    def prepare(self, value: Any, options: Any) -> Sequence[Any]:
        """As the task's runner does, with its default options."""
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


def cached_features(model: Model, split: Split, key: Sequence[Any], cache: Path, report: Callable[[int], None]) -> Any:
    """Features (examples, dimensions) float32 of a split's inputs; read from the cache where they are there.

    Args:
        model: loaded to be run by a `FeatureRunner`.
        split: the inputs.
        key: what the features depend on beside the inputs' content: revision, data fingerprint, part, rows.
        cache: folder of cached features.
        report: is told how many inputs are done.

    Raises:
        BadData: names the inputs that cannot be read; nothing is cached then.
    """
    from safetensors.numpy import load_file, save_file

    path = cache / "features" / f"{digest([*key, 'features-1'])}.safetensors"
    if path.is_file():
        report(len(split))
        return load_file(path)["features"]
    features = _compute(model, split, report)
    with writing(cache):
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary = path.with_name(f".{path.name}.{os.getpid()}")
        save_file({"features": features}, temporary)
        temporary.replace(path)
    return features


def _compute(model: Model, split: Split, report: Callable[[int], None]) -> np.ndarray[Any, Any]:
    import numpy as np

    rows, broken = [], []
    for value, row in zip(split.inputs, model.engine.run(split.inputs, None, "return"), strict=True):
        report(1)
        if isinstance(row, Failure):
            broken.append(f"{str(value)[:60]}: {row.error.cause}")
        else:
            rows.append(row)
    if broken:
        raise BadData(f"{len(broken)} inputs cannot be read, the first: {broken[0]}", "Mend or remove them.")
    return np.ascontiguousarray(np.stack(rows), dtype=np.float32)
