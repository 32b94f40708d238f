"""Entities, answers, ranking, labels of one's own, translation and summaries, against transformers or by hand."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from tokenizers import processors
from zoo_nlp.answering import QuestionAnswering
from zoo_nlp.entities import TokenClassification
from zoo_nlp.folding import ProteinFolding
from zoo_nlp.ranking import TextRanking
from zoo_nlp.text_to_text import Summarization, Translation
from zoo_nlp.transformers_loader import TransformersLoader
from zoo_nlp.zero_shot import ZeroShotClassification

from zoo.cards import ModelCard
from zoo.errors import BadData, BadOption
from zoo.models.context import Context
from zoo.plugin import Checkpoint

LABELS = {0: "O", 1: "B-PER", 2: "I-PER", 3: "B-LOC", 4: "I-LOC"}
TEXTS = ["the cat sat on the mat", "paris is the capital of france.", "a cats dogs b c", "good"]


def paired(checkpoint: Checkpoint, limit: int = 32, *, typed: bool = True) -> Any:
    """The small tokenizer, able to put two texts together, with segment ids or without, for longer texts."""
    from transformers import PreTrainedTokenizerFast

    names = ["input_ids", *(["token_type_ids"] if typed else []), "attention_mask"]
    tokenizer = PreTrainedTokenizerFast.from_pretrained(
        str(checkpoint.path), local_files_only=True, model_input_names=names
    )
    tokenizer.backend_tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", pair="[CLS] $A [SEP] $B:1 [SEP]:1", special_tokens=[("[CLS]", 2), ("[SEP]", 3)]
    )
    tokenizer.model_max_length = limit
    tokenizer.save_pretrained(checkpoint.path)
    return tokenizer


@pytest.mark.parametrize("aggregation", ["none", "simple", "first", "average", "max"])
def test_entities_as_the_pipeline_gives_them(make: Any, context: Context, run: Any, aggregation: str) -> None:
    from transformers import TokenClassificationPipeline

    theirs, checkpoint = make(
        "bert", "AutoModelForTokenClassification", task="token-classification", num_labels=5, id2label=LABELS
    )
    with torch.no_grad():  # all labels must occur
        theirs.classifier.weight.normal_(0, 3)
    theirs.save_pretrained(checkpoint.path)
    tokenizer = paired(checkpoint)
    pipeline = TokenClassificationPipeline(model=theirs, tokenizer=tokenizer, aggregation_strategy=aggregation)
    module = TransformersLoader().load(checkpoint, context)
    results = run(module, TokenClassification(checkpoint), TEXTS, aggregation=aggregation)
    found = 0
    for text, ours in zip(TEXTS, results, strict=True):
        expected = pipeline(text)
        key = "entity" if aggregation == "none" else "entity_group"
        assert [(e.label, e.start, e.end) for e in ours.entities] == [(x[key], x["start"], x["end"]) for x in expected]
        assert [e.score for e in ours.entities] == pytest.approx([float(x["score"]) for x in expected], abs=1e-5)
        assert all(e.text == text[e.start : e.end] for e in ours.entities)
        found += len(expected)
    assert found > 3


def test_entities_of_a_long_text_are_each_found_once(make: Any, context: Context, run: Any) -> None:
    _, checkpoint = make(
        "bert", "AutoModelForTokenClassification", task="token-classification", num_labels=5, id2label=LABELS
    )
    module = TransformersLoader().load(checkpoint, context)
    with torch.no_grad():  # every token is the beginning of a person, wherever it stands
        module.classifier.weight.zero_()
        module.classifier.bias.copy_(torch.tensor([0.0, 5.0, 0.0, 0.0, 0.0]))
    words = " ".join(["the cat sat on the mat"] * 12)
    runner = TokenClassification(checkpoint)
    assert len(runner.prepare(words, runner.Options())) > 4
    entities = run(module, runner, [words])[0].entities
    assert " ".join(e.text for e in entities) == words
    assert [e.start for e in entities] == sorted({e.start for e in entities})


def best_answer(model: Any, tokenizer: Any, question: str, context: str, most: int) -> tuple[str, float]:
    """As the pipeline of transformers 4 did it, on one window."""
    made = tokenizer(question, context, return_tensors="pt", return_offsets_mapping=True)
    places, kinds = made.pop("offset_mapping")[0].tolist(), made.sequence_ids(0)
    with torch.inference_mode():
        outputs = model(**made)
    allowed = torch.tensor([i == 0 or kind == 1 for i, kind in enumerate(kinds)])
    starts, ends = (
        x[0].masked_fill(~allowed, -torch.inf).softmax(0) for x in (outputs.start_logits, outputs.end_logits)
    )
    best = max(
        (float(starts[i] * ends[j]), i, j)
        for i, a in enumerate(kinds)
        for j, b in enumerate(kinds)
        if a == b == 1 and 0 <= j - i < most
    )
    return context[places[best[1]][0] : places[best[2]][1]], best[0]


@pytest.mark.parametrize("most", [1, 3, 15])
def test_answers_equal_those_computed_by_hand(make: Any, context: Context, run: Any, most: int) -> None:
    theirs, checkpoint = make("bert", "AutoModelForQuestionAnswering", task="question-answering")
    tokenizer = paired(checkpoint)
    module = TransformersLoader().load(checkpoint, context)
    inputs = [("the capital", "paris is the capital of france."), ("a cat", "the cat sat on the mat")]
    results = run(module, QuestionAnswering(checkpoint), inputs, max_tokens=most)
    for (question, text), ours in zip(inputs, results, strict=True):
        words, score = best_answer(theirs, tokenizer, question, text, most)
        assert ours.text == words == text[ours.start : ours.end]
        assert ours.score == pytest.approx(score, abs=1e-5)


def test_long_contexts_are_read_in_windows(make: Any, context: Context, run: Any) -> None:
    _, checkpoint = make("bert", "AutoModelForQuestionAnswering", task="question-answering")
    paired(checkpoint)
    module = TransformersLoader().load(checkpoint, context)
    text = " ".join(["the cat sat on the mat ."] * 20) + " paris"
    runner = QuestionAnswering(checkpoint)
    windows = runner.prepare({"question": "a cat", "context": text}, runner.Options())
    assert len(windows) > 5
    covered = {place for w in windows for place in range(w.offsets[w.first][0], w.offsets[w.last][1])}
    assert set(range(len(text))) - covered <= {i for i, letter in enumerate(text) if letter == " "}
    whole = run(module, runner, [("a cat", text)])[0]
    assert whole.text == text[whole.start : whole.end]
    each = [run(module, runner, [("a cat", text[w.offsets[w.first][0] : w.offsets[w.last][1]])])[0] for w in windows]
    assert whole.score == pytest.approx(max(answer.score for answer in each), abs=1e-5)


def test_no_answer_is_an_answer_where_it_is_allowed(make: Any, context: Context, run: Any) -> None:
    _, checkpoint = make("bert", "AutoModelForQuestionAnswering", task="question-answering")
    paired(checkpoint)
    module = TransformersLoader().load(checkpoint, context)
    with torch.no_grad():  # every token is equally likely: of n, each stretch has 1 / n²
        module.qa_outputs.weight.zero_()
    inputs = [("a cat", "the cat sat")]
    runner = QuestionAnswering(checkpoint)
    assert run(module, runner, inputs)[0].score == pytest.approx(1 / 16)
    assert run(module, runner, inputs, no_answer=True)[0].text != ""
    module.qa_outputs.register_forward_hook(
        lambda _m, _i, out: out + 9 * (torch.arange(out.shape[1])[None, :, None] == 0)
    )
    answer = run(module, runner, inputs, no_answer=True)[0]
    assert answer.text == ""
    assert str(answer).startswith("no answer")


@pytest.mark.parametrize("value", ["text", ("a",), {"question": "a"}, ("a cat " * 20, "the mat"), ("a", " ")])
def test_what_is_no_question_with_a_context(make: Any, value: Any) -> None:
    _, checkpoint = make("bert", "AutoModelForQuestionAnswering", task="question-answering")
    paired(checkpoint)
    runner = QuestionAnswering(checkpoint)
    with pytest.raises(BadData):
        runner.prepare(value, runner.Options())


@pytest.mark.parametrize("typed", [True, False])
@pytest.mark.parametrize("labels", [1, 2])
def test_ranking_scores_each_pair(make: Any, context: Context, run: Any, labels: int, typed: bool) -> None:
    theirs, checkpoint = make("bert", "AutoModelForSequenceClassification", task="text-ranking", num_labels=labels)
    tokenizer = paired(checkpoint)
    module = TransformersLoader().load(checkpoint, context)
    texts = ["the cat sat", "paris is the capital", "a film"]
    ours = run(module, TextRanking(checkpoint), [("the cat", texts)], batch=2)[0].scores
    with torch.inference_mode():
        logits = [theirs(**tokenizer("the cat", text, return_tensors="pt")).logits[0] for text in texts]
    expected = [float(x.sigmoid()[0] if labels == 1 else x.softmax(0)[1]) for x in logits]
    assert list(ours) == pytest.approx(expected, abs=1e-5)


@pytest.mark.parametrize("several", [False, True])
@pytest.mark.parametrize("names", [{0: "contradiction", 1: "neutral", 2: "entailment"}, {0: "entailment", 1: "not"}])
def test_labels_of_ones_own_as_the_pipeline_gives_them(
    make: Any, context: Context, run: Any, several: bool, names: dict[int, str]
) -> None:
    from transformers import ZeroShotClassificationPipeline

    theirs, checkpoint = make(
        "bert",
        "AutoModelForSequenceClassification",
        task="zero-shot-classification",
        num_labels=len(names),
        id2label=names,
        label2id={name: i for i, name in names.items()},
    )
    tokenizer = paired(checkpoint)
    pipeline = ZeroShotClassificationPipeline(model=theirs, tokenizer=tokenizer)
    module = TransformersLoader().load(checkpoint, context)
    labels = ["cat", "dog", "film"]
    inputs = ["the cat sat on the mat", "a good film"]
    results = run(
        module, ZeroShotClassification(checkpoint), inputs, labels="cat, dog,film", template="a {}", several=several
    )
    for text, ours in zip(inputs, results, strict=True):
        expected = pipeline(text, labels, hypothesis_template="a {}", multi_label=several)
        assert [label.label for label in ours.labels] == expected["labels"]
        assert [label.score for label in ours.labels] == pytest.approx(expected["scores"], abs=1e-5)


@pytest.mark.parametrize("options", [{"labels": ""}, {"labels": "one"}, {"labels": "a,a"}, {"template": "a"}])
def test_wrong_options_of_zero_shot(options: dict[str, str]) -> None:
    with pytest.raises(BadOption):
        ZeroShotClassification.Options(**options)


@pytest.fixture
def writer(tmp_path: Path) -> tuple[Any, Any, Checkpoint]:
    """A BART of 16 dimensions that reads and writes the small vocabulary."""
    import transformers

    from tests.plugins.nlp.conftest import VOCABULARY
    from tests.tiny import tokenizer

    torch.manual_seed(2)
    config = transformers.BartConfig(
        vocab_size=len(VOCABULARY),
        d_model=16,
        encoder_layers=1,
        decoder_layers=1,
        encoder_attention_heads=2,
        decoder_attention_heads=2,
        encoder_ffn_dim=32,
        decoder_ffn_dim=32,
        max_position_embeddings=32,
        pad_token_id=0,
        bos_token_id=2,
        eos_token_id=3,
        decoder_start_token_id=3,
        forced_eos_token_id=None,
    )
    model = transformers.BartForConditionalGeneration(config).eval()
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.normal_(0, 0.3)
    folder = tmp_path / "model"
    model.save_pretrained(folder)
    made = tokenizer(VOCABULARY)
    made.save_pretrained(folder)
    card = ModelCard(
        id="small",
        task="summarization",
        tasks=("translation",),
        library="transformers",
        loader="transformers",
        architecture="BartForConditionalGeneration",
    ).check()
    return model, made, Checkpoint(card=card, path=folder, revision="0" * 64)


@pytest.mark.parametrize("beams", [1, 3])
@pytest.mark.parametrize("kind", [Summarization, Translation])
def test_new_texts_are_those_of_generate(writer: Any, context: Context, run: Any, kind: Any, beams: int) -> None:
    theirs, tokenizer, checkpoint = writer
    module = TransformersLoader().load(checkpoint, context)
    assert type(module) is type(theirs)
    inputs = ["the cat sat on the mat", "good film", "paris is the capital of france"]
    results = run(module, kind(checkpoint), inputs, beams=beams, max_new_tokens=6, batch=1)
    for text, ours in zip(inputs, results, strict=True):
        ids = tokenizer(text, return_tensors="pt")
        made = theirs.generate(
            input_ids=ids["input_ids"],
            attention_mask=ids["attention_mask"],
            num_beams=beams,
            max_new_tokens=6,
            do_sample=False,
        )[0]
        assert ours.text == tokenizer.decode(made, skip_special_tokens=True).strip()
        assert ours.finished == (3 in made[1:].tolist())
    assert len({result.text for result in results}) > 1


@pytest.mark.parametrize("kind", ["Marian", "FSMT", "M2M100", "Pegasus", "T5"])
def test_models_of_each_family_load_from_what_transformers_saves(tmp_path: Path, context: Context, kind: str) -> None:
    """Some of them save no sine positions: these are computed again."""
    import transformers

    torch.manual_seed(0)
    sizes: dict[str, Any] = {
        "d_model": 16,
        "encoder_layers": 1,
        "decoder_layers": 1,
        "encoder_attention_heads": 2,
        "decoder_attention_heads": 2,
        "encoder_ffn_dim": 32,
        "decoder_ffn_dim": 32,
        "max_position_embeddings": 32,
        "vocab_size": 40,
        "pad_token_id": 1,
        "decoder_start_token_id": 2,
        "eos_token_id": 3,
    }
    if kind == "T5":
        sizes = {"d_model": 16, "num_layers": 1, "num_heads": 2, "d_ff": 32, "d_kv": 8, "vocab_size": 40}
    if kind == "FSMT":
        sizes |= {"src_vocab_size": 40, "tgt_vocab_size": 40, "langs": ["en", "de"]}
        sizes.pop("vocab_size")
    config = getattr(transformers, f"{kind}Config")(**sizes)
    name = "MarianMTModel" if kind == "Marian" else f"{kind}ForConditionalGeneration"
    theirs = getattr(transformers, name)(config).eval()
    theirs.save_pretrained(tmp_path / "model")
    card = ModelCard(
        id="small", task="translation", library="transformers", loader="transformers", architecture=name
    ).check()
    ours = TransformersLoader().load(Checkpoint(card=card, path=tmp_path / "model", revision="0" * 64), context)
    assert not context.unmet(ours)
    ids = torch.tensor([[5, 6, 7, 8, 3]])
    with torch.inference_mode():
        a, b = (m(input_ids=ids, decoder_input_ids=ids).logits for m in (ours, theirs))
    assert b.abs().max() > 0.01
    assert float((a - b).abs().max()) <= 1e-5


def test_a_prefix_comes_from_the_settings_of_the_model(writer: Any) -> None:
    import json

    _, tokenizer, checkpoint = writer
    path = checkpoint.path / "config.json"
    config = json.loads(path.read_text())
    config["task_specific_params"] = {
        "summarization": {"prefix": "a "},
        "translation_en_to_fr": {"prefix": "b "},
    }
    path.write_text(json.dumps(config))
    short, other = Summarization(checkpoint), Translation(checkpoint)
    assert short.prepare("cat", short.Options())[0].ids == tokenizer("a cat")["input_ids"]
    assert short.prepare("cat", short.Options(prefix=""))[0].ids == tokenizer("cat")["input_ids"]
    options = other.Options(source="en", target="fr")
    assert other.prepare("cat", options)[0].ids == tokenizer("b cat")["input_ids"]
    assert other.prepare("cat", other.Options())[0].ids == tokenizer("cat")["input_ids"]


def test_long_texts_are_cut_or_refused(writer: Any) -> None:
    _, _, checkpoint = writer
    short, other = Summarization(checkpoint), Translation(checkpoint)
    text = "the cat sat on the mat " * 9
    assert len(short.prepare(text, short.Options())[0].ids) == 16
    with pytest.raises(BadData, match="too long"):
        other.prepare(text, other.Options())
    with pytest.raises(BadOption):
        Summarization.Options(beams=0)


def test_models_of_many_languages_are_told_which(tmp_path: Path) -> None:
    import transformers

    words = ["<s>", "<pad>", "</s>", "<unk>", "▁cat", "▁chat", "▁"]
    made = transformers.NllbTokenizer(vocab={word: i for i, word in enumerate(words)}, merges=[])
    folder = tmp_path / "model"
    made.save_pretrained(folder)
    transformers.M2M100Config(vocab_size=len(made), d_model=16).save_pretrained(folder)
    card = ModelCard(
        id="small", task="translation", library="transformers", loader="transformers", architecture="m2m_100"
    ).check()
    runner = Translation(Checkpoint(card=card, path=folder, revision="0" * 64))
    options = runner.Options(source="eng_Latn", target="fra_Latn")
    ids = runner.prepare("cat", options)[0].ids
    assert ids[0] == runner.tokenizer.convert_tokens_to_ids("eng_Latn")
    config = transformers.AutoConfig.from_pretrained(str(folder))
    module = type("Module", (), {"config": config})()
    assert runner._settings(module, options).forced_bos_token_id == runner.tokenizer.convert_tokens_to_ids("fra_Latn")
    with pytest.raises(BadOption, match="needs source"):
        runner.prepare("cat", runner.Options())
    with pytest.raises(BadOption, match="no language of the model"):
        runner.prepare("cat", runner.Options(source="english", target="fra_Latn"))


def test_a_small_folding_model_gives_atoms(tmp_path: Path, context: Context, run: Any) -> None:
    import transformers

    torch.manual_seed(0)
    trunk = {
        "num_blocks": 1,
        "sequence_state_dim": 32,
        "pairwise_state_dim": 16,
        "sequence_head_width": 8,
        "pairwise_head_width": 8,
        "position_bins": 4,
        "max_recycles": 1,
        "structure_module": {"sequence_dim": 32, "pairwise_dim": 16, "ipa_dim": 4, "num_blocks": 1},
    }
    config = transformers.EsmConfig(
        vocab_size=33,
        mask_token_id=32,
        pad_token_id=1,
        hidden_size=16,
        num_hidden_layers=1,
        num_attention_heads=2,
        intermediate_size=32,
        max_position_embeddings=64,
        is_folding_model=True,
        esmfold_config={"trunk": trunk, "fp16_esm": False, "lddt_head_hid_dim": 8},
    )
    theirs = transformers.EsmForProteinFolding(config).eval()
    theirs.save_pretrained(tmp_path / "model")
    card = ModelCard(
        id="small",
        task="protein-folding",
        library="transformers",
        loader="transformers",
        architecture="EsmForProteinFolding",
    ).check()
    checkpoint = Checkpoint(card=card, path=tmp_path / "model", revision="0" * 64)
    module = TransformersLoader().load(checkpoint, context)
    with torch.inference_mode():
        expected = theirs.infer(["MKTAY"])
    ours = run(module, ProteinFolding(checkpoint), ["mktay"])[0]
    positions = [line[30:54] for line in ours.pdb.splitlines() if line.startswith("ATOM")]
    mask = expected["atom14_atom_exists"][0].bool()
    places = expected["positions"][-1, 0][mask]
    assert len(positions) == int(mask.sum()) > 20
    theirs_sorted = sorted("".join(f"{float(v):8.3f}" for v in row) for row in places)
    assert sorted(positions) == theirs_sorted
    assert 0 < ours.plddt < 100


def test_a_letter_that_is_no_amino_acid() -> None:
    runner = ProteinFolding(Checkpoint(card=None, path=Path(), revision=""))  # type: ignore[arg-type]
    assert runner.prepare(" mkt\nay ", runner.Options()) == ["MKTAY"]
    with pytest.raises(BadData, match="'J' is no amino acid"):
        runner.prepare("MKJ", runner.Options())
