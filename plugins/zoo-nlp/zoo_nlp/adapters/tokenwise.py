"""What learning from texts alone has in common: windows of a text, and the loss of each token that is to be told."""

from __future__ import annotations

import functools
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import torch
from torch.nn import functional

from zoo.errors import BadData, UnsupportedFormat
from zoo.plugin import Target, Trained
from zoo_nlp.adapters.base import TextFineTuner, inputs_of, trained
from zoo_nlp.adapters.files import save_whole
from zoo_nlp.texts import Encoded, Tokens, check_text, pad

if TYPE_CHECKING:
    from tokenizers import Encoding

__all__ = ["IGNORED", "WINDOW", "Tokenwise", "Window"]

IGNORED = -100  # torch's own mark of what has no label
WINDOW = 512  # tokens that a window has at most: memory grows with their number times the vocabulary


@dataclass(frozen=True, kw_only=True)
class Window(Encoded):
    """Tokens of a text or of a part of it, and for each place the token that belongs there, or `IGNORED`."""

    labels: Sequence[int]


class Tokenwise(TextFineTuner):
    """Learning from texts, in windows of at most 512 tokens (less where the model reads less).

    Each text stands alone: texts are not packed together. While learning, one window of a long text is drawn each time;
    in evaluation all its windows count.

    Attributes:
        ahead: the output at a place is for the token after it.
    """

    ahead: ClassVar[bool]

    @functools.cached_property
    def tokens(self) -> Tokens:
        """The checkpoint's tokenizer, set to windows; of a model that looks back they share one token."""
        made = self._tokens()
        made.limit = min(made.limit or WINDOW, WINDOW)
        made.backend.enable_truncation(made.limit, stride=int(self.ahead))
        return made

    def _tokens(self) -> Tokens:
        return Tokens(self.checkpoint)

    def trainable(self, module: Any, target: Target) -> torch.nn.Module:
        """The module as it is; raises `UnsupportedFormat` for one that has no head which tells words."""
        if getattr(module, "get_output_embeddings", lambda: None)() is None:
            raise UnsupportedFormat(
                f"{self.checkpoint.card.id} has no head that tells words",
                "Choose a model whose own task this is: `zoo search --task fill-mask` or `text-generation`.",
            )
        made: torch.nn.Module = trained(module)
        return made

    def encode(self, value: Any, label: Any, target: Target, *, draw: random.Random | None) -> Sequence[Window]:
        """The windows of a text; where numbers are drawn, one of them."""
        text = check_text(value)
        made = self.tokens.backend.encode(text)
        windows = [made, *made.overflowing]
        if all(made.special_tokens_mask):
            raise BadData("the text holds nothing that the model can read", "Give at least one word.")
        whole = len(windows) == 1
        if draw is None:
            return [self.window(window, text, number, whole=whole) for number, window in enumerate(windows)]
        number = 0 if whole else draw.randrange(len(windows))
        return [self.window(windows[number], text, number, whole=whole, draw=draw)]

    def window(
        self, made: Encoding, text: str, number: int, *, whole: bool, draw: random.Random | None = None
    ) -> Window:
        """One window with its labels.

        Args:
            made: by the tokenizer.
            text: the whole text.
            number: which of its windows.
            whole: it is the only one.
            draw: numbers for learning, None for evaluation.
        """
        raise TypeError(f"{type(self).__name__} does not define window()")

    def batch(self, examples: Sequence[Sequence[Window]], target: Target) -> dict[str, Any]:
        """Padded windows and `labels`; `counts` (batch,) of labelled tokens, `owners` (windows,) the text of each."""
        rows = [window for windows in examples for window in windows]
        longest = max(len(window.ids) for window in rows)
        labels = [[*window.labels, *[IGNORED] * (longest - len(window.labels))] for window in rows]
        counts = [sum(label != IGNORED for window in windows for label in window.labels) for windows in examples]
        owners = [number for number, windows in enumerate(examples) for _ in windows]
        return {
            "counts": torch.tensor(counts),
            "labels": torch.tensor(labels),
            "owners": torch.tensor(owners),
            **pad(rows, self.tokens.pad_id),
        }

    def loss(self, module: Any, batch: Mapping[str, Any], target: Target) -> tuple[torch.Tensor, torch.Tensor]:
        """The mean over all labelled tokens, in nats, and (batch, 2): each text's sum of losses and count of tokens."""
        counts, owners, labels = batch["counts"], batch["owners"], batch["labels"]
        inputs = inputs_of(batch)
        # A book has many windows: where nothing is learnt, no more are in memory at a time than texts.
        step = len(owners) if torch.is_grad_enabled() else len(counts)
        sums = torch.zeros(len(counts), device=labels.device)
        for start in range(0, len(owners), step):
            part = slice(start, start + step)
            given = {name: value[part] for name, value in inputs.items()}
            sums = sums.index_add(0, owners[part], self._sums(module(**given).logits, labels[part]))
        return sums.sum() / counts.sum().clamp(min=1), torch.stack([sums, counts.to(sums.dtype)], dim=1)

    def _sums(self, logits: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
        """The sum of losses (windows,) of outputs (windows, tokens, vocabulary)."""
        if self.ahead:
            logits, labels = logits[:, :-1], labels[:, 1:]
        told = labels != IGNORED
        losses = functional.cross_entropy(logits[told].float(), labels[told], reduction="none")
        return losses.new_zeros(len(labels)).index_add(0, told.nonzero()[:, 0], losses)

    def save(self, module: Any, target: Target, folder: Path, *, method: str) -> Trained:
        """With `full` all weights, tied ones once; see `FineTuner.save`."""
        return save_whole(module, self.checkpoint, folder, method=method)
