"""Whisper from CTranslate2 files and from transformers folders."""

from __future__ import annotations

import json

import numpy as np
import pytest
import torch

from zoo.errors import IntegrityError, UnsupportedFormat, WeightsMismatch

ALIAS = {"decoder/projection/weight": "decoder/embeddings/weight"}


def outputs(module):
    torch.manual_seed(1)
    features = torch.randn(2, 80, 3000)
    ids = torch.tensor([[9, 10, 13], [9, 11, 13]])
    with torch.inference_mode():
        return module(input_features=features, decoder_input_ids=ids).logits


def test_a_written_file_gives_the_same_outputs(tiny, tiny_folder, load_folder):
    _, module = load_folder(tiny_folder)
    assert module.state_dict().keys() == tiny.state_dict().keys()
    for name, value in tiny.state_dict().items():
        assert torch.equal(module.state_dict()[name], value), name
    assert torch.allclose(outputs(module), outputs(tiny), atol=1e-5)
    assert module.proj_out.weight is module.model.decoder.embed_tokens.weight
    assert not module.training


def test_half_precision_files_are_read_in_either_type(tiny, tiny_variables, tiny_folder, load_folder, writer):
    half = {n: a.astype(np.float16) if a.ndim else a for n, a in tiny_variables.items()}
    (tiny_folder / "model.bin").write_bytes(writer.ct2(half, ALIAS))
    _, module = load_folder(tiny_folder)
    assert {p.dtype for p in module.parameters()} == {torch.float32}
    wanted = tiny.model.decoder.layers[1].fc1.weight.detach().half().float()
    assert torch.equal(module.model.decoder.layers[1].fc1.weight, wanted)
    _, module = load_folder(tiny_folder, torch.float16)
    assert {p.dtype for p in module.parameters()} == {torch.float16}


def test_a_transformers_folder_gives_the_same_outputs(tiny, tmp_path, load_folder):
    tiny.save_pretrained(tmp_path / "folder")
    _, module = load_folder(tmp_path / "folder")
    assert torch.equal(outputs(module), outputs(tiny))


@pytest.mark.parametrize("change", ["missing", "extra", "misshapen"])
def test_tensors_that_do_not_fit_are_refused(tiny_variables, tiny_folder, load_folder, writer, change):
    variables = dict(tiny_variables)
    name = "decoder/layer_1/attention/linear_1/weight"
    if change == "missing":
        del variables[name]
    elif change == "extra":
        variables["decoder/layer_1/attention/linear_9/weight"] = variables[name]
    else:
        variables[name] = variables[name][:, :-1]
    (tiny_folder / "model.bin").write_bytes(writer.ct2(variables, ALIAS))
    with pytest.raises(WeightsMismatch):
        load_folder(tiny_folder)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("decoder/embeddings/weight", None),
        ("encoder/num_heads", None),
        ("encoder/num_heads", np.int16(0)),
        ("decoder/num_heads", np.int16(3)),
        ("encoder/conv1/weight", np.ones((2, 2), np.float32)),
        ("decoder/layer_0/ffn/linear_0/bias", None),
        ("decoder/layer_0/attention/linear_1/weight", np.ones((5, 16), np.float32)),
    ],
)
def test_what_is_no_whole_whisper_is_refused(tiny_variables, tiny_folder, load_folder, writer, name, value):
    variables = dict(tiny_variables) | ({name: value} if value is not None else {})
    if value is None:
        del variables[name]
    (tiny_folder / "model.bin").write_bytes(writer.ct2(variables, {}))
    with pytest.raises(IntegrityError):
        load_folder(tiny_folder)


def test_other_models_and_quantised_ones_are_named(tiny_variables, tiny_folder, load_folder, writer):
    path = tiny_folder / "model.bin"
    path.write_bytes(writer.ct2(tiny_variables, ALIAS, spec="TransformerSpec"))
    with pytest.raises(UnsupportedFormat, match="TransformerSpec"):
        load_folder(tiny_folder)
    name = "decoder/layer_0/ffn/linear_0/weight"
    quantised = tiny_variables | {name: np.zeros(tiny_variables[name].shape, np.int8)}
    path.write_bytes(writer.ct2(quantised, ALIAS))
    with pytest.raises(UnsupportedFormat, match="quantised"):
        load_folder(tiny_folder)
    path.write_bytes(writer.ct2(tiny_variables | {"decoder/pre_norm": np.int8(0)}, ALIAS))
    with pytest.raises(UnsupportedFormat, match="pre_norm"):
        load_folder(tiny_folder)


def test_a_folder_of_another_model_is_named(tmp_path, load_folder):
    (tmp_path / "config.json").write_text(json.dumps({"model_type": "bert"}))
    with pytest.raises(UnsupportedFormat, match="Whisper"):
        load_folder(tmp_path)
