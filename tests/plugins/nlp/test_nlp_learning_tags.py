"""Token classifiers learn tags of words, from tokens and windows as the runner reads them."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from zoo_nlp.adapters.tagging import IGNORED, TokenTagger
from zoo_nlp.entities import TokenClassification
from zoo_nlp.heads import TokenClassifier

from tests.plugins.nlp.learning import learn, outputs, own, saved
from zoo.errors import BadData
from zoo.plugin import Target

TARGET = Target(kind="tags", labels=("B-ANIMAL", "I-ANIMAL", "O"))
ROWS = [
    (("the", "good", "cats", "sat"), ("O", "B-ANIMAL", "I-ANIMAL", "O")),
    (("dogs", "is", "bad"), ("B-ANIMAL", "O", "O")),
    (("the", "film", "of", "paris"), ("O", "O", "O", "O")),
    (("a", "cat", "on", "the", "mat"), ("O", "B-ANIMAL", "O", "O", "O")),
]


@pytest.fixture
def tagger(make: Any) -> TokenTagger:
    """The adapter of a small BERT."""
    still = {"hidden_dropout_prob": 0.0, "attention_probs_dropout_prob": 0.0}
    _, checkpoint = make("bert", "AutoModel", task="feature-extraction", **still)
    return TokenTagger(checkpoint)


def test_the_first_token_of_a_word_has_its_label(tagger: TokenTagger) -> None:
    example = tagger.encode(*ROWS[0], TARGET, draw=None)
    [window] = example.windows
    names = [tagger.tokens.backend.id_to_token(i) for i in window.ids]
    assert names == ["[CLS]", "the", "good", "cat", "##s", "sat", "[SEP]"]
    assert dict(example.places) == {0: (0, 1), 1: (0, 2), 2: (0, 3), 3: (0, 5)}
    assert list(example.labels) == [2, 0, 1, 2]


def test_words_that_the_tokenizer_splits_or_cannot_read(tagger: TokenTagger) -> None:
    words = ("a.b", "\u200d", "cat's", "🦊")
    example = tagger.encode(words, ("O", "O", "B-ANIMAL", "O"), TARGET, draw=None)
    text = " ".join(words)
    [window] = example.windows
    for word, (_, token) in example.places.items():
        start, end = window.offsets[token]
        assert text[start:end] in words[word]
    assert [example.labels[word] == IGNORED for word in range(4)] == [word not in example.places for word in range(4)]
    assert {0, 2, 3} <= set(example.places)
    assert example.labels[1] == IGNORED


def test_long_texts_are_learnt_in_windows(tagger: TokenTagger) -> None:
    words = tuple(("the cat sat on a mat dog film " * 5).split())
    tags = tuple("B-ANIMAL" if word in {"cat", "dog"} else "O" for word in words)
    example = tagger.encode(words, tags, TARGET, draw=None)
    assert len(example.windows) > 2
    assert sorted(example.places) == list(range(len(words)))
    for word, (window, token) in example.places.items():
        assert tagger.tokens.backend.id_to_token(example.windows[window].ids[token]) == words[word]
    short = tagger.encode(*ROWS[0], TARGET, draw=None)
    batch = tagger.batch([short, example, short], TARGET)
    assert batch["labels"].shape == (3, len(words))
    assert len(batch["input_ids"]) == len(example.windows) + 2
    module = tagger.trainable(own(tagger.checkpoint), TARGET).eval()
    together = tagger.loss(module, batch, TARGET)[1]
    alone = tagger.loss(module, tagger.batch([example], TARGET), TARGET)[1]
    assert torch.allclose(together[1], alone[0], atol=1e-5)


def test_words_and_tags_must_be_as_many(tagger: TokenTagger) -> None:
    with pytest.raises(BadData, match="4 words have 3 tags"):
        tagger.encode(ROWS[0][0], ROWS[1][1], TARGET, draw=None)


@pytest.mark.parametrize("method", ["full", "head"])
def test_tags_are_learnt_and_loaded_again_to_the_bit(tagger: TokenTagger, run: Any, method: str) -> None:
    torch.manual_seed(0)
    module = tagger.trainable(own(tagger.checkpoint), TARGET)
    if method == "head":
        module.encoder.requires_grad_(False)
    losses = learn(tagger, module, TARGET, ROWS, steps=60, rate=4e-2 if method == "head" else 1e-2)
    assert sum(losses[-3:]) < (0.9 if method == "head" else 0.7) * sum(losses[:3])
    checkpoint, _ = saved(tagger, module, TARGET, method=method, task="token-classification")
    again = own(checkpoint)
    assert isinstance(again, TokenClassifier)
    wanted = outputs(tagger, module, TARGET, ROWS)
    assert torch.equal(outputs(tagger, again, TARGET, ROWS), wanted)

    runner = TokenClassification(checkpoint)
    assert runner.labels == TARGET.labels
    for (words, _), logits, result in zip(
        ROWS, wanted, run(again, runner, [" ".join(w) for w, _ in ROWS]), strict=True
    ):
        text, found = " ".join(words), [TARGET.labels[i] for i in logits[: len(words)].argmax(1)]
        inside = {entity.start for entity in result.entities}
        begins = {sum(len(word) + 1 for word in words[:i]) for i, tag in enumerate(found) if tag.startswith("B-")}
        assert begins <= inside
        assert all(text[entity.start : entity.end] == entity.text for entity in result.entities)
