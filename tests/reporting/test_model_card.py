from __future__ import annotations

import pytest
from huggingface_hub import ModelCard
from markdown_it import MarkdownIt

from tests.reporting.conftest import Report
from zoo.cards import Licence
from zoo.cards import ModelCard as Card
from zoo.reporting import card_text

CARD = Card(
    id="my-pets",
    task="image-classification",
    library="timm",
    loader="timm",
    architecture="mobilenetv2_100",
    licence=Licence(weights="Apache-2.0"),
    languages=("en",),
    tags=("mobile",),
)


def test_the_hub_reads_it(report: Report):
    told = report("single")
    card = ModelCard(card_text(told["record"], told["evaluation"], CARD.to_dict()))
    data = card.data.to_dict()
    assert data["base_model"] == "timm/mobilenetv2_100.ra_in1k"
    assert data["base_model_relation"] == "finetune"
    assert (data["license"], data["library_name"]) == ("apache-2.0", "timm")
    assert (data["pipeline_tag"], data["language"]) == ("image-classification", ["en"])
    assert data["tags"] == ["fine-tuned", "full", "mobile"]
    assert "datasets" not in data  # a folder on somebody's disk is none of the hub's
    assert card.data.model_name == "my-pets"


def test_the_held_out_scores_are_in_the_model_index(report: Report):
    told = report("single")
    card = ModelCard(card_text(told["record"], told["evaluation"], CARD.to_dict()))
    results = {(r.metric_type, (r.metric_args or {}).get("average")): r for r in card.data.eval_results}
    for kind, name in ((("accuracy", None), "accuracy"), (("f1", "macro"), "f1_macro"), (("roc_auc", None), "auroc")):
        assert results[kind].metric_value == round(told["evaluation"]["metrics"][name]["value"], 6)
        assert results[kind].metric_name.startswith(f"{name} (95 % interval ")
    first = card.data.eval_results[0]
    assert (first.task_type, first.dataset_name, first.dataset_split) == ("image-classification", "pets", "test")
    assert first.metric_type == "accuracy"
    assert first.dataset_args == {"rows": "2" * 64}
    assert not [r for r in card.data.eval_results if "baseline" in r.metric_type]
    assert ModelCard(str(card)).data.to_dict() == card.data.to_dict()


def test_low_rank_adapters_and_hub_data(report: Report):
    told = report("text")
    data = {**told["record"]["data"], "source": "hf:owner/stories@en", "name": "stories"}
    card = ModelCard(card_text({**told["record"], "data": data}, told["evaluation"]))
    assert card.data.base_model_relation == "adapter"
    assert card.data.datasets == ["owner/stories"]
    assert card.data.eval_results[0].dataset_type == "owner/stories"
    assert card.data.eval_results[0].metric_type == "perplexity"


@pytest.mark.parametrize(
    ("weights", "word", "name"),
    [
        ("not stated", "unknown", None),
        ("MIT", "mit", None),
        ("GPL-3.0-only", "gpl-3.0", None),
        ("LicenseRef-Own", "other", "licenseref-own"),
        ("MIT AND Apache-2.0", "other", "mit-and-apache-2.0"),
    ],
)
def test_licences_in_the_hubs_words(report: Report, weights: str, word: str, name: str | None):
    card = CARD.replace(licence=Licence(weights=weights)).to_dict()
    data = ModelCard(card_text(report("single")["record"], None, card)).data.to_dict()
    assert (data["license"], data.get("license_name")) == (word, name)


def test_what_is_not_known_is_not_stated():
    text = card_text({"kind": "finetune"}, None)
    card = ModelCard(text)
    assert card.data.to_dict() == {"license": "unknown", "tags": ["fine-tuned"]}
    for heading in ("Intended use and limits", "Training data", "Results", "Licence and lineage", "Environment"):
        assert f"## {heading}" in text
    assert text.count("not stated") >= 8
    assert "None" not in text and "Not measured." in text


def test_the_text_tells_scores_slices_and_classes_with_few(report: Report):
    told = report("single")
    text = ModelCard(card_text(told["record"], told["evaluation"], CARD.to_dict())).text
    found = told["evaluation"]["metrics"]["accuracy"]
    assert f"| accuracy | {found['value']:.4g} | 95 % interval {found['low']:.4g} to {found['high']:.4g} |" in text
    assert "| breed = small | 23 (too few) | accuracy |" in text
    assert "zoo finetune mobilenetv2_100 pets/" in text
    assert "keep the notices" in text
    many = report("many")
    assert "whose scores say little: `kind 0`" in card_text(many["record"], many["evaluation"])


def test_strangers_put_nothing_into_a_card(report: Report):
    evil = "---\nlicense: mit\n---\n<script>x</script>|`x`[a](b)```"
    told = report("single")
    record = {
        **told["record"],
        "model": evil,
        "why": evil,
        "data": {"name": evil, "train": 3},
        "target": {"labels": [evil, "b"]},
        "hyperparameters": {evil: evil},
    }
    text = card_text(record, told["evaluation"])
    card = ModelCard(text)
    assert card.data.to_dict()["license"] == "unknown"
    assert card.data.model_name == evil
    shown = MarkdownIt("commonmark", {"html": True}).enable("table").render(card.text)
    assert "&lt;script&gt;" in shown and "<script" not in shown and "<a" not in shown
    assert ModelCard(str(card)).data.to_dict() == card.data.to_dict()
