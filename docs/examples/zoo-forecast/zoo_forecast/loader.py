"""Fracast-0 as one torch module, and its loader.

The architecture is that of the package `fracast` 0.1.0 (Apache-2.0): an encoder of the context and a head for the steps
to come. Its own `load_fracast` draws random weights first and copies the file's over them; here the same two modules
are built without drawing, and the file is mapped in.
"""

from __future__ import annotations

from typing import Any, ClassVar

import torch
from fracast._core.model import build_from_cfg
from torch import Tensor, nn

from zoo.cards import ModelCard
from zoo.errors import UnsupportedFormat
from zoo.plugin import Checkpoint, LoadContext, Loader

__all__ = ["Fracast", "FracastLoader"]


class Fracast(nn.Module):
    """Quantiles of the next steps of a series.

    Args:
        config: the objects `model` and `pyramid` of fracast's `config.json`.

    Attributes:
        context: how many steps it looks at.
        horizon: how many it gives at once.
        quantiles: their levels.
    """

    def __init__(self, config: dict[str, Any]) -> None:
        super().__init__()
        self.core, self.head = build_from_cfg(config)
        self.context = int(config["model"]["W"])
        self.horizon = int(config["model"]["horizon"])
        self.quantiles = tuple(float(level) for level in config["model"]["quantiles"])

    def forward(self, values: Tensor, observed: Tensor) -> Tensor:
        """One block of quantiles.

        Args:
            values: (batch, context) from 0 to 1, 0 where nothing was observed.
            observed: (batch, context), 1 where a number was, else 0.

        Returns:
            (batch, horizon, levels), in the scale of the values.
        """
        known = observed > 0
        hidden = self.core(values[:, None], known[:, None], observed[:, None])
        made: Tensor = self.head.forward_horizon(hidden, last_obs=values[:, -1:], ctx=values, ctx_mask=known)
        return made


class FracastLoader(Loader):
    """Builds `Fracast` as the card's `config` says, and maps `model.safetensors` in."""

    dtypes: ClassVar[tuple[str, ...]] = ("float32",)

    def blank(self, card: ModelCard) -> Fracast:
        """The module on the meta device."""
        with torch.device("meta"):
            return _built(card).eval()

    def sample(
        self, card: ModelCard, module: nn.Module, batch: int, length: int | None = None
    ) -> tuple[tuple[Any, ...], dict[str, Any]]:
        """Windows of the one length that the model takes; see `zoo.plugin.Loader.sample`."""
        shape = (batch, int(card.config["model"]["W"]))
        return (torch.empty(shape, device="meta"), torch.empty(shape, device="meta")), {}

    def load(self, checkpoint: Checkpoint, context: LoadContext) -> Fracast:
        """The module with all weights in place.

        Raises:
            UnsupportedFormat: the card describes another architecture.
            WeightsMismatch: the file does not fit it.
        """
        with context.no_init():
            module = _built(checkpoint.card)
        context.assign(module, checkpoint.tensors())
        return module.to(context.device).eval()


def _built(card: ModelCard) -> Fracast:
    config = {name: dict(card.config.get(name) or {}) for name in ("model", "pyramid")}
    try:
        return Fracast(config)
    except (KeyError, TypeError, ValueError) as error:
        reason = f"no {error}" if isinstance(error, KeyError) else error
        raise UnsupportedFormat(f"{card.id}: fracast cannot build what its config says: {reason}") from error
