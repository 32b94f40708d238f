"""What the plugin says when a model of history is to be loaded."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from zoo.cards import ModelCard
from zoo.errors import UnsupportedFormat
from zoo.plugin import Checkpoint, LoadContext, Loader, Runner

__all__ = ["HistoryLoader", "HistoryRunner"]


class HistoryLoader(Loader):
    """Loads nothing: no weights of these models are kept."""

    def load(self, checkpoint: Checkpoint, context: LoadContext) -> Any:
        """Raises `UnsupportedFormat` with what to take instead."""
        raise _gone(checkpoint.card)


class HistoryRunner(Runner):
    """Runs nothing: it is refused when it is made, and so is each of its steps."""

    def __init__(self, checkpoint: Checkpoint) -> None:
        super().__init__(checkpoint)
        raise _gone(checkpoint.card)

    def prepare(self, value: Any, options: Any) -> Sequence[Any]:
        """Raises `UnsupportedFormat` with what to take instead."""
        raise _gone(self.checkpoint.card)

    def collate(self, examples: Sequence[Any]) -> Any:
        """Raises as `prepare`."""
        raise _gone(self.checkpoint.card)

    def forward(self, module: Any, batch: Any, options: Any) -> Any:
        """Raises as `prepare`."""
        raise _gone(self.checkpoint.card)

    def finish(self, outputs: Any, examples: Sequence[Any], options: Any) -> Sequence[Any]:
        """Raises as `prepare`."""
        raise _gone(self.checkpoint.card)


def _gone(card: ModelCard) -> UnsupportedFormat:
    return UnsupportedFormat(
        f"{card.id} cannot be loaded: {card.deprecated}", f"Take {card.replaced_by}: `zoo pull {card.replaced_by}`."
    )
