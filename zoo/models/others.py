"""Other models at a runner's disposal: loaded when they are first asked for, and let go with the model that asked."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from zoo.errors import UnknownTask
from zoo.models.wanted import Wanted

if TYPE_CHECKING:
    from zoo.models.model import Model
    from zoo.registry import Registry

__all__ = ["Others"]


class Others:
    """Opens models by name for `zoo.plugin.Runner.other`; any number of threads may ask.

    Args:
        registry: the zoo.
        device: where the model that asks is to run; they run there too.
    """

    def __init__(self, registry: Registry, device: str) -> None:
        self._registry = registry
        self._device = device
        self._open: dict[tuple[str, str], Model] = {}
        self._lock = threading.Lock()

    def __call__(self, model: str, task: str) -> Model:
        """The model for the task; raises `UnknownTask` where it does something else."""
        from zoo.models.load import open_model

        with self._lock:
            found = self._open.get((model, task))
            if found is None:
                pulled = self._registry.obtain(model)
                if task not in pulled.card.all_tasks:
                    raise UnknownTask(
                        f"{pulled.card.id} is not made for {task}", f"Find one that is: `zoo search --task {task}`."
                    )
                runner = self._registry.plugins.runner(pulled.card.loader, task)
                found = open_model(self._registry, pulled, task, runner, Wanted(device=self._device))
                self._open[model, task] = found
            return found

    def close(self) -> None:
        """Let all of them go."""
        with self._lock:
            while self._open:
                self._open.popitem()[1].unload()
