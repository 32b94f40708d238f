"""The runner that guesses hidden words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch

from zoo.errors import BadData, BadOption, UnsupportedFormat
from zoo.plugin import Checkpoint, Runner, option
from zoo.tasks import Label, TokenFill
from zoo_nlp.texts import Encoded, Tokens, check_text, pad

__all__ = ["FillMask"]

Best = list[tuple[list[float], list[int]]]


@dataclass(frozen=True, kw_only=True)
class FillMaskOptions:
    """Options of the masked-word runner."""

    top_k: int = option(5, "how many words to give for each mask, best first")

    def __post_init__(self) -> None:
        if self.top_k < 1:
            raise BadOption(f"top_k={self.top_k} is less than 1", "Give 1 or more.")


class FillMask(Runner):
    """The likeliest tokens for each mask in a text; with several masks, those of the first come first."""

    Options = FillMaskOptions
    batch = 8  # the scores of a batch are tokens x vocabulary, hundreds of megabytes for long texts

    def __init__(self, checkpoint: Checkpoint) -> None:
        super().__init__(checkpoint)
        self.tokens = Tokens(checkpoint)
        self.mask = self.tokens.tokenizer.mask_token
        if self.mask is None:
            raise UnsupportedFormat(f"{checkpoint.card.id}: its tokenizer has no mask token")
        self.mask_id: int = self.tokens.tokenizer.mask_token_id

    def prepare(self, value: Any, options: FillMaskOptions) -> Sequence[Encoded]:
        """The text as tokens; `BadData` when it holds no mask or is too long."""
        encoded = self.tokens.encode(check_text(value), truncate=False)
        if self.mask_id not in encoded.ids:
            raise BadData(
                f"the text holds no {self.mask}", f"Put {self.mask} where the hidden word is, as this model writes it."
            )
        return [encoded]

    def size(self, example: Encoded) -> int:
        """Number of tokens."""
        return len(example.ids)

    def collate(self, examples: Sequence[Encoded]) -> dict[str, torch.Tensor]:
        """Padded token ids with their mask."""
        return pad(examples, self.tokens.pad_id)

    def forward(
        self, module: Any, batch: dict[str, torch.Tensor], options: FillMaskOptions
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Probabilities and token ids, both (masks of all texts in order, top_k)."""
        logits = module(**batch).logits[batch["input_ids"] == self.mask_id].float()
        values, indices = logits.softmax(1).topk(min(options.top_k, logits.shape[1]), dim=1)
        return values, indices

    def finish(
        self, outputs: tuple[torch.Tensor, torch.Tensor], examples: Sequence[Encoded], options: FillMaskOptions
    ) -> Sequence[TokenFill]:
        """One `TokenFill` for each text."""
        rows = iter(zip(outputs[0].tolist(), outputs[1].tolist(), strict=True))
        return [self._fill(example, [next(rows) for i in example.ids if i == self.mask_id]) for example in examples]

    def _fill(self, example: Encoded, best: Best) -> TokenFill:
        places = [place for i, place in zip(example.ids, example.offsets, strict=True) if i == self.mask_id]
        labels, texts = [], []
        for (start, end), (scores, ids) in zip(places, best, strict=True):
            for score, token in zip(scores, ids, strict=True):
                piece = self._piece(token)
                labels.append(Label(piece.strip(), score))
                texts.append(self._put(example.text[:start], piece, example.text[end:]))
        return TokenFill(tuple(labels), tuple(texts))

    def _piece(self, token: int) -> str:
        """A token as text, with the space before it where it begins a word and the tokenizer marks that."""
        raw = self.tokens.backend.id_to_token(token) or ""
        if raw.startswith("▁"):
            return " " + raw[1:].replace("▁", " ")
        return raw if raw.startswith("##") else self.tokens.backend.decode([token], skip_special_tokens=False)

    def _put(self, before: str, piece: str, after: str) -> str:
        """The text with a piece in place of the mask; `##ing` and pieces with their own space replace the space."""
        if piece.startswith("##"):
            return before.rstrip() + piece[2:] + after
        if piece.startswith(" "):
            stem = before.rstrip()
            return (stem + piece if stem else piece.lstrip()) + after
        return before + piece + after
