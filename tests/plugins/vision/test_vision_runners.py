"""The runners' steps: the libraries' own transforms, options, refusals, and the ONNX engine."""

from __future__ import annotations

import numpy as np
import pytest
import timm
import torch
from PIL import Image
from torchvision import models
from zoo_vision.onnx_loader import OnnxEngine, OnnxLoader
from zoo_vision.preprocess import transform_for
from zoo_vision.runners import ClassificationOptions, ImageClassification, ImageEmbedding
from zoo_vision.segmentation import SalientSegmentation
from zoo_vision.timm_loader import TimmLoader
from zoo_vision.torchvision_loader import TorchvisionLoader

from zoo.errors import BadCard, BadData, BadOption, IntegrityError, NotInstalled
from zoo.models.engine import Engine
from zoo.plugin import Checkpoint, NoOptions


def one_per_config(cards, library):
    found = {}
    for card in cards.values():
        if card.library == library and "/" in card.id and card.task == "image-classification":
            skip = {"tag", "labels", "num_classes", "build"}
            found.setdefault(str({k: v for k, v in card.config.items() if k not in skip}), card)
    return list(found.values())


def test_transforms_are_torchvisions_presets(cards, photo):
    image = photo()
    found = one_per_config(cards, "torchvision")
    assert len(found) > 10
    for card in found:
        weights = models.get_model_weights(card.architecture)[card.id.rpartition(".")[2].upper()]
        torch.testing.assert_close(transform_for(card.config)(image), weights.transforms()(image), rtol=0, atol=0)


@pytest.mark.parametrize(
    "name",
    ["resnet50.a1_in1k", "vit_base_patch16_clip_224.openai", "coat_tiny.in1k", "vit_base_patch16_siglip_224.webli"],
)
def test_transforms_are_timms(cards, name, photo):
    from timm.data import create_transform, resolve_data_config

    image = photo()
    config = resolve_data_config(pretrained_cfg=timm.get_pretrained_cfg(name).to_dict())
    wanted = create_transform(**config, is_training=False)(image)
    torch.testing.assert_close(transform_for(cards[f"timm/{name}"].config)(image), wanted, rtol=0, atol=0)


@pytest.mark.parametrize("model", ["timm/resnet10t.c3_in1k", "torchvision/resnet18.imagenet1k_v1"])
def test_classification_gives_the_best_labels_first(cards, write, load, randomise, model, photo):
    card = cards[model]
    timms = card.loader == "timm"
    base = randomise(timm.create_model(model[5:]) if timms else models.resnet18())
    checkpoint = write(card, base.state_dict())
    module, runner = load(TimmLoader() if timms else TorchvisionLoader(), checkpoint), ImageClassification(checkpoint)
    inputs = [photo(), photo(90, 400), np.zeros((64, 64, 3), np.uint8)]
    results = list(Engine(module, runner, batch=2).run(inputs, ClassificationOptions(top_k=3)))
    for value, result in zip(inputs, results, strict=True):
        with torch.inference_mode():
            wanted = base(runner.prepare(value, None)[0][None]).softmax(-1)[0].topk(3)
        assert [label.label for label in result.labels] == [runner.labels[i] for i in wanted.indices.tolist()]
        np.testing.assert_allclose([label.score for label in result.labels], wanted.values, rtol=1e-5, atol=1e-6)


def test_top_k_is_checked_and_capped(cards, write):
    with pytest.raises(BadOption, match="top_k"):
        ClassificationOptions(top_k=0)
    card = cards["mobilenetv2_100"]
    runner = ImageClassification(write(card.replace(config={**card.config, "labels": ["a", "b"]}), {}))
    scores = torch.tensor([[0.25, 0.75]])
    (result,) = runner.finish(scores, [scores], ClassificationOptions(top_k=50))
    assert [(label.label, label.score) for label in result.labels] == [("b", 0.75), ("a", 0.25)]


def test_labels_that_do_not_fit_are_an_error(cards, write):
    card = cards["mobilenetv2_100"]
    runner = ImageClassification(write(card.replace(config={**card.config, "labels": ["a", "b"]}), {}))
    with pytest.raises(BadCard, match="3 classes and 2 labels"):
        runner.finish(torch.ones(1, 3), [None], ClassificationOptions())


def test_no_picture_is_bad_data(cards, write, tmp_path):
    runner = ImageClassification(write(cards["mobilenetv2_100"], {}))
    (tmp_path / "text.jpg").write_text("no picture")
    with pytest.raises(BadData):
        runner.prepare(tmp_path / "text.jpg", ClassificationOptions())


def test_embeddings_are_the_features_before_the_classifier(cards, write, load, randomise, photo):
    card = cards["timm/resnet10t.c3_in1k"]
    base = randomise(timm.create_model("resnet10t.c3_in1k"))
    checkpoint = write(card, base.state_dict())
    runner = ImageEmbedding(checkpoint)
    (result,) = Engine(load(TimmLoader(), checkpoint), runner).run([photo()], NoOptions())
    base.reset_classifier(0)
    with torch.inference_mode():
        wanted = base(runner.prepare(photo(), None)[0][None])[0]
    np.testing.assert_allclose(result.vector, wanted, rtol=1e-5, atol=1e-6)


def sigmoid_graph(*shape: int) -> bytes:
    """A real ONNX file, `y = sigmoid(x)`, spelled out as protobuf: field number, length, content."""

    def field(number: int, value: bytes | int) -> bytes:
        if isinstance(value, int):
            return bytes([number << 3]) + varint(value)
        return bytes([number << 3 | 2]) + varint(len(value)) + value

    def varint(value: int) -> bytes:
        return bytes([value]) if value < 128 else bytes([value & 127 | 128]) + varint(value >> 7)

    def tensor(name: bytes) -> bytes:
        dims = b"".join(field(1, field(1, size)) for size in shape)
        return field(1, name) + field(2, field(1, field(1, 1) + field(2, dims)))

    node = field(1, b"x") + field(2, b"y") + field(4, b"Sigmoid")
    graph = field(1, node) + field(2, b"g") + field(11, tensor(b"x")) + field(12, tensor(b"y"))
    return field(1, 8) + field(7, graph) + field(8, field(2, 13))


@pytest.fixture
def segmenter(cards, tmp_path):
    card = cards["u2netp"]
    card = card.replace(config={**card.config, "input_size": [3, 16, 16]})
    (tmp_path / "graph.onnx").write_bytes(sigmoid_graph(1, 3, 16, 16))
    checkpoint = Checkpoint(card=card, path=tmp_path, revision="0" * 64)
    return OnnxEngine(tmp_path / "graph.onnx", "cpu"), SalientSegmentation(checkpoint)


def test_onnx_engine_runs_and_moves(segmenter):
    engine, _ = segmenter
    array = np.linspace(-3, 3, 3 * 16 * 16, dtype=np.float32).reshape(1, 3, 16, 16)
    (given,) = engine.to(torch.device("cpu")).run(array)
    np.testing.assert_allclose(given, 1 / (1 + np.exp(-array)), rtol=1e-5)
    assert engine.nbytes > 0
    assert engine.providers == ["CPUExecutionProvider"]


def test_segmentation_has_the_pictures_size(segmenter, photo):
    engine, runner = segmenter
    pictures = [
        photo(50, 31),
        Image.fromarray(np.repeat(np.arange(0, 200, 10, np.uint8)[None, :, None], 3, 2).repeat(9, 0)),
    ]
    results = list(Engine(engine, runner, batch=2).run(pictures, NoOptions()))
    assert [result.segments[0].mask.shape for result in results] == [(31, 50), (9, 20)]
    ramp = results[1].segments[0].mask
    assert ramp.dtype == np.float32 and ramp.min() == 0 and ramp.max() == 1
    assert ramp[:, -1].min() > 0.9 and ramp[:, 0].max() < 0.1
    assert 0.5 < results[1].segments[0].score <= 1


def test_segmentation_of_a_black_picture_is_empty(segmenter):
    engine, runner = segmenter
    (result,) = Engine(engine, runner).run([np.zeros((8, 8, 3), np.uint8)], NoOptions())
    assert result.segments[0].mask.max() == 0
    assert result.segments[0].score == 0


def test_onnx_files_that_cannot_run_are_refused(cards, tmp_path):
    class Context:
        device = torch.device("cpu")

    checkpoint = Checkpoint(card=cards["u2netp"], path=tmp_path, revision="0" * 64)
    with pytest.raises(NotInstalled, match="no ONNX file"):
        OnnxLoader().load(checkpoint, Context())
    (tmp_path / "a.onnx").write_bytes(b"no graph at all")
    with pytest.raises(IntegrityError, match=r"a\.onnx"):
        OnnxLoader().load(checkpoint, Context())
    (tmp_path / "b.onnx").write_bytes(sigmoid_graph(1))
    with pytest.raises(IntegrityError, match="several"):
        OnnxLoader().load(checkpoint, Context())
