"""The shared loader of transformers' models: which class it builds, and the module without weights."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

import pytest
import torch

from tests.tiny import write_text_model
from zoo.cards import ModelCard
from zoo.errors import UnsafeFile, UnsupportedFormat
from zoo.models.context import Context
from zoo.plugin import Checkpoint, PretrainedLoader


class Texts(PretrainedLoader):
    """A loader as a plugin writes it: a table of tasks."""

    heads: ClassVar[Mapping[str, str]] = {
        "fill-mask": "AutoModelForMaskedLM",
        "protein-folding": "EsmForProteinFolding",
        "text-classification": "AutoModelForSequenceClassification",
    }


SMALL = {"hidden_size": 16, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 32, "vocab_size": 19}


def card(architecture: str, task: str, *tasks: str, **config: Any) -> ModelCard:
    return ModelCard(
        id="small",
        task=task,
        tasks=tasks,
        library="transformers",
        loader="texts",
        architecture=architecture,
        config=config,
    ).check()


@pytest.mark.parametrize(
    ("made", "name"),
    [
        (card("BertForMaskedLM", "fill-mask", "feature-extraction", model_type="bert", **SMALL), "BertForMaskedLM"),
        (card("bert", "fill-mask", model_type="bert", **SMALL), "BertForMaskedLM"),
        (card("BertForMaskedLM", "feature-extraction", model_type="bert", **SMALL), "BertModel"),
        (card("BertForPreTraining", "fill-mask", model_type="bert", **SMALL), "BertForPreTraining"),
        (card("RobertaForMaskedLM", "fill-mask", model_type="bert", **SMALL), "BertForMaskedLM"),
        (card("T5EncoderModel", "feature-extraction", d_model=16, num_layers=1, d_ff=16), "T5EncoderModel"),
        (card("GPT2LMHeadModel", "feature-extraction", n_layer=1), "GPT2Model"),
    ],
    ids=lambda value: value if isinstance(value, str) else f"{value.architecture}/{value.task}",
)
def test_the_class_is_that_of_the_card_or_of_its_task(made: ModelCard, name: str) -> None:
    module = Texts().blank(made)
    assert type(module).__name__ == name
    assert {parameter.device.type for parameter in module.parameters()} == {"meta"}
    assert not module.training


def test_sizes_of_the_card_count_and_words_of_its_own_do_not() -> None:
    made = card("BertForSequenceClassification", "text-classification", **SMALL, labels=["a", "b", "c"], matrix="x")
    module: Any = Texts().blank(made)
    assert module.config.num_hidden_layers == 2
    assert module.classifier.weight.shape == (3, 16)
    assert not hasattr(module.config, "matrix")


def test_without_sizes_it_is_the_default_of_the_architecture() -> None:
    module = Texts().blank(card("BertForMaskedLM", "fill-mask"))
    # BERT base, https://arxiv.org/abs/1810.04805: "110M" with the pooler, here with the head for masked words
    assert sum(p.numel() for p in module.parameters()) == 109_514_298


def test_a_card_may_name_its_class_exactly() -> None:
    assert type(Texts().blank(card("EsmModel", "feature-extraction", vocab_size=33))).__name__ == "EsmModel"


@pytest.mark.parametrize(
    "made", [card("Nothing", "fill-mask"), card("x", "fill-mask", model_type="no-such"), card("AutoModel", "fill-mask")]
)
def test_what_nothing_can_build_is_one_clear_error(made: ModelCard) -> None:
    with pytest.raises(UnsupportedFormat, match="small: transformers cannot build"):
        Texts().blank(made)


def test_blank_and_load_give_the_same_parameters(tmp_path: Path) -> None:
    folder = write_text_model(tmp_path / "model", "BertForMaskedLM")
    made = card("BertForMaskedLM", "fill-mask", **SMALL, max_position_embeddings=32)
    context = Context(device=torch.device("cpu"), dtype=torch.float32, cache=tmp_path / "cache", model="small")
    loaded = Texts().load(Checkpoint(card=made, path=folder, revision="0" * 64), context)
    shapes = {name: tensor.shape for name, tensor in Texts().blank(made).state_dict().items()}
    assert shapes == {name: tensor.shape for name, tensor in loaded.state_dict().items()}


@pytest.mark.parametrize("name", ["preprocessor_config.json", "processor_config.json", "config.json"])
def test_code_in_any_configuration_file_is_refused(tmp_path: Path, name: str) -> None:
    (tmp_path / "config.json").write_text('{"model_type": "bert"}')
    (tmp_path / name).write_text('{"auto_map": {"AutoProcessor": "own.Processor"}}')
    checkpoint = Checkpoint(card=card("bert", "fill-mask"), path=tmp_path, revision="0" * 64)
    with pytest.raises(UnsafeFile, match="auto_map"):
        Texts().config(checkpoint)


def test_the_module_is_light() -> None:
    code = "import sys, zoo.plugin; print([m for m in ('torch', 'transformers', 'numpy') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
