"""The runner that finds the answer to a question in a text."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch

from zoo.errors import BadData, BadOption
from zoo.plugin import Checkpoint, Runner, option
from zoo.tasks import Answer
from zoo_nlp.texts import Encoded, Tokens, check_text, pad

__all__ = ["QuestionAnswering"]

WINDOW = 384  # tokens; those that SQuAD models are trained on
STRIDE = 128  # tokens that two windows share


@dataclass(frozen=True, kw_only=True)
class AnsweringOptions:
    """Options of the question answerer."""

    max_tokens: int = option(15, "how many tokens an answer has at most")
    no_answer: bool = option(False, "let the model say that the text holds no answer, where it was trained to")

    def __post_init__(self) -> None:
        if self.max_tokens < 1:
            raise BadOption(f"max_tokens={self.max_tokens} is less than 1", "Give 1 or more.")


@dataclass(frozen=True, kw_only=True)
class Window(Encoded):
    """A question with a stretch of the context; `first` and `last` are the stretch's first and last token."""

    first: int
    last: int


@dataclass(frozen=True)
class Found:
    """The best stretch in a window, and the score of there being none."""

    answer: Answer
    none: float


class QuestionAnswering(Runner):
    """The likeliest answer in the context, with its place; long contexts are read in windows that overlap.

    An input is `(question, context)` or `{"question": …, "context": …}`. The score is the product of the
    probabilities of its first and of its last token among those of the window (Devlin et al. 2018,
    https://arxiv.org/abs/1810.04805, section 4.2; transformers' pipeline up to its version 4).
    """

    Options = AnsweringOptions
    batch = 16

    def __init__(self, checkpoint: Checkpoint) -> None:
        super().__init__(checkpoint)
        self.tokens = Tokens(checkpoint)
        self.limit = min(self.tokens.limit or WINDOW, WINDOW)
        self.tokens.backend.no_truncation()

    def prepare(self, value: Any, options: AnsweringOptions) -> Sequence[Window]:
        """The question with each stretch of the context; `BadData` when the question fills the window."""
        question, context = (check_text(part) for part in _parts(value))
        made = self.tokens.backend.encode(question, context)
        places = [place for place, sequence in enumerate(made.sequence_ids) if sequence == 1]
        if not places:
            raise BadData("the context holds nothing that the model can read", "Give at least one word.")
        first, end = places[0], places[-1] + 1
        room = self.limit - (len(made.ids) - (end - first))
        if room < self.limit // 4:
            raise BadData("the question is too long", "Put into the context what is not the question.")
        step = room - min(STRIDE, room // 2)
        begins = range(first, max(end - room, first) + step, step)
        return [self._window(context, made, (first, end), slice(begin, min(begin + room, end))) for begin in begins]

    def _window(self, context: str, made: Any, whole: tuple[int, int], part: slice) -> Window:
        """The question, a part of the context's tokens, and what the model puts after the `whole` of them."""
        first, end = whole

        def cut(values: Sequence[Any]) -> list[Any]:
            return [*values[:first], *values[part], *values[end:]]

        types = cut(made.type_ids)
        return Window(
            text=context,
            ids=cut(made.ids),
            types=types if self.tokens.typed else [0] * len(types),
            offsets=cut(made.offsets),
            first=first,
            last=first + part.stop - part.start - 1,
        )

    def size(self, example: Window) -> int:
        """Number of tokens."""
        return len(example.ids)

    def collate(self, examples: Sequence[Window]) -> dict[str, torch.Tensor]:
        """Padded token ids with their mask."""
        return pad(examples, self.tokens.pad_id)

    def forward(self, module: Any, batch: dict[str, torch.Tensor], options: AnsweringOptions) -> torch.Tensor:
        """Scores of each token as the first and the last of the answer, (batch, 2, tokens)."""
        outputs = module(**batch)
        return torch.stack([outputs.start_logits, outputs.end_logits], dim=1).float()

    def finish(self, outputs: torch.Tensor, examples: Sequence[Window], options: AnsweringOptions) -> Sequence[Found]:
        """The best stretch of each window."""
        return [self._found(logits, window, options) for logits, window in zip(outputs.cpu(), examples, strict=True)]

    def _found(self, logits: torch.Tensor, window: Window, options: AnsweringOptions) -> Found:
        # Only the context's tokens may answer; the first token stands for "no answer".
        allowed = torch.zeros(logits.shape[1], dtype=torch.bool)
        allowed[window.first : window.last + 1] = True
        allowed[0] = True
        starts, ends = logits.masked_fill(~allowed, -torch.inf).softmax(1)
        inside = slice(window.first, window.last + 1)
        pairs = torch.outer(starts[inside], ends[inside]).triu().tril(options.max_tokens - 1)
        first, last = divmod(int(pairs.argmax()), pairs.shape[1])
        begin, end = window.offsets[window.first + first][0], window.offsets[window.first + last][1]
        answer = Answer(window.text[begin:end], float(pairs[first, last]), begin, end)
        return Found(answer, float(starts[0] * ends[0]))

    def merge(self, results: Sequence[Found], options: AnsweringOptions) -> Answer:
        """The best answer of all windows; none, where allowed, when that is likelier in every window."""
        best = max((found.answer for found in results), key=lambda answer: answer.score)
        none = min(found.none for found in results)
        return Answer("", none) if options.no_answer and none > best.score else best


def _parts(value: Any) -> tuple[Any, Any]:
    if isinstance(value, Mapping):
        parts = [value.get("question"), value.get("context")]
    else:
        parts = list(value) if isinstance(value, list | tuple) else []
    if len(parts) != 2 or any(part is None for part in parts):
        raise BadData(
            "a question and a context are needed", 'Give (question, context) or {"question": …, "context": …}.'
        )
    if isinstance(parts[1], list | tuple) and len(parts[1]) == 1:
        parts[1] = parts[1][0]  # the form of pairs in general: a text and a list of others
    return parts[0], parts[1]
