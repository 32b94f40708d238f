"""The zoo as Python code uses it: a registry with everything that can be done with its models."""

from __future__ import annotations

import functools
from pathlib import Path
from typing import TYPE_CHECKING, Any

from zoo.registry import Registry
from zoo.settings import Settings

if TYPE_CHECKING:
    import torch

    from zoo.finetuning import Run
    from zoo.finetuning.finetune import Report
    from zoo.models import Model

__all__ = ["Zoo", "default_zoo"]


class Zoo(Registry):
    """One zoo; the arguments are those of `Registry`. The module-level functions of `zoo` use the default one."""

    def load(
        self,
        ref: str,
        task: str | None = None,
        *,
        device: str = "auto",
        dtype: str | torch.dtype = "auto",
        revision: str | None = None,
        batch: int | None = None,
    ) -> Model:
        """Load a model, pulling it first when its files are not here; see `zoo.load`."""
        from zoo.models import load

        return load(self, ref, task=task, device=device, dtype=dtype, revision=revision, batch=batch)

    def finetune(self, ref: str, data: str | Path, *, report: Report | None = None, **settings: Any) -> Run:
        """Adapt a model to labelled data; see `zoo.finetune`. `report(what, done, total)` is told of the progress."""
        from zoo.finetuning import finetune
        from zoo.finetuning.job import Settings as Wanted

        return finetune(self, ref, data, settings=Wanted(**settings), report=report)


def default_zoo() -> Zoo:
    """The zoo that the environment names; the same object as long as the settings are the same."""
    return _opened(Settings.read())


@functools.lru_cache(maxsize=1)
def _opened(settings: Settings) -> Zoo:
    return Zoo(settings=settings)
