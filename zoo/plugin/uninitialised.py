"""Building models of transformers without its pass over all modules that initialises them."""

from __future__ import annotations

import functools
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

__all__ = ["uninitialised"]


class _Building(threading.local):
    """Whether this thread builds a model whose weights come from a file."""

    now = False


_BUILDING = _Building()
_ONCE = threading.Lock()


@contextmanager
def uninitialised() -> Iterator[None]:
    """Models of transformers that this thread builds inside compute their buffers, and initialise nothing else."""
    _guard()
    before, _BUILDING.now = _BUILDING.now, True
    try:
        yield
    finally:
        _BUILDING.now = before


def _guard() -> None:
    """Let `PreTrainedModel.initialize_weights` pass over modules without buffers in threads that build for a file.

    It visits every module in Python, which takes a third of the time that building a BERT takes. transformers' own
    `no_init_weights` would switch initialisation off for the other threads of the process too.
    """
    import torch
    from transformers import PreTrainedModel

    with _ONCE:
        plain = PreTrainedModel.initialize_weights
        if hasattr(plain, "passes_for_zoo"):
            return

        @functools.wraps(plain)
        def guarded(self: Any) -> None:
            if not _BUILDING.now:
                plain(self)
                return
            with torch.no_grad():
                _compute(self, self)

        guarded.passes_for_zoo = True  # type: ignore[attr-defined]
        PreTrainedModel.initialize_weights = guarded


def _compute(owner: Any, module: Any) -> None:
    """Let the nearest model around each module with buffers fill them, children first, as transformers does."""
    from transformers import PreTrainedModel

    for child in module._modules.values():
        if child is not None:
            _compute(child if isinstance(child, PreTrainedModel) else owner, child)
    if module.__dict__.get("_is_hf_initialized"):
        return
    if module._buffers:
        owner._init_weights(module)
    module.__dict__["_is_hf_initialized"] = True  # else a later call, as for a new head, would draw all anew
