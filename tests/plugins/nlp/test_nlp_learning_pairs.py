"""Sentence embeddings learn from pairs, and from pairs with numbers."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
import torch
from zoo_nlp.adapters.embedding import SCALE, SentenceEmbedder
from zoo_nlp.embedding import SentenceEmbedding

from tests.plugins.nlp.learning import learn, outputs, own, saved
from zoo.errors import UnsupportedFormat
from zoo.plugin import Target

PAIRS, SCORED = Target(kind="pairs"), Target(kind="scored", labels=("score",))
TEXTS = [("the cat sat", "a cat is on the mat"), ("a good film", "film is good"), ("paris", "the capital of france")]
NUMBERS = [(pair, number) for pair, number in zip(TEXTS, [1.0, 5.0, 3.0], strict=True)]


@pytest.fixture
def embedder(make: Any) -> SentenceEmbedder:
    """The adapter of a small BERT whose files ask for the first token's vector."""
    still = {"hidden_dropout_prob": 0.0, "attention_probs_dropout_prob": 0.0}
    _, checkpoint = make("bert", "AutoModel", task="feature-extraction", **still)
    modules = [{"type": "sentence_transformers.models.Pooling", "path": "1_Pooling"}]
    (checkpoint.path / "modules.json").write_text(json.dumps(modules), encoding="utf-8")
    (checkpoint.path / "1_Pooling").mkdir()
    (checkpoint.path / "1_Pooling" / "config.json").write_text('{"pooling_mode_cls_token": true}', encoding="utf-8")
    return SentenceEmbedder(checkpoint)


@pytest.mark.parametrize(("target", "rows"), [(PAIRS, [(pair, None) for pair in TEXTS]), (SCORED, NUMBERS)])
def test_vectors_are_learnt_and_loaded_again_to_the_bit(
    embedder: SentenceEmbedder, run: Any, target: Target, rows: Any
) -> None:
    torch.manual_seed(0)
    module = embedder.trainable(own(embedder.checkpoint), target)
    before = outputs(embedder, module, target, rows)
    losses = learn(embedder, module, target, rows, steps=60, rate=3e-3)
    assert sum(losses[-3:]) < 0.7 * sum(losses[:3])
    checkpoint, made = saved(embedder, module, target, method="full", task="feature-extraction")
    assert made.files == ("model.safetensors",)
    again, wanted = own(checkpoint), outputs(embedder, module, target, rows)
    assert not torch.allclose(wanted, before)
    assert torch.equal(outputs(embedder, embedder.trainable(again, target), target, rows), wanted)
    vectors = [result.vector for result in run(own(checkpoint), SentenceEmbedding(checkpoint), [a for a, _ in TEXTS])]
    if target.kind == "pairs":
        ours = torch.nn.functional.normalize(torch.tensor(np.stack(vectors)), dim=1)
        assert torch.allclose(ours, wanted[:, 0], atol=1e-5)


def test_the_loss_of_pairs_is_that_of_a_classifier_over_the_batch(embedder: SentenceEmbedder) -> None:
    module = embedder.trainable(own(embedder.checkpoint), PAIRS).eval()
    batch = embedder.batch([embedder.encode(pair, None, PAIRS, draw=None) for pair in TEXTS], PAIRS)
    loss, vectors = embedder.loss(module, batch, PAIRS)
    assert vectors.shape == (3, 2, 16)
    assert torch.allclose(vectors.norm(dim=2), torch.ones(3, 2), atol=1e-5)
    scores = SCALE * vectors[:, 0] @ vectors[:, 1].T
    assert loss.item() == pytest.approx(-scores.log_softmax(1).diagonal().mean().item(), rel=1e-5)


def test_equal_texts_do_not_compete(embedder: SentenceEmbedder) -> None:
    module = embedder.trainable(own(embedder.checkpoint), PAIRS).eval()
    twice = [TEXTS[0], TEXTS[1], (TEXTS[2][0], TEXTS[0][1])]
    batch = embedder.batch([embedder.encode(pair, None, PAIRS, draw=None) for pair in twice], PAIRS)
    assert batch["labels"].tolist() == [[0, 0], [1, 1], [2, 0]]
    loss, vectors = embedder.loss(module, batch, PAIRS)
    scores = SCALE * vectors[:, 0] @ vectors[:, 1].T
    first = -(scores[0, [0, 1]].log_softmax(0)[0])
    second = -(scores[1].log_softmax(0)[1])
    third = -(scores[2, [1, 2]].log_softmax(0)[1])
    assert loss.item() == pytest.approx((first + second + third).item() / 3, rel=1e-5)


def test_the_loss_of_numbers_counts_pairs_in_the_wrong_order(embedder: SentenceEmbedder) -> None:
    module = embedder.trainable(own(embedder.checkpoint), SCORED).eval()
    batch = embedder.batch([embedder.encode(pair, number, SCORED, draw=None) for pair, number in NUMBERS], SCORED)
    loss, cosines = embedder.loss(module, batch, SCORED)
    a, b, c = cosines[:, 0].tolist()  # numbers 1, 5, 3
    terms = torch.tensor([0.0, SCALE * (a - b), SCALE * (a - c), SCALE * (c - b)])
    assert loss.item() == pytest.approx(terms.logsumexp(0).item(), rel=1e-4)
    one = embedder.batch([embedder.encode(*NUMBERS[0], SCORED, draw=None)], SCORED)
    assert embedder.loss(module, one, SCORED)[0].item() == 0


def test_the_head_of_a_classifier_is_left_behind(make: Any) -> None:
    from zoo_nlp.adapters.classification import TextClassifier

    _, checkpoint = make("bert", "AutoModel", task="feature-extraction")
    classes = Target(kind="single", labels=("a", "b"))
    classifier = TextClassifier(checkpoint)
    base, _ = saved(
        classifier, classifier.trainable(own(checkpoint), classes), classes, method="full", task="text-classification"
    )
    adapter = SentenceEmbedder(base)
    module = adapter.trainable(own(base), PAIRS)
    assert not hasattr(module, "head")
    work = base.path.parent / "work"
    work.mkdir()
    made = adapter.save(module, PAIRS, work, method="lora")
    assert (made.files, made.drop) == ((), ("head.safetensors",))
    assert made.config["head"] is None


def test_models_with_a_decoder_are_refused(make: Any) -> None:
    import transformers

    _, checkpoint = make("bert", "AutoModel", task="feature-extraction")
    sizes = {"d_model": 16, "d_kv": 8, "d_ff": 32, "num_layers": 1, "num_heads": 2, "vocab_size": 30}
    module = transformers.T5Model(transformers.T5Config(**sizes))
    with pytest.raises(UnsupportedFormat, match="has a decoder"):
        SentenceEmbedder(checkpoint).trainable(module, PAIRS)
