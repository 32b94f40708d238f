"""The runners on small models: equal to plain transformers, in order, and clear about what they cannot use."""

from __future__ import annotations

import json
import os
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import save_file
from zoo_nlp.adapters.classification import TextClassifier
from zoo_nlp.classification import TextClassification
from zoo_nlp.embedding import SentenceEmbedding, SentenceSimilarity
from zoo_nlp.fill_mask import FillMask
from zoo_nlp.generation import TextGeneration
from zoo_nlp.texts import Tokens
from zoo_nlp.transformers_loader import TransformersLoader

from zoo.errors import BadData, BadOption, IntegrityError, UnsafeFile, UnsupportedFormat
from zoo.models.context import Context
from zoo.models.options import read_options
from zoo.plugin import Checkpoint, Target

TEXTS = ["the cat sat on the mat .", "good film", "a", "the dog is bad . the cat is good ."]


def _sentence_transformers(checkpoint: Checkpoint, *modules: str, **pooling: Any) -> None:
    listed = [
        {"idx": i, "name": str(i), "path": f"{i}_{kind}" if i else "", "type": f"sentence_transformers.models.{kind}"}
        for i, kind in enumerate(modules)
    ]
    (checkpoint.path / "modules.json").write_text(json.dumps(listed))
    folder = checkpoint.path / "1_Pooling"
    folder.mkdir(exist_ok=True)
    (folder / "config.json").write_text(json.dumps(pooling))


def _reference(model: Any, checkpoint: Checkpoint, texts: list[str]) -> tuple[torch.Tensor, torch.Tensor]:
    """Token vectors and mask by transformers alone, one text at a time and padded by hand."""
    from transformers import AutoTokenizer

    made = AutoTokenizer.from_pretrained(checkpoint.path)(texts, padding=True, truncation=True, return_tensors="pt")
    with torch.inference_mode():
        hidden = model(input_ids=made["input_ids"], attention_mask=made["attention_mask"]).last_hidden_state
    return hidden, made["attention_mask"].unsqueeze(-1)


@pytest.mark.parametrize("kind", ["bert", "distilbert", "gpt2", "mpnet", "roberta", "xlm-roberta"])
def test_embeddings_are_the_mean_of_the_tokens(make: Any, context: Context, run: Any, kind: str) -> None:
    theirs, checkpoint = make(kind, "AutoModel", task="feature-extraction")
    module = TransformersLoader().load(checkpoint, context)
    got = np.stack([r.vector for r in run(module, SentenceEmbedding(checkpoint), TEXTS, batch=3)])
    hidden, mask = _reference(theirs, checkpoint, TEXTS)
    assert np.abs(got - ((hidden * mask).sum(1) / mask.sum(1)).numpy()).max() <= 1e-5


@pytest.mark.parametrize("mode", ["mean_tokens", "cls_token", "max_tokens", "lasttoken"])
def test_pooling_follows_the_files_of_sentence_transformers(make: Any, context: Context, run: Any, mode: str) -> None:
    theirs, checkpoint = make("bert", "AutoModel", task="feature-extraction")
    _sentence_transformers(checkpoint, "Transformer", "Pooling", "Normalize", **{f"pooling_mode_{mode}": True})
    module = TransformersLoader().load(checkpoint, context)
    got = np.stack([r.vector for r in run(module, SentenceEmbedding(checkpoint), TEXTS)])
    hidden, mask = _reference(theirs, checkpoint, TEXTS)
    wanted = {
        "mean_tokens": (hidden * mask).sum(1) / mask.sum(1),
        "cls_token": hidden[:, 0],
        "max_tokens": torch.stack([h[m[:, 0] == 1].amax(0) for h, m in zip(hidden, mask, strict=True)]),
        "lasttoken": torch.stack([h[m[:, 0] == 1][-1] for h, m in zip(hidden, mask, strict=True)]),
    }[mode]
    assert np.abs(got - torch.nn.functional.normalize(wanted, dim=1).numpy()).max() <= 1e-5


@pytest.mark.parametrize(
    ("modules", "pooling"),
    [
        (("Transformer", "Pooling", "Dense"), {"pooling_mode_mean_tokens": True}),
        (("Transformer", "Pooling"), {"pooling_mode_mean_tokens": True, "pooling_mode_cls_token": True}),
        (("Transformer", "Pooling"), {"pooling_mode_weightedmean_tokens": True}),
        (("Transformer", "Pooling"), {}),
    ],
)
def test_other_pooling_is_refused(make: Any, modules: tuple[str, ...], pooling: dict[str, bool]) -> None:
    _, checkpoint = make("bert", "AutoModel", task="feature-extraction")
    _sentence_transformers(checkpoint, *modules, **pooling)
    with pytest.raises(UnsupportedFormat, match="is not supported"):
        SentenceEmbedding(checkpoint)


@pytest.mark.parametrize("content", ["{}", "[1]", '[{"type": "models.Pooling", "path": "../../etc"}]'])
def test_malformed_modules_are_refused(make: Any, content: str) -> None:
    _, checkpoint = make("bert", "AutoModel", task="feature-extraction")
    (checkpoint.path / "modules.json").write_text(content)
    with pytest.raises(IntegrityError, match=r"modules\.json"):
        SentenceEmbedding(checkpoint)


def test_similarity_of_pairs_and_lists(make: Any, context: Context, run: Any) -> None:
    _, checkpoint = make("bert", "AutoModel", task="sentence-similarity")
    module = TransformersLoader().load(checkpoint, context)
    inputs = [
        ("good film", "good film"),
        ("a", ["a", "the dog is bad"]),
        {"source_sentence": "the cat", "sentences": ["the dog", "the cat", "b"]},
    ]
    results = run(module, SentenceSimilarity(checkpoint), inputs, batch=2)
    assert [len(r.scores) for r in results] == [1, 2, 3]
    assert results[0].scores[0] == pytest.approx(1, abs=1e-5)
    assert results[2].scores[1] == pytest.approx(1, abs=1e-5)
    alone = [r.vector for r in run(module, SentenceEmbedding(checkpoint), ["a", "the dog is bad"])]
    cosine = float(alone[0] @ alone[1] / np.linalg.norm(alone[0]) / np.linalg.norm(alone[1]))
    assert results[1].scores[1] == pytest.approx(cosine, abs=1e-5)


@pytest.mark.parametrize("value", ["a", ("a",), ("a", []), ("a", "b", "c"), {"source_sentence": "a"}, ("a", [3]), None])
def test_similarity_says_what_it_needs(make: Any, value: Any) -> None:
    _, checkpoint = make("bert", "AutoModel", task="sentence-similarity")
    runner = SentenceSimilarity(checkpoint)
    with pytest.raises(BadData):
        runner.prepare(value, runner.Options())


@pytest.mark.parametrize("value", ["", "  \n", 3, None, b"cat", ["cat"], "cat \ud800", "\u200d\x00"])
def test_unusable_texts(make: Any, value: Any) -> None:
    _, checkpoint = make("bert", "AutoModel", task="feature-extraction")
    runner = SentenceEmbedding(checkpoint)
    with pytest.raises(BadData):
        runner.prepare(value, runner.Options())


@pytest.mark.parametrize("value", ["cat\x00dog", "cat\x07", "\ufeffcat", "ünïcode 日本", "cat " * 5000, "[SEP] cat"])
def test_odd_texts_are_usable(make: Any, context: Context, run: Any, value: str) -> None:
    _, checkpoint = make("bert", "AutoModel", task="feature-extraction")
    module = TransformersLoader().load(checkpoint, context)
    assert np.isfinite(run(module, SentenceEmbedding(checkpoint), [value])[0].vector).all()


def test_long_texts_are_cut_or_refused(make: Any) -> None:
    _, checkpoint = make("bert", "AutoModel", task="feature-extraction")
    runner = SentenceEmbedding(checkpoint)
    (example,) = runner.prepare("cat " * 100, runner.Options())
    assert len(example.ids) == runner.size(example) == 16
    assert example.ids[-1] == 3
    with pytest.raises(BadData, match="reads 16 tokens at most"):
        runner.prepare("cat " * 100, runner.Options(truncate=False))


@pytest.mark.parametrize(
    ("kind", "stated", "sentence", "limit"),
    [("bert", 10**30, None, 32), ("roberta", 10**30, None, 31), ("bert", 10**30, 8, 8), ("bert", 16, None, 16)],
)
def test_the_least_limit_holds(make: Any, kind: str, stated: int, sentence: int | None, limit: int) -> None:
    _, checkpoint = make(kind, "AutoModel", task="feature-extraction")
    path = checkpoint.path / "tokenizer_config.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "model_max_length": stated}))
    if sentence:
        (checkpoint.path / "sentence_bert_config.json").write_text(json.dumps({"max_seq_length": sentence}))
    assert Tokens(checkpoint).limit == limit


def test_a_tokenizer_serves_many_threads(make: Any) -> None:
    _, checkpoint = make("bert", "AutoModel", task="feature-extraction")
    runner = SentenceEmbedding(checkpoint)
    before = dict(os.environ)
    texts = [" ".join(["cat"] * (1 + i % 20)) for i in range(400)]
    with ThreadPoolExecutor(8) as pool:
        lengths = list(pool.map(lambda t: len(runner.prepare(t, runner.Options())[0].ids), texts))
    assert lengths == [min(16, 3 + i % 20) for i in range(400)]
    assert dict(os.environ) == before


@pytest.mark.parametrize("content", ["", "{}", "not json", "[]"])
def test_a_broken_tokenizer_is_one_clear_error(make: Any, content: str) -> None:
    _, checkpoint = make("bert", "AutoModel", task="feature-extraction")
    (checkpoint.path / "tokenizer.json").write_text(content)
    with pytest.raises(IntegrityError, match="tokenizer"):
        SentenceEmbedding(checkpoint)


def test_a_tokenizer_with_code_is_refused(make: Any) -> None:
    _, checkpoint = make("bert", "AutoModel", task="feature-extraction")
    path = checkpoint.path / "tokenizer_config.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "auto_map": {"AutoTokenizer": ["tok.Tok", None]}}))
    with pytest.raises(UnsafeFile, match="auto_map"):
        SentenceEmbedding(checkpoint)


@pytest.mark.parametrize("problem", ["single_label_classification", "multi_label_classification"])
def test_classes_of_texts(make: Any, context: Context, run: Any, problem: str) -> None:
    theirs, checkpoint = make(
        "distilbert",
        "AutoModelForSequenceClassification",
        task="text-classification",
        id2label={0: "bad", 1: "good", 2: "so-so"},
        problem_type=problem,
    )
    module = TransformersLoader().load(checkpoint, context)
    results = run(module, TextClassification(checkpoint), TEXTS, batch=2, top_k=0)
    for text, result in zip(TEXTS, results, strict=True):
        ids = torch.tensor([Tokens(checkpoint).encode(text).ids])
        with torch.inference_mode():
            logits = theirs(input_ids=ids).logits[0]
        wanted = logits.softmax(0) if problem.startswith("single") else logits.sigmoid()
        names = dict(zip(["bad", "good", "so-so"], wanted.tolist(), strict=True))
        assert {label.label: label.score for label in result.labels} == pytest.approx(names, abs=1e-5)
        assert [label.score for label in result.labels] == pytest.approx(sorted(names.values(), reverse=True), abs=1e-5)
    assert len(run(module, TextClassification(checkpoint), ["a"], top_k=2)[0].labels) == 2


def test_wrong_number_of_label_names(make: Any, context: Context, run: Any) -> None:
    _, checkpoint = make("bert", "AutoModelForSequenceClassification", task="text-classification", num_labels=2)
    module = TransformersLoader().load(checkpoint, context)
    runner = TextClassification(checkpoint)
    runner.labels = ("one", "two", "three")
    with pytest.raises(IntegrityError, match="3 label names for 2 classes"):
        run(module, runner, ["a"])


def test_a_fine_tuned_head_gives_what_it_was_solved_for(make: Any, context: Context, run: Any) -> None:
    _, checkpoint = make("bert", "AutoModel", task="feature-extraction")
    _sentence_transformers(checkpoint, "Transformer", "Pooling", "Normalize", pooling_mode_mean_tokens=True)
    base = TransformersLoader().load(checkpoint, context)
    runner, adapter = TextClassification(checkpoint), TextClassifier(checkpoint)
    examples = [runner.prepare(text, runner.Options())[0] for text in TEXTS]
    with torch.inference_mode():
        features = adapter.features(base, runner.collate(examples))
    assert torch.allclose(features.norm(dim=1), torch.ones(len(TEXTS)), atol=1e-5)

    head = adapter.head(torch.randn(3, 16), torch.randn(3), Target(kind="single", labels=("x", "y", "z")))
    save_file(dict(head.tensors), checkpoint.path / "head.safetensors")
    card = checkpoint.card.replace(task="text-classification", config={**checkpoint.card.config, **head.config}).check()
    tuned = Checkpoint(card=card, path=checkpoint.path, revision=checkpoint.revision)
    module = TransformersLoader().load(tuned, context)
    wanted = (features @ head.tensors["head.weight"].T + head.tensors["head.bias"]).softmax(1)
    for row, result in zip(wanted, run(module, TextClassification(tuned), TEXTS), strict=True):
        scores = {label.label: label.score for label in result.labels}
        assert scores == pytest.approx(dict(zip("xyz", row.tolist(), strict=True)), abs=1e-5)
    again = TextClassifier(tuned).features(module, runner.collate(examples))
    assert torch.allclose(again, features, atol=1e-5)


def test_masked_words(make: Any, context: Context, run: Any) -> None:
    theirs, checkpoint = make("bert", "AutoModelForMaskedLM", task="fill-mask")
    module = TransformersLoader().load(checkpoint, context)
    runner = FillMask(checkpoint)
    one, two = run(module, runner, ["the [MASK] sat", "[MASK] is [MASK] ."], top_k=3)
    assert (len(one.labels), len(two.labels), len(two.texts)) == (3, 6, 6)
    ids = torch.tensor([runner.tokens.encode("the [MASK] sat").ids])
    with torch.inference_mode():
        best = theirs(input_ids=ids).logits[0, 2].softmax(0).topk(3)
    assert [label.score for label in one.labels] == pytest.approx(best.values.tolist(), abs=1e-5)
    assert [label.label for label in one.labels] == [
        runner.tokens.backend.id_to_token(i) for i in best.indices.tolist()
    ]
    assert one.texts[0].replace(" ##", "##") in {f"the {one.labels[0].label} sat", f"the{one.labels[0].label[2:]} sat"}
    assert all("[MASK]" in text for text in two.texts)
    assert two.texts[0].endswith(" is [MASK] .")
    assert two.texts[3].startswith("[MASK] is")


def test_pieces_are_put_where_the_mask_was(make: Any) -> None:
    _, checkpoint = make("bert", "AutoModelForMaskedLM", task="fill-mask")
    put = FillMask(checkpoint)._put
    assert put("two ", "cats", " sat") == "two cats sat"
    assert put("two cat ", "##s", " sat") == "two cats sat"
    assert put("two", " cats", " sat") == "two cats sat"
    assert put("two ", " cats", " sat") == "two cats sat"
    assert put("", " Cats", " sat") == "Cats sat"
    assert put("two cat", "s", " sat") == "two cats sat"


@pytest.mark.parametrize(
    ("value", "message"), [("the cat", r"no \[MASK\]"), ("[MASK] " * 50, "too long"), ("", "empty")]
)
def test_masked_words_say_what_they_need(make: Any, value: str, message: str) -> None:
    _, checkpoint = make("bert", "AutoModelForMaskedLM", task="fill-mask")
    runner = FillMask(checkpoint)
    with pytest.raises(BadData, match=message):
        runner.prepare(value, runner.Options())


def _greedy(model: Any, ids: list[int], count: int) -> list[int]:
    made = model.generate(torch.tensor([ids]), max_new_tokens=count, do_sample=False, pad_token_id=0, eos_token_id=3)
    return made[0, len(ids) :].tolist()


@pytest.mark.parametrize("kind", ["gpt2", "llama"])
def test_greedy_texts_equal_those_of_transformers(make: Any, context: Context, run: Any, kind: str) -> None:
    theirs, checkpoint = make(kind, "AutoModelForCausalLM", task="text-generation")
    module = TransformersLoader().load(checkpoint, context)
    runner = TextGeneration(checkpoint)
    prompts = ["the cat", "good", "a b c d e"]
    results = run(module, runner, prompts, max_new_tokens=6)
    for prompt, result in zip(prompts, results, strict=True):
        ids = _greedy(theirs, list(runner.tokens.encode(prompt).ids), 6)
        assert result.finished == (3 in ids)
        assert result.text == runner.tokens.backend.decode(ids)


def test_sampling_repeats_with_a_seed_and_leaves_the_generator_alone(make: Any, context: Context, run: Any) -> None:
    _, checkpoint = make("llama", "AutoModelForCausalLM", task="text-generation")
    module, runner = TransformersLoader().load(checkpoint, context), TextGeneration(checkpoint)
    state = torch.random.get_rng_state()
    texts = [run(module, runner, ["cat"], max_new_tokens=8, temperature=2.0, seed=s)[0].text for s in (1, 1, 2, 3)]
    assert texts[0] == texts[1]
    assert len(set(texts)) > 1
    assert torch.equal(state, torch.random.get_rng_state())


def test_texts_end_before_the_words_to_stop_at(make: Any, context: Context, run: Any) -> None:
    _, checkpoint = make("llama", "AutoModelForCausalLM", task="text-generation")
    module, runner = TransformersLoader().load(checkpoint, context), TextGeneration(checkpoint)
    whole = run(module, runner, ["the cat", "good"], max_new_tokens=10)
    stop = whole[0].text.split()[1]
    cut = run(module, runner, ["the cat", "good"], max_new_tokens=10, stop=stop)
    assert cut[0].text == whole[0].text.partition(stop)[0]
    assert cut[0].finished
    assert cut[1].text == whole[1].text.partition(stop)[0]


def test_chat_or_continuation(make: Any) -> None:
    _, checkpoint = make("llama", "AutoModelForCausalLM", task="text-generation")
    template = "{% for m in messages %}b {{ m['content'] }} c{% endfor %}"
    (checkpoint.path / "chat_template.jinja").write_text(template)
    runner = TextGeneration(checkpoint)

    def asked(text: str, **options: Any) -> bool:
        made = read_options(runner.Options, {"max_new_tokens": 2, **options})
        return runner.prepare(text, made)[0].text.startswith("b ")

    assert asked("is the cat good ?")
    assert asked('the cat is good ."')
    assert not asked("the cat is")
    assert asked("the cat is", chat=True)
    assert asked("the cat is", chat="yes")
    assert not asked("is the cat good ?", chat=False)
    assert asked("is the cat good ?", chat="auto")


def test_chat_without_a_template_is_refused(make: Any) -> None:
    _, checkpoint = make("gpt2", "AutoModelForCausalLM", task="text-generation")
    runner = TextGeneration(checkpoint)
    assert runner.prepare("is the cat good ?", runner.Options(max_new_tokens=2))[0].text == "is the cat good ?"
    with pytest.raises(BadOption, match="no chat template"):
        runner.prepare("the cat", runner.Options(chat=True))


def test_prompts_that_leave_no_room_are_refused(make: Any) -> None:
    _, checkpoint = make("llama", "AutoModelForCausalLM", task="text-generation")
    runner = TextGeneration(checkpoint)
    with pytest.raises(BadData, match="the prompt has 12 tokens, and with 5 new ones"):
        runner.prepare("cat " * 10, runner.Options(max_new_tokens=5))
    with pytest.raises(BadData, match="too long"):
        runner.prepare("cat " * 100, runner.Options(max_new_tokens=1))


@pytest.mark.parametrize(
    ("runner", "options"),
    [
        (TextGeneration, {"max_new_tokens": 0}),
        (TextGeneration, {"temperature": -1.0}),
        (TextGeneration, {"temperature": float("nan")}),
        (TextGeneration, {"top_p": 0.0}),
        (TextGeneration, {"stop": ""}),
        (FillMask, {"top_k": 0}),
        (TextClassification, {"top_k": -1}),
    ],
)
def test_options_out_of_range(runner: Any, options: dict[str, Any]) -> None:
    with pytest.raises(BadOption):
        runner.Options(**options)


@pytest.mark.parametrize("limited", [True, False])
def test_truncation_and_padding_stored_with_the_tokenizer_do_not_count(make: Any, limited: bool) -> None:
    from tokenizers import Tokenizer

    _, checkpoint = make("bert", "AutoModel", task="feature-extraction")
    stored = Tokenizer.from_file(str(checkpoint.path / "tokenizer.json"))
    stored.enable_truncation(4)
    stored.enable_padding(length=12)
    stored.save(str(checkpoint.path / "tokenizer.json"))
    if not limited:
        path = checkpoint.path / "tokenizer_config.json"
        path.write_text(json.dumps({**json.loads(path.read_text()), "model_max_length": 10**30}))
        (checkpoint.path / "config.json").write_text('{"model_type": "bert"}')
    tokens = Tokens(checkpoint)
    assert tokens.limit == (16 if limited else None)
    assert list(tokens.encode("the cat sat on the mat").ids) == [2, 14, 10, 12, 13, 14, 15, 3]
