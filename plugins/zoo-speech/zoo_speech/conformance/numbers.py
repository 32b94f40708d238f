"""Weights and recordings that are the same on every machine and with every version of the libraries."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

__all__ = ["RATE", "buzz", "fill", "keep", "numbers"]

RATE = 16_000


def numbers(seed: int) -> Any:
    """A generator of numpy whose stream is fixed for good, which that of `default_rng` is not (NEP 19)."""
    import numpy as np

    return np.random.RandomState(seed)


def fill(module: Any, *, gain: float = 1.0, seed: int = 0) -> Any:
    """Give a torch module weights by chance, of a size that keeps what goes through it in its range.

    Args:
        module: it is changed, put into evaluation mode and returned.
        gain: by how much larger the weights of its layers are.
        seed: of the numbers.
    """
    import torch

    draw = numbers(seed)
    with torch.no_grad():
        for name, parameter in module.named_parameters():
            values = torch.from_numpy(draw.standard_normal(tuple(parameter.shape)))
            if parameter.ndim > 1:
                parameter.copy_(values * (gain / math.sqrt(max(1, parameter[0].numel()))))
            else:
                parameter.copy_(values * 0.1 + (0 if "bias" in name else 1))
    return module.eval()


def keep(module: Any, folder: Path) -> None:
    """Write a module of transformers, its configuration and weights, as its `save_pretrained`, which shows progress."""
    from zoo_speech.adapters.keeping import WEIGHTS, keep_weights

    module.config.architectures = [type(module).__name__]
    module.config.save_pretrained(folder)
    keep_weights(module, folder / WEIGHTS)


def buzz(*pitches: float, seconds: float = 0.8) -> tuple[Any, int]:
    """A recording, its samples and their rate: sawtooths of some pitches in Hz, with a pause around each of them."""
    import numpy as np

    times = np.arange(int(seconds * RATE)) / RATE
    pause = np.zeros(RATE // 2)
    loudness = 0.2 + 0.1 * np.sin(6 * math.pi * times)  # three syllables a second
    parts = [part for pitch in pitches for part in (loudness * (2 * (pitch * times % 1) - 1), pause)]
    return np.concatenate([pause, *parts]).astype(np.float32), RATE
