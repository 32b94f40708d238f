"""The runner that labels stretches of a text: names, places, parts of speech."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import torch

from zoo.errors import BadData, IntegrityError
from zoo.plugin import Checkpoint, Runner, option, read_object
from zoo.tasks import Entities, Entity
from zoo_nlp.classification import label_names
from zoo_nlp.texts import Encoded, Tokens, check_text, pad

__all__ = ["TokenClassification"]

STRIDE = 32  # tokens that two windows of a long text share
OUTSIDE = "O"


@dataclass(frozen=True, kw_only=True)
class EntityOptions:
    """Options of the token classifier."""

    aggregation: Literal["none", "simple", "first", "average", "max"] = option(
        "first",
        "how tokens become entities: each token alone (none), tokens of one label joined (simple), or words joined, "
        "each labelled by its first token, by the mean of its tokens, or by its surest token",
    )


@dataclass(frozen=True, kw_only=True)
class Stretch(Encoded):
    """Tokens of a text, or of a window of it: the word of each, and from which character to which it is ours."""

    words: Sequence[int | None]
    begin: int
    end: int


@dataclass(frozen=True)
class Piece:
    """A labelled token or word."""

    label: str
    score: float
    start: int
    end: int


class TokenClassification(Runner):
    """Entities with their places; labels in the IOB scheme (`B-PER`, `I-PER`) are joined to `PER`.

    As transformers' pipeline does it, except that a word is what the tokenizer takes for one. Texts longer than the
    model reads are cut into windows that overlap, and each token is labelled in the window that shows more around it.
    """

    Options = EntityOptions
    batch = 16

    def __init__(self, checkpoint: Checkpoint) -> None:
        super().__init__(checkpoint)
        self.tokens = Tokens(checkpoint)
        self.labels = label_names(checkpoint, read_object(checkpoint, "config.json"))
        if self.tokens.limit:
            stride = min(STRIDE, self.tokens.limit // 4)
            self.tokens.backend.enable_truncation(self.tokens.limit, stride=stride)

    def prepare(self, value: Any, options: EntityOptions) -> Sequence[Stretch]:
        """The text as tokens, in one window or several."""
        text = check_text(value)
        made = self.tokens.backend.encode(text)
        windows = [made, *made.overflowing]
        if all(made.special_tokens_mask):
            raise BadData("the text holds nothing that the model can read", "Give at least one word.")
        cuts = [0, *(_cut(a, b) for a, b in itertools.pairwise(windows)), len(text) + 1]
        return [
            Stretch(
                text=text,
                ids=window.ids,
                types=window.type_ids,
                offsets=window.offsets,
                words=window.word_ids,
                begin=begin,
                end=end,
            )
            for window, begin, end in zip(windows, cuts, cuts[1:], strict=False)
        ]

    def size(self, example: Stretch) -> int:
        """Number of tokens."""
        return len(example.ids)

    def collate(self, examples: Sequence[Stretch]) -> dict[str, torch.Tensor]:
        """Padded token ids with their mask."""
        return pad(examples, self.tokens.pad_id)

    def forward(self, module: Any, batch: dict[str, torch.Tensor], options: EntityOptions) -> torch.Tensor:
        """Probabilities (batch, tokens, labels)."""
        logits: torch.Tensor = module(**batch).logits.float()
        if logits.shape[2] != len(self.labels):
            raise IntegrityError(
                f"{self.checkpoint.card.id}: {len(self.labels)} label names for {logits.shape[2]} classes"
            )
        return logits.softmax(2)

    def finish(
        self, outputs: torch.Tensor, examples: Sequence[Stretch], options: EntityOptions
    ) -> Sequence[tuple[str, list[Piece]]]:
        """The text of each window, and its labelled tokens or words."""
        return [
            (stretch.text, list(self._pieces(scores, stretch, options)))
            for scores, stretch in zip(outputs.cpu(), examples, strict=True)
        ]

    def merge(self, results: Sequence[tuple[str, list[Piece]]], options: EntityOptions) -> Entities:
        """The entities of the whole text."""
        text = results[0][0]
        pieces = [piece for _, found in results for piece in found]
        if options.aggregation == "none":
            groups = [(piece.label, [piece]) for piece in pieces]
        else:
            groups = list(_groups(pieces))
        return Entities(tuple(_entity(text, label, group) for label, group in groups if label != OUTSIDE))

    def _pieces(self, scores: torch.Tensor, stretch: Stretch, options: EntityOptions) -> Iterator[Piece]:
        by_word = options.aggregation in {"first", "average", "max"}
        places = [i for i, word in enumerate(stretch.words) if word is not None]
        ours = [i for i in places if stretch.begin <= stretch.offsets[i][0] < stretch.end]
        for _, tokens in itertools.groupby(ours, key=lambda i: stretch.words[i] if by_word else i):
            group = list(tokens)
            row = _row(scores[group], options.aggregation)
            label = int(row.argmax())
            start, end = stretch.offsets[group[0]][0], stretch.offsets[group[-1]][1]
            yield Piece(self.labels[label], float(row[label]), start, end)


def _cut(first: Any, second: Any) -> int:
    """The character from which on the second of two windows labels: the word in the middle of what they share."""
    begin = next(a for (a, _), word in zip(second.offsets, second.word_ids, strict=True) if word is not None)
    end = max(b for (_, b), word in zip(first.offsets, first.word_ids, strict=True) if word is not None)
    middle = (begin + end) // 2
    starts = {}
    for (a, _), word in zip(second.offsets, second.word_ids, strict=True):
        if word is not None:
            starts.setdefault(word, a)
    # The first word of a window may lack its beginning.
    whole = list(starts.values())[1:] or [begin]
    return min(whole, key=lambda start: abs(start - middle))


def _row(scores: torch.Tensor, aggregation: str) -> torch.Tensor:
    """The probabilities (labels,) of a word, of those of its tokens (tokens, labels)."""
    if aggregation == "average":
        return scores.mean(0)
    if aggregation == "max":
        return scores[int(scores.max(1).values.argmax())]
    return scores[0]


def _groups(pieces: Sequence[Piece]) -> Iterator[tuple[str, list[Piece]]]:
    """Neighbours of one label; `B-` begins a new one."""
    group: list[Piece] = []
    last = ""
    for piece in pieces:
        begins, label = _label(piece.label)
        if group and (begins or label != last):
            yield last, group
            group = []
        group.append(piece)
        last = label
    if group:
        yield last, group


def _label(name: str) -> tuple[bool, str]:
    if name.startswith(("B-", "I-")):
        return name.startswith("B-"), name[2:]
    return False, name


def _entity(text: str, label: str, group: Sequence[Piece]) -> Entity:
    start, end = group[0].start, group[-1].end
    return Entity(label, sum(piece.score for piece in group) / len(group), text[start:end], start, end)
