"""Texts in, token ids out: one tokenizer for several threads, and one way to pad a batch."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch

from zoo.errors import BadData, IntegrityError, UnsupportedFormat
from zoo.plugin import Checkpoint, read_object, refuse_code
from zoo_nlp.residue_tokens import fast_residues

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

__all__ = ["Encoded", "Tokens", "check_text", "max_tokens", "pad", "text_and_others"]

NO_LIMIT = 10**6  # tokenizers without a limit of their own state 10**30

TOKENIZER = "tokenizer.json"
TOKENIZER_CONFIG = "tokenizer_config.json"

# What stands before the first and each other member of a JSON object, and before its value.
FIRST = re.compile(r"\s*\{\s*(?=\")")
NEXT = re.compile(r"\s*,\s*(?=\")")
COLON = re.compile(r"\s*:\s*")

# These number positions from the padding token's id + 1, so that the table holds more rows than tokens fit.
PADDED_POSITIONS = frozenset(
    {"camembert", "data2vec-text", "longformer", "mpnet", "roberta", "roberta-prelayernorm", "xlm-roberta", "xmod"}
)


def check_text(value: Any) -> str:
    """Return a text unchanged; raises `BadData` for what is no text, is blank, or is no valid Unicode."""
    if not isinstance(value, str):
        raise BadData(f"a text is needed, not {type(value).__name__}", "Give a string.")
    if not value.strip():
        raise BadData("the text is empty", "Give at least one word.")
    try:
        value.encode()
    except UnicodeEncodeError as error:
        raise BadData(
            f"the text is not valid Unicode: a lone surrogate at position {error.start}",
            "It was probably read with a wrong encoding; read it as UTF-8.",
        ) from error
    return value


def max_tokens(checkpoint: Checkpoint, stated: int | None = None) -> int | None:
    """How many tokens fit: the least of what the tokenizer, sentence-transformers and the positions allow."""
    limits: list[Any] = [stated if stated and stated < NO_LIMIT else None]
    if checkpoint.has("sentence_bert_config.json"):
        limits.append(read_object(checkpoint, "sentence_bert_config.json").get("max_seq_length"))
    limits.append(_positions(checkpoint))
    return min((limit for limit in limits if isinstance(limit, int) and limit > 0), default=None)


def _positions(checkpoint: Checkpoint) -> int | None:
    """The length of the table of positions that tokens can stand at; from the card where there is no config.json."""
    config: Any = read_object(checkpoint, "config.json") if checkpoint.has("config.json") else checkpoint.card.config
    positions = config.get("max_position_embeddings") or config.get("n_positions")
    if not isinstance(positions, int):
        return None
    padding = config.get("pad_token_id", 1)
    taken = padding + 1 if config.get("model_type") in PADDED_POSITIONS and isinstance(padding, int) else 0
    return positions - taken


@dataclass(frozen=True, kw_only=True)
class Encoded:
    """One text as tokens: ids, segment ids, and the place of each token in the text."""

    text: str
    ids: Sequence[int]
    types: Sequence[int]
    offsets: Sequence[tuple[int, int]] = ()

    @property
    def nbytes(self) -> int:
        """About how much memory it takes."""
        return len(self.text) + 64 * len(self.ids) + 140 * len(self.offsets)


class Tokens:
    """The fast tokenizer of a checkpoint.

    The Rust tokenizer keeps truncation and padding as state. Here they are set once, and texts are encoded one by
    one, which several threads may do at the same time and which starts no threads of its own.

    Args:
        checkpoint: its folder holds the tokenizer's files.
        limit: the most tokens of a text, or None.
        tokenizer: one already made, instead of the folder's.
    """

    def __init__(
        self, checkpoint: Checkpoint, *, limit: int | None = None, tokenizer: PreTrainedTokenizerBase | None = None
    ) -> None:
        self.model = checkpoint.card.id
        self.tokenizer = tokenizer or _read(checkpoint)
        self.limit = limit or max_tokens(checkpoint, self.tokenizer.model_max_length)
        self.backend = self.tokenizer.backend_tokenizer
        self.backend.no_padding()
        self.backend.no_truncation()
        if self.limit:
            self.backend.enable_truncation(self.limit)

    @property
    def typed(self) -> bool:
        """Whether the model tells the first text of a pair from the second by segment ids."""
        return "token_type_ids" in self.tokenizer.model_input_names

    @property
    def pad_id(self) -> int:
        """The id that fills up short texts; where the model has none, one that the attention mask hides."""
        ids = (self.tokenizer.pad_token_id, self.tokenizer.eos_token_id, 0)
        return next(value for value in ids if value is not None)

    def encode(self, text: str, *, truncate: bool = True, special: bool = True) -> Encoded:
        """The tokens of a text.

        Args:
            text: as `check_text` lets it pass.
            truncate: cut a text that is too long; otherwise it is an error.
            special: add the model's own tokens around the text.

        Raises:
            BadData: the text is too long and must not be cut, or holds nothing that the model can read.
        """
        made = self.backend.encode(text, add_special_tokens=special)
        if made.overflowing and not truncate:
            raise BadData(
                f"the text is too long: {self.model} reads {self.limit} tokens at most",
                "Split it, or let it be cut (truncate=True).",
            )
        if special and all(made.special_tokens_mask):
            raise BadData("the text holds nothing that the model can read", "Give at least one word.")
        return Encoded(text=text, ids=made.ids, types=made.type_ids, offsets=made.offsets)

    def pair(self, first: str, second: str, *, truncate: bool = True) -> Encoded:
        """The tokens of two texts, as the model reads a pair; what is too long is cut from the longer one.

        Raises:
            BadData: they are too long and must not be cut.
        """
        made = self.backend.encode(first, second)
        if made.overflowing and not truncate:
            raise BadData(
                f"the two texts are too long: {self.model} reads {self.limit} tokens at most",
                "Shorten them, or let them be cut (truncate=True).",
            )
        return Encoded(text=first, ids=made.ids, types=made.type_ids if self.typed else [0] * len(made.ids))


def _read(checkpoint: Checkpoint) -> PreTrainedTokenizerBase:
    from transformers import AutoTokenizer

    refuse_code(checkpoint)
    try:
        made = AutoTokenizer.from_pretrained(
            str(checkpoint.path), trust_remote_code=False, local_files_only=True, **_added_tokens(checkpoint)
        )
    except Exception as error:  # the tokenizers library raises bare Exception for a malformed tokenizer.json
        raise IntegrityError(
            f"{checkpoint.card.id}: its tokenizer cannot be read: {error}", f"Run `zoo pull {checkpoint.card.id}`."
        ) from error
    if type(made).__name__ == "EsmTokenizer":
        return fast_residues(made)
    if not made.is_fast:
        raise UnsupportedFormat(f"{checkpoint.card.id} has no fast tokenizer (tokenizer.json)")
    return made


def _added_tokens(checkpoint: Checkpoint) -> dict[str, Any]:
    """The argument with the tokens that tokenizer.json adds, where transformers would parse all of it for them.

    It does so where tokenizer_config.json does not list them, and once more in Rust afterwards: for fifty thousand
    merges that is a third of the time. Folders with the files of its older versions are left to it.
    """
    from tokenizers import AddedToken

    stated = read_object(checkpoint, TOKENIZER_CONFIG) if checkpoint.has(TOKENIZER_CONFIG) else {}
    legacy = any(checkpoint.has(name) for name in ("added_tokens.json", "special_tokens_map.json"))
    if legacy or stated.keys() & {"added_tokens_decoder", "fast_tokenizer_files"} or not checkpoint.has(TOKENIZER):
        return {}
    text = checkpoint.file(TOKENIZER).read_text(encoding="utf-8")
    added = next((value for name, value in _members(text) if name == "added_tokens"), None)
    if added is None:
        return {}
    made = {entry["id"]: AddedToken(**{name: entry[name] for name in entry.keys() - {"id"}}) for entry in added}
    return {"added_tokens_decoder": made}


def _members(text: str) -> Iterator[tuple[str, Any]]:
    """The members of the JSON object in a text, read one by one as they are asked for; none more where it is broken."""
    read = json.JSONDecoder().raw_decode
    found = FIRST.match(text)
    while found is not None:
        name, end = read(text, found.end())
        colon = COLON.match(text, end)
        if colon is None:
            return
        value, end = read(text, colon.end())
        yield name, value
        found = NEXT.match(text, end)


def pad(examples: Sequence[Encoded], pad_id: int, *, left: bool = False) -> dict[str, torch.Tensor]:
    """Examples as `input_ids` and `attention_mask`, both (batch, longest), padded at the right or `left`.

    `token_type_ids` are given only where one differs from 0: models without segments do not take them.
    """
    longest = max(len(example.ids) for example in examples)

    def rows(values: Sequence[Sequence[int]], filler: int) -> torch.Tensor:
        fill = [[filler] * (longest - len(row)) for row in values]
        return torch.tensor([[*f, *row] if left else [*row, *f] for row, f in zip(values, fill, strict=True)])

    batch = {
        "input_ids": rows([example.ids for example in examples], pad_id),
        "attention_mask": rows([[1] * len(example.ids) for example in examples], 0),
    }
    if any(any(example.types) for example in examples):
        batch["token_type_ids"] = rows([example.types for example in examples], 0)
    return batch


def text_and_others(value: Any) -> tuple[Any, Sequence[Any]]:
    """A text and those to compare it with, of `(text, other)`, `(text, [others])` or a mapping as the hub writes it."""
    if isinstance(value, Mapping):
        parts = [value.get("source_sentence"), value.get("sentences")]
    else:
        parts = list(value) if isinstance(value, list | tuple) else []
    if len(parts) != 2 or parts[1] is None:
        raise BadData(
            "a text and others to compare it with are needed",
            'Give (text, [others]) or {"source_sentence": …, "sentences": […]}.',
        )
    others = parts[1] if isinstance(parts[1], list | tuple) else [parts[1]]
    if not others:
        raise BadData("there is no text to compare with", "Give at least one.")
    return parts[0], others
