"""Token classification: a tag for each word, read from its first token."""

from __future__ import annotations

import functools
import itertools
import random
from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import torch
from torch.nn import functional

from zoo.errors import BadData
from zoo.plugin import Target, Trained
from zoo.tasks import TargetKind
from zoo_nlp.adapters.base import TextFineTuner, inputs_of, trained
from zoo_nlp.adapters.files import save_headed
from zoo_nlp.entities import EntityOptions, Stretch, TokenClassification
from zoo_nlp.heads import TOKEN_LINEAR, TokenClassifier, encoder_of
from zoo_nlp.texts import check_text, pad

__all__ = ["TokenTagger"]

IGNORED = -100  # torch's own mark of what has no label


@dataclass(frozen=True, kw_only=True)
class Tagged:
    """A text's windows, where each word's first token is (window, token), and each word's label or `IGNORED`."""

    windows: Sequence[Stretch]
    places: Mapping[int, tuple[int, int]]
    labels: Sequence[int]

    @property
    def nbytes(self) -> int:
        """About how much memory it takes."""
        return sum(window.nbytes for window in self.windows) + 250 * len(self.places)


class TokenTagger(TextFineTuner):
    """Tags of words, learnt from the same tokens and windows that the task's runner reads.

    The words are joined by spaces, so that the tokenizer sees a text as it will at prediction. A word's first token has
    its label (Devlin et al. 2019, section 5.3); the others have none. Texts longer than the model reads are cut into
    windows that overlap, and each word is learnt in the window that shows more around it.
    """

    kinds: ClassVar[tuple[TargetKind, ...]] = ("tags",)
    methods: ClassVar[tuple[str, ...]] = ("head", "lora", "full")

    @functools.cached_property
    def runner(self) -> TokenClassification:
        """What reads texts for the task."""
        return TokenClassification(self.checkpoint)

    def trainable(self, module: Any, target: Target) -> torch.nn.Module:
        """A `TokenClassifier` on the module's body, with a new head."""
        return TokenClassifier(trained(encoder_of(module)), len(target.labels))

    def encode(self, value: Any, label: Any, target: Target, *, draw: random.Random | None) -> Tagged:
        """The windows of the text that the words make, and each word's label and place."""
        if len(value) != len(label):
            raise BadData(f"{len(value)} words have {len(label)} tags", "Give one tag for each word.")
        text = " ".join(value)
        windows = self.runner.prepare(check_text(text), EntityOptions())
        places: dict[int, tuple[int, int]] = {}
        for word, window, token in _tokens(text, value, windows):
            places.setdefault(word, (window, token))
        names = {name: place for place, name in enumerate(target.labels)}
        labels = [names[tag] if word in places else IGNORED for word, tag in enumerate(label)]
        return Tagged(windows=windows, places=places, labels=labels)

    def batch(self, examples: Sequence[Tagged], target: Target) -> dict[str, Any]:
        """Padded tokens of all windows; `labels` (batch, words); `places`, each word's (text, word, window, token)."""
        longest = max(len(example.labels) for example in examples)
        labels = [[*example.labels, *[IGNORED] * (longest - len(example.labels))] for example in examples]
        starts = itertools.accumulate((len(example.windows) for example in examples), initial=0)
        places = [
            (number, word, start + window, token)
            for number, (example, start) in enumerate(zip(examples, starts, strict=False))
            for word, (window, token) in example.places.items()
        ]
        windows = [window for example in examples for window in example.windows]
        return {
            "labels": torch.tensor(labels),
            "places": torch.tensor(places, dtype=torch.long).reshape(-1, 4),
            **pad(windows, self.runner.tokens.pad_id),
        }

    def loss(self, module: Any, batch: Mapping[str, Any], target: Target) -> tuple[torch.Tensor, torch.Tensor]:
        """Cross-entropy over all words of the batch, and logits (batch, words, outputs), 0 where there is no word."""
        made = module(**inputs_of(batch)).logits.float()
        labels = batch["labels"]
        texts, words, windows, tokens = batch["places"].unbind(1)
        logits = made.new_zeros(*labels.shape, made.shape[-1])
        logits = logits.index_put((texts, words), made[windows, tokens])
        total = functional.cross_entropy(logits.flatten(0, 1), labels.flatten(), ignore_index=IGNORED, reduction="sum")
        return total / (labels != IGNORED).sum().clamp(min=1), logits

    def save(self, module: Any, target: Target, folder: Path, *, method: str) -> Trained:
        """The head, and with `full` the encoder; see `FineTuner.save`."""
        config = {"head": TOKEN_LINEAR, **target.config}
        return save_headed(module, self.checkpoint, folder, config, method=method)


def _tokens(text: str, words: Sequence[str], windows: Sequence[Stretch]) -> Iterator[tuple[int, int, int]]:
    """The word, window and place of each token that a window labels."""
    starts = list(itertools.accumulate((len(word) + 1 for word in words), initial=0))[:-1]
    for number, window in enumerate(windows):
        for place, ((start, end), word) in enumerate(zip(window.offsets, window.words, strict=True)):
            piece = text[start:end]
            if word is None or not piece.strip() or not window.begin <= start < window.end:
                continue
            # Some tokenizers count the space before a word to it.
            yield bisect_right(starts, start + len(piece) - len(piece.lstrip())) - 1, number, place
