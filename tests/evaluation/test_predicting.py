"""Predictions of small real models through the ordinary engine."""

from __future__ import annotations

import itertools
import math
from pathlib import Path

import numpy as np
import pytest
import torch

from tests.tiny import WORDS, write_text_model
from tests.tiny_fixtures import Models
from zoo import Zoo
from zoo.data import Split
from zoo.errors import BadData, BadInput, UnknownTask
from zoo.evaluation import judge, predict_split
from zoo.evaluation.predicting.naming import matched
from zoo.evaluation.predicting.tags import tags_of
from zoo.tasks import Entities, Entity


@pytest.fixture
def zoo(home: Path) -> Zoo:
    return Zoo(home, quiet=True)


def put(zoo: Zoo, folder: Path, head: str, **config):
    write_text_model(folder, head, **config)
    return zoo.obtain(str(folder))


def test_pictures_get_the_probabilities_of_all_classes(zoo: Zoo, models: Models, tmp_path: Path) -> None:
    broken = tmp_path / "broken.png"
    broken.write_bytes(b"no picture")
    split = Split(
        inputs=(models.red, broken, models.squares / "blue" / "1.png"),
        labels=("Ant", "bee", "cat "),
        rows=("red", "broken", "blue"),
    )
    told = []
    made = predict_split(
        zoo,
        zoo.obtain("pics"),
        split,
        task="image-classification",
        kind="single",
        labels=("cat", "bee", "ant"),
        report=lambda what, done, total: told.append((what, done, total)),
    )
    assert made.labels == ("cat", "bee", "ant")
    assert list(made.truth) == ["ant", "cat"]  # in the model's own spelling
    assert (made.rows, made.index) == (("red", "blue"), (0, 2))
    assert made.failed[0][0] == "broken"
    assert "is not a picture" in made.failed[0][1]
    assert told == [("predicting", 1, 3)] * 3
    with zoo.load("pics") as model:
        expected = {item.label: item.score for item in model.predict(models.red, top_k=3).labels}
    assert dict(zip(made.labels, made.scores[0], strict=True)) == pytest.approx(expected)


def test_labels_that_the_model_does_not_know_are_all_named(zoo: Zoo, models: Models) -> None:
    split = Split(inputs=(models.red,) * 3, labels=("ant", "bees", "zebra"))
    with pytest.raises(BadData, match=r"'bees' \(nearest: 'bee'\), 'zebra'") as caught:
        predict_split(zoo, zoo.obtain("pics"), split, task="image-classification", kind="single")
    assert "It knows 3: 'ant', 'bee', 'cat'. Rename" in caught.value.remedy


def test_names_match_but_for_capitals_and_spaces() -> None:
    assert matched(["good ", "BAD", "so  so"], ["bad", "Good", "So so"], "m") == {
        "good ": "Good",
        "BAD": "bad",
        "so  so": "So so",
    }
    assert matched(["a"], ["A", "a"], "m") == {"a": "a"}


def test_not_one_example_can_be_used(zoo: Zoo, tmp_path: Path) -> None:
    split = Split(inputs=(tmp_path / "nowhere.png",), labels=("ant",))
    with pytest.raises(BadData, match="not one of 1 examples can be used"):
        predict_split(zoo, zoo.obtain("pics"), split, task="image-classification", kind="single")
    with pytest.raises(BadData, match="no examples"):
        predict_split(zoo, zoo.obtain("pics"), split.take([]), task="image-classification", kind="single")


def test_texts_with_several_labels(zoo: Zoo, tmp_path: Path) -> None:
    pulled = put(
        zoo,
        tmp_path / "marks",
        "BertForSequenceClassification",
        id2label={0: "bad", 1: "good", 2: "long"},
        problem_type="multi_label_classification",
    )
    split = Split(inputs=("a good film", "the end"), labels=(("good", "long"), ()))
    made = predict_split(zoo, pulled, split, task="text-classification", kind="multi")
    assert made.scores.shape == (2, 3)
    assert made.scores.sum(1) != pytest.approx([1.0, 1.0])  # each label by itself
    assert list(made.truth) == [("good", "long"), ()]
    assert judge(made, resamples=100).main == "f1_micro"


def test_a_regression_gives_numbers(zoo: Zoo, tmp_path: Path) -> None:
    pulled = put(
        zoo, tmp_path / "stars", "BertForSequenceClassification", id2label={0: "stars"}, problem_type="regression"
    )
    split = Split(inputs=("a good film", "the end", "a cat"), labels=(3.0, -2.0, 0.5))
    made = predict_split(zoo, pulled, split, task="text-classification", kind="regression")
    assert made.labels == ("stars",)
    with zoo.load(pulled.card.id) as model, torch.inference_mode():
        assert made.scores[1] == pytest.approx(model.predict("the end").labels[0].score)
    assert judge(made, resamples=100).main == "rmse"


def test_a_classifier_is_no_regression(zoo: Zoo) -> None:
    split = Split(inputs=("a good film",), labels=(3.0,))
    with pytest.raises(BadInput, match="tells 2 labels, not one number"):
        predict_split(zoo, zoo.obtain("judge"), split, task="text-classification", kind="regression")


def test_words_get_the_tag_of_their_first_token(zoo: Zoo, tmp_path: Path) -> None:
    pulled = put(
        zoo, tmp_path / "names", "BertForTokenClassification", id2label={0: "O", 1: "B-PET", 2: "I-PET", 3: "B-ACT"}
    )
    words = (("the", "cats", "was", "good"), ("dog",))
    split = Split(inputs=words, labels=(("O", "B-pet", "O", "O"), ("B-PET",)))
    made = predict_split(zoo, pulled, split, task="token-classification", kind="tags")
    assert [len(tags) for tags in made.scores] == [4, 1]
    assert made.truth[0] == ("O", "B-PET", "O", "O")
    with zoo.load(pulled.card.id) as model:
        tokens = model.predict("the cats was good", aggregation="none").entities
    assert made.scores[0] == tags_of(words[0], Entities(tokens))
    assert set(itertools.chain(*made.scores)) <= {"O", "B-PET", "I-PET", "B-ACT"}
    with pytest.raises(BadData, match="does not know these labels of the data: 'CAR'"):
        odd = Split(inputs=(("cat",),), labels=(("B-CAR",),))
        predict_split(zoo, pulled, odd, task="token-classification", kind="tags")


def test_tokens_are_matched_to_words() -> None:
    # "New York-based firm": a token that begins inside a word does not tag it, and a space may belong to a token.
    entities = Entities(
        (
            Entity("B-LOC", 0.9, "New", 0, 3),
            Entity("I-LOC", 0.9, " York", 3, 8),
            Entity("B-ORG", 0.9, "based", 9, 14),
            Entity("B-ORG", 0.9, "firm", 15, 19),
        )
    )
    assert tags_of(("New", "York-based", "firm"), entities) == ("B-LOC", "I-LOC", "B-ORG")
    assert tags_of(("New", "York-based", "firm"), Entities(())) == ("O", "O", "O")


def test_pairs_are_compared_with_all_second_texts(zoo: Zoo) -> None:
    inputs = (("a good film", "a great film"), ("the cat", "a dog"), ("the end", "the end"))
    split = Split(inputs=inputs, labels=(None,) * 3)
    made = predict_split(zoo, zoo.obtain("texts"), split, task="feature-extraction", kind="pairs")
    assert list(made.truth) == ["a great film", "a dog", "the end"]
    with zoo.load("texts") as model:
        first, second = ([model.predict(pair[side]) for pair in inputs] for side in (0, 1))
    expected = [[one.similarity(other) for other in second] for one in first]
    assert made.scores == pytest.approx(np.array(expected), abs=1e-5)
    scored = Split(inputs=inputs, labels=(0.8, 0.3, 1.0))
    alike = predict_split(zoo, zoo.obtain("texts"), scored, task="feature-extraction", kind="scored")
    assert alike.scores == pytest.approx(np.diagonal(expected), abs=1e-5)
    assert alike.scores[2] == pytest.approx(1.0)


def test_a_pair_with_an_empty_text_fails_alone(zoo: Zoo) -> None:
    split = Split(inputs=(("a film", " "), ("the cat", "a dog")), labels=(None, None))
    made = predict_split(zoo, zoo.obtain("texts"), split, task="feature-extraction", kind="pairs")
    assert made.scores.shape == (1, 1)
    assert made.failed == (("1", "the text is empty"),)


def write_causal(folder: Path) -> Path:
    """A GPT-2 of 16 dimensions with the words of the other small models."""
    import transformers

    from tests.tiny import SPECIAL, tokenizer

    vocabulary = (*SPECIAL, *WORDS)
    torch.manual_seed(0)
    config = transformers.GPT2Config(vocab_size=len(vocabulary), n_embd=16, n_layer=1, n_head=2, n_positions=16)
    module = transformers.GPT2LMHeadModel(config).eval()
    module.save_pretrained(folder)
    made = tokenizer(vocabulary)
    made.backend_tokenizer.post_processor = None
    made.save_pretrained(folder)
    return folder


def test_perplexity_is_what_the_logits_say(zoo: Zoo, tmp_path: Path) -> None:
    pulled = zoo.obtain(str(write_causal(tmp_path / "writer")))
    texts = ("a good film was the end", "the cat", "a dog was very bad")
    split = Split(inputs=(*texts, " "), labels=(None,) * 4)
    made = predict_split(zoo, pulled, split, task="text-generation", kind="text", batch=2)
    assert made.failed == (("4", "the text is empty"),)
    with zoo.load(pulled.card.id) as model, torch.inference_mode():
        for row, text in enumerate(texts):
            ids = torch.tensor([model.engine.runner.tokens.encode(text).ids])
            shares = model.module(input_ids=ids).logits.float().log_softmax(-1)[0, :-1]
            lost = -shares[torch.arange(ids.shape[1] - 1), ids[0, 1:]].sum()
            assert made.scores[row].tolist() == pytest.approx([float(lost), ids.shape[1] - 1], rel=1e-5)
    found = judge(made, resamples=100)
    assert found.value == pytest.approx(math.exp(made.scores[:, 0].sum() / made.scores[:, 1].sum()))


def test_masked_words_are_the_same_each_time(zoo: Zoo, tmp_path: Path) -> None:
    pulled = put(zoo, tmp_path / "guesser", "BertForMaskedLM")
    split = Split(inputs=("a good film was the end", "the cat was very bad"), labels=(None, None))
    first, again = (
        predict_split(zoo, pulled, split, task="fill-mask", kind="text", batch=batch) for batch in (None, 1)
    )
    assert (first.scores[:, 1] >= 1).all()
    assert again.scores == pytest.approx(first.scores, rel=1e-5)


def test_nothing_runs_the_model_so(zoo: Zoo) -> None:
    from zoo.errors import MissingPlugin

    split = Split(inputs=("a film",), labels=("x",))
    with pytest.raises((MissingPlugin, UnknownTask)):
        predict_split(zoo, zoo.obtain("pics"), split, task="text-classification", kind="single")
