"""When each word was said: a Whisper's attention to the sound, aligned with its text by dynamic time warping.

After openai/whisper (`timing.py`, `find_alignment`): the text is fed to the decoder once more, and the cheapest path
through the attention of the heads that follow the sound gives each token its time.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from zoo.errors import IntegrityError

__all__ = ["Heads", "token_times", "warp"]

Heads = tuple[tuple[int, int], ...]

_FRAMES_A_STEP = 2  # the encoder halves them
_MEDIAN = 7  # steps, as in the reference code


def token_times(
    module: Any,
    encoded: Tensor,
    prompts: Sequence[Sequence[int]],
    texts: Sequence[Sequence[int]],
    frames: Sequence[int],
    *,
    heads: Heads,
    end: int,
) -> list[list[int]]:
    """When each token of a text begins, and when the last one ends, in frames of the window.

    Args:
        module: transformers' `WhisperForConditionalGeneration`.
        encoded: what its encoder made of the windows (windows, steps, width).
        prompts: the tokens before each text.
        texts: the tokens of what was said, without timestamps; one at least.
        frames: how many of each window's frames are sound.
        heads: layers and heads that follow the sound; all of the upper half of the layers where they are not known.
        end: the token that ends a text.

    Raises:
        IntegrityError: the model does not have these heads.
    """
    room = int(module.config.max_target_positions)
    rows = [[*prompt, *text, end][:room] for prompt, text in zip(prompts, texts, strict=True)]
    longest = max(len(row) for row in rows)
    ids = torch.tensor([row + [end] * (longest - len(row)) for row in rows], device=encoded.device)
    scores = _scores(module, ids, encoded, heads or _upper(module.config))
    made = []
    for row, prompt, text, length, score in zip(rows, prompts, texts, frames, scores, strict=True):
        steps = min(max(1, length // _FRAMES_A_STEP), score.shape[-1])
        weights = _followed(score[:, : len(row), :steps])
        first = len(prompt) - 1  # the attention of a token is that which chose the next one
        made.append(
            [int(step) * _FRAMES_A_STEP for step in warp(-weights[first : first + len(text) + 1].cpu().numpy())]
        )
    return made


def _upper(config: Any) -> Heads:
    layers = range(config.decoder_layers // 2, config.decoder_layers)
    return tuple((layer, head) for layer in layers for head in range(config.decoder_attention_heads))


def _scores(module: Any, ids: Tensor, encoded: Tensor, heads: Heads) -> Tensor:
    """Attention scores before softmax (rows, heads, tokens, steps), float32."""
    layers = module.model.decoder.layers
    if any(layer >= len(layers) or head >= layers[layer].encoder_attn.num_heads for layer, head in heads):
        raise IntegrityError(f"the model has no such alignment_heads: {list(heads)}", "Correct generation_config.json.")
    attentions = {layer: layers[layer].encoder_attn for layer, _ in heads}
    with _inputs(attentions) as asked:
        module.model.decoder(input_ids=ids, encoder_hidden_states=encoded, use_cache=False)
    made = []
    for layer, attention in attentions.items():
        chosen = [head for at, head in heads if at == layer]
        shape = (len(ids), -1, attention.num_heads, attention.head_dim)
        queries = (attention.q_proj(asked[layer]) * attention.scaling).view(shape)[:, :, chosen]
        keys = attention.k_proj(encoded).view(shape)[:, :, chosen]
        made.append(torch.einsum("rthd,rshd->rhts", queries, keys).float())
    return torch.cat(made, 1)


@contextmanager
def _inputs(modules: dict[int, Any]) -> Iterator[dict[int, Tensor]]:
    """What modules are given while the block runs."""
    seen: dict[int, Tensor] = {}

    def keep(key: int) -> Callable[..., None]:
        def hook(module: Any, given: tuple[Any, ...], named: dict[str, Any]) -> None:
            seen[key] = given[0] if given else named["hidden_states"]

        return hook

    hooks = [module.register_forward_pre_hook(keep(key), with_kwargs=True) for key, module in modules.items()]
    try:
        yield seen
    finally:
        for hook in hooks:
            hook.remove()


def _followed(scores: Tensor) -> Tensor:
    """How much each token (tokens, steps) attends to each moment, against other tokens, smoothed, over all heads."""
    weights = scores.softmax(-1)
    spread, mean = torch.std_mean(weights, dim=-2, keepdim=True, correction=0)
    weights = (weights - mean) / spread.clamp_min(1e-10)
    room = _MEDIAN // 2
    if weights.shape[-1] > room:
        padded = torch.nn.functional.pad(weights, (room, room), mode="reflect")
        weights = padded.unfold(-1, _MEDIAN, 1).sort().values[..., room]
    return weights.mean(0)


def warp(costs: npt.NDArray[np.floating[Any]]) -> npt.NDArray[np.int64]:
    """At which column each row begins on the cheapest way through a matrix (rows, columns).

    A step goes down, to the right or both, from the first row and column to the last (dynamic time warping). All places
    of a diagonal are reckoned at once.
    """
    rows, columns = costs.shape
    skewed = np.full((rows + columns + 1, rows + 1), np.inf, np.float32)  # by row + column, and row
    down, right = np.indices(costs.shape)
    skewed[down + right + 2, down + 1] = costs
    came = np.zeros(skewed.shape, np.int8)
    older = np.full(rows + 1, np.inf, np.float32)
    last = older.copy()
    older[0] = 0  # the way begins before the first row and column
    for number in range(2, rows + columns + 1):
        both, below, beside = older[:-1], last[:-1], last[1:]
        step = np.where((both < below) & (both < beside), 0, np.where((below < both) & (below < beside), 1, 2))
        made = np.full(rows + 1, np.inf, np.float32)
        made[1:] = skewed[number, 1:] + np.choose(step, (both, below, beside))
        came[number, 1:] = step
        older, last = last, made
    return _walked(came, rows, columns)


def _walked(came: npt.NDArray[np.int8], rows: int, columns: int) -> npt.NDArray[np.int64]:
    begins = np.zeros(rows, np.int64)
    row, column = rows, columns
    while row and column:
        begins[row - 1] = column - 1
        step = came[row + column, row]
        row, column = row - (step != 2), column - (step != 1)
    return begins
