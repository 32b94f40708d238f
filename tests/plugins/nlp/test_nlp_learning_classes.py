"""Text classifiers learn: one class, several at once, numbers; and are loaded again as they were."""

from __future__ import annotations

import random
from typing import Any

import pytest
import torch
from zoo_nlp.adapters.classification import TextClassifier
from zoo_nlp.classification import TextClassification
from zoo_nlp.heads import PooledClassifier

from tests.plugins.nlp.learning import learn, outputs, own, saved
from zoo.errors import BadData
from zoo.plugin import Target

TEXTS = ["the cat sat on the mat", "a good film", "the dog is bad", "good good dog .", "bad bad mat", "a film"]
TARGETS = {
    "single": (Target(kind="single", labels=("no", "yes")), ["no", "yes", "no", "yes", "no", "yes"]),
    "multi": (
        Target(kind="multi", labels=("dog", "good", "mat")),
        [("mat",), ("good",), ("dog",), ("dog", "good"), ("mat",), ()],
    ),
    "regression": (Target(kind="regression", labels=("stars",)), [2.0, 4.0, 1.0, 5.0, 0.0, 3.0]),
}


@pytest.fixture(params=TARGETS)
def case(request: pytest.FixtureRequest, make: Any) -> Any:
    """An adapter, its module ready to learn, the target and rows."""
    target, labels = TARGETS[request.param]
    _, checkpoint = make("bert", "AutoModel", task="feature-extraction")
    adapter = TextClassifier(checkpoint)
    torch.manual_seed(0)
    return adapter, adapter.trainable(own(checkpoint), target), target, list(zip(TEXTS, labels, strict=True))


def test_learning_lowers_the_loss_and_moves_everything(case: Any) -> None:
    adapter, module, target, rows = case
    before = {name: value.clone() for name, value in module.named_parameters()}
    losses = learn(adapter, module, target, rows, steps=60, rate=1e-2)
    assert sum(losses[-3:]) < 0.7 * sum(losses[:3])
    still = [name for name, value in module.named_parameters() if torch.equal(value, before[name])]
    assert still == []
    assert "pooler" not in dict(module.encoder.named_parameters())


@pytest.mark.parametrize("method", ["full", "head"])
def test_what_is_saved_is_loaded_again_to_the_bit(case: Any, run: Any, method: str) -> None:
    adapter, module, target, rows = case
    if method == "head":
        module.requires_grad_(False)
        module.head.requires_grad_(True)
    learn(adapter, module, target, rows, steps=4, rate=1e-2)
    checkpoint, made = saved(adapter, module, target, method=method, task="text-classification")
    assert made.files == (("head.safetensors",) if method == "head" else ("head.safetensors", "model.safetensors"))
    again = own(checkpoint)
    assert isinstance(again, PooledClassifier)
    wanted = outputs(adapter, module, target, rows)
    assert torch.equal(outputs(adapter, again, target, rows), wanted)

    results = run(again, TextClassification(checkpoint), TEXTS, batch=len(TEXTS), top_k=0)
    squash = {"single": lambda x: x.softmax(1), "multi": torch.sigmoid, "regression": lambda x: x}[target.kind]
    for row, result in zip(squash(wanted), results, strict=True):
        named = dict(zip(target.labels, row.tolist(), strict=True))
        assert {item.label: item.score for item in result.labels} == pytest.approx(named, abs=1e-5)
    # A second training starts from the first's model.
    second = TextClassifier(checkpoint)
    other = Target(kind="single", labels=("a", "b", "c", "d"))
    assert second.trainable(again, other).head.out_features == 4


def test_dropout_is_on_while_learning_and_off_otherwise(case: Any) -> None:
    adapter, module, target, rows = case
    batch = adapter.batch([adapter.encode(*row, target, draw=None) for row in rows], target)
    module.train()
    assert not torch.equal(adapter.loss(module, batch, target)[1], adapter.loss(module, batch, target)[1])
    module.eval()
    assert torch.equal(adapter.loss(module, batch, target)[1], adapter.loss(module, batch, target)[1])


def test_a_classifier_keeps_its_body_and_gets_a_new_head(make: Any) -> None:
    theirs, checkpoint = make("bert", "AutoModelForSequenceClassification", task="text-classification", num_labels=2)
    adapter, (target, labels) = TextClassifier(checkpoint), TARGETS["multi"]
    module = adapter.trainable(own(checkpoint), target)
    name = "embeddings.word_embeddings.weight"
    assert torch.equal(module.encoder.get_parameter(name), theirs.bert.get_parameter(name))
    rows = list(zip(TEXTS, labels, strict=True))
    for method in ("full", "head"):
        tuned, _ = saved(adapter, module, target, method=method, task="text-classification")
        assert torch.equal(outputs(adapter, own(tuned), target, rows), outputs(adapter, module, target, rows))
        assert TextClassification(tuned).labels == ("dog", "good", "mat")


def test_shards_and_other_weights_of_the_base_are_dropped(make: Any) -> None:
    theirs, checkpoint = make("bert", "AutoModel", task="feature-extraction")
    (checkpoint.path / "model.safetensors").unlink()
    theirs.save_pretrained(checkpoint.path, max_shard_size="10KB")
    for name in ("pytorch_model.bin", "adapter_model.safetensors", "adapter_config.json", "onnx/model.onnx"):
        (checkpoint.path / name).parent.mkdir(exist_ok=True)
        (checkpoint.path / name).write_bytes(b"old")
    target, _ = TARGETS["single"]
    adapter = TextClassifier(checkpoint)
    shards = {path.name for path in checkpoint.path.glob("model-*.safetensors")}
    assert len(shards) > 1
    (checkpoint.path / "adapter_model.safetensors").unlink()
    module = adapter.trainable(own(checkpoint), target)
    (checkpoint.path / "adapter_model.safetensors").write_bytes(b"old")
    tuned, made = saved(adapter, module, target, method="full", task="text-classification")
    wanted = {*shards, "model.safetensors.index.json", "pytorch_model.bin", "onnx/model.onnx"}
    assert set(made.drop) == wanted | {"adapter_model.safetensors", "adapter_config.json"}
    assert [path.name for path in tuned.weight_files()] == ["model.safetensors"]


def test_long_texts_are_cut_and_bad_ones_refused(case: Any) -> None:
    adapter, _, target, rows = case
    label = rows[0][1]
    encoded, _ = adapter.encode("cat " * 200, label, target, draw=random.Random(0))
    assert len(encoded.ids) == 16
    for value in ("", "  ", 7):
        with pytest.raises(BadData):
            adapter.encode(value, label, target, draw=None)


@pytest.mark.parametrize(
    ("own_problem", "wanted"),
    [("regression", [-3.0, 2.0]), ("multi_label_classification", [0.0474, 0.8808]), (None, [0.0067, 0.9933])],
)
def test_the_card_says_what_the_outputs_are(make: Any, run: Any, own_problem: str | None, wanted: list[float]) -> None:
    config = {"labels": ["x", "y"]} | ({"problem_type": own_problem} if own_problem else {"head": "pooled-linear"})
    _, checkpoint = make(
        "bert", "AutoModel", task="text-classification", config=config, problem_type="multi_label_classification"
    )

    class Fixed(torch.nn.Module):
        def forward(self, **batch: torch.Tensor) -> Any:
            from transformers.modeling_outputs import SequenceClassifierOutput

            return SequenceClassifierOutput(logits=torch.tensor([[-3.0, 2.0]]))

    [result] = run(Fixed(), TextClassification(checkpoint), ["a"], top_k=0)
    scores = {item.label: item.score for item in result.labels}
    assert [scores["x"], scores["y"]] == pytest.approx(wanted, abs=1e-4)
