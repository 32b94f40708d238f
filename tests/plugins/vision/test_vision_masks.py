"""Segmenters that are trained: pictures and masks together, graphs of ONNX, torchvision's and transformers' models."""

from __future__ import annotations

import io
import random

import numpy as np
import onnx
import pytest
import torch
import transformers
from onnx import TensorProto, helper, numpy_helper
from PIL import Image
from torchvision import models
from zoo_vision.adapters.salient import SalientTuner
from zoo_vision.adapters.torchvision_semantic import TorchvisionSemantic
from zoo_vision.adapters.transformers_semantic import TransformersSemanticTuner
from zoo_vision.onnx_graph import read_graph
from zoo_vision.onnx_loader import OnnxEngine
from zoo_vision.segmentation import SalientSegmentation
from zoo_vision.semantic import SemanticSegmentation
from zoo_vision.torchvision_loader import TorchvisionLoader
from zoo_vision.transformers_cards import transformers_cards
from zoo_vision.transformers_loader import TransformersVisionLoader

from zoo.errors import BadData, UnknownTask, UnsupportedFormat
from zoo.plugin import Checkpoint, NoOptions, Target

TWO = Target(kind="mask", labels=("background", "dot"))
THREE = Target(kind="mask", labels=("background", "dot", "line"))


def dots(count, size=64, seed=0):
    """Pictures of a red rectangle on grey, with masks."""
    numbers = np.random.default_rng(seed)
    made = []
    for _ in range(count):
        mask = np.zeros((size, size + 8), dtype=np.uint8)
        top, left = numbers.integers(0, size // 2, 2)
        mask[top : top + size // 2, left : left + size // 2] = 1
        pixels = numbers.integers(90, 110, (size, size + 8, 3), dtype=np.uint8)
        pixels[mask == 1] = (220, 40, 30)
        made.append((Image.fromarray(pixels), mask))
    return made


def learn(adapter, module, rows, target, *, steps, rate):
    draw, losses = random.Random(0), []
    optimiser = torch.optim.AdamW(module.parameters(), rate)
    for _ in range(steps):
        batch = adapter.batch([adapter.encode(*row, target, draw=draw) for row in rows], target)
        module.train()
        loss, outputs = adapter.loss(module, batch, target)
        assert outputs.shape == (len(rows), len(target.labels), len(target.labels))
        assert outputs.sum() == (batch["labels"] != 255).sum()
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        losses.append(loss.item())
    module.eval()
    return losses


def graph(pixels=32, last="Sigmoid"):
    """A net with the operations of U²-Net: two scales, a residual sum, two maps, sizes computed in the graph."""
    numbers = np.random.default_rng(0)
    weights, nodes = [], []

    def conv(given, name, channels, kernel=3):
        shape = (channels[1], channels[0], kernel, kernel)
        arrays = numbers.normal(0, 0.3, shape).astype(np.float32), np.zeros(channels[1], dtype=np.float32)
        names = [f"{name}.weight", f"{name}.bias"]
        weights.extend(numpy_helper.from_array(array, n) for array, n in zip(arrays, names, strict=True))
        settings = {"kernel_shape": [kernel] * 2, "pads": [kernel // 2] * 4, "strides": [1, 1], "dilations": [1, 1]}
        nodes.append(helper.make_node("Conv", [given, *names], [name], **settings))

    def node(kind, given, name, **settings):
        nodes.append(helper.make_node(kind, given, [name], **settings))

    def constant(name, values, kind=TensorProto.INT64):
        array = np.asarray(values, dtype=np.int64)
        shape = list(array.shape)
        nodes.append(
            helper.make_node("Constant", [], [name], value=helper.make_tensor(name, kind, shape, array.reshape(-1)))
        )

    conv("picture", "a", (3, 8))
    node("Relu", ["a"], "b")
    node("MaxPool", ["b"], "c", kernel_shape=[2, 2], strides=[2, 2], ceil_mode=1, pads=[0, 0, 0, 0])
    conv("c", "d", (8, 8))
    node("Shape", ["b"], "shape")
    constant("two", 2)
    constant("three", 3)
    for axis, which in (("high", "two"), ("wide", "three")):
        node("Gather", ["shape", which], f"{axis}0", axis=0)
        node("Unsqueeze", [f"{axis}0"], axis, axes=[0])
    node("Concat", ["high", "wide"], "size", axis=0)
    node("Shape", ["d"], "small")
    for name, values in (("start", [0]), ("end", [2]), ("axis", [0])):
        constant(name, values)
    node("Slice", ["small", "start", "end", "axis"], "first")
    node("Cast", ["size"], "whole", to=TensorProto.INT64)
    node("Concat", ["first", "whole"], "sizes", axis=0)
    settings = {"coordinate_transformation_mode": "pytorch_half_pixel", "mode": "linear"}
    constant("none", [], TensorProto.FLOAT)
    node("Resize", ["d", "none", "none", "sizes"], "e", **settings)
    node("Add", ["e", "b"], "f")
    conv("f", "side", (8, 1))
    node("Concat", ["f", "side"], "g", axis=1)
    conv("g", "out", (9, 1), kernel=1)
    node(last, ["out"], "map")
    node("Sigmoid", ["side"], "side_map")
    sizes = [1, 3, pixels, pixels]
    made = helper.make_graph(
        nodes,
        "net",
        [helper.make_tensor_value_info("picture", TensorProto.FLOAT, sizes)],
        [helper.make_tensor_value_info(n, TensorProto.FLOAT, [1, 1, pixels, pixels]) for n in ("map", "side_map")],
        weights,
    )
    return helper.make_model(made, opset_imports=[helper.make_opsetid("", 11)], ir_version=6)


@pytest.fixture
def salient(cards, tmp_path):
    """The adapter of a small graph."""
    card = cards["u2netp"].replace(config={**cards["u2netp"].config, "input_size": [3, 32, 32]})
    onnx.save(graph(), tmp_path / "small.onnx")
    return SalientTuner(Checkpoint(card=card, path=tmp_path, revision="0" * 64))


def agree(module, path):
    batch = torch.randn(1, 3, 32, 32, generator=torch.Generator().manual_seed(1))
    with torch.inference_mode():
        made = [one.sigmoid().numpy() for one in module(batch)]
    for one, wanted in zip(made, OnnxEngine(path, "cpu").run(batch.numpy()), strict=True):
        np.testing.assert_allclose(one, wanted, atol=1e-5)


def test_a_graph_is_trained_and_written_back(salient, tmp_path):
    module = salient.trainable(None, TWO)
    agree(module, tmp_path / "small.onnx")
    assert salient.layers(module) == [["layers.conv0", "layers.conv1"], ["layers.conv2", "layers.conv3"]]
    losses = learn(salient, module, dots(8), TWO, steps=60, rate=1e-2)
    assert np.mean(losses[-5:]) < 0.5 * losses[0]

    folder = tmp_path / "new"
    folder.mkdir()
    trained = salient.save(module, TWO, folder, method="full")
    assert trained.files == ("small.onnx",)
    agree(module, folder / "small.onnx")
    card = salient.checkpoint.card.replace(config={**salient.checkpoint.card.config, **trained.config})
    runner = SalientSegmentation(Checkpoint(card=card, path=folder, revision="1" * 64))
    image, mask = dots(1, seed=5)[0]
    examples = runner.prepare(image, NoOptions())
    outputs = runner.forward(OnnxEngine(folder / "small.onnx", "cpu"), runner.collate(examples), NoOptions())
    (segment,) = runner.finish(outputs, examples, NoOptions())[0].segments
    assert segment.label == "dot"
    found = segment.mask >= 0.5
    assert (found & (mask == 1)).sum() / (found | (mask == 1)).sum() > 0.7
    np.testing.assert_allclose(segment.mask.max(), outputs.max(), atol=0.01)


def test_other_sizes_and_batches_than_the_graph_declares(salient):
    assert [tuple(one.shape) for one in salient.trainable(None, TWO)(torch.zeros(3, 3, 20, 24))] == [(3, 1, 20, 24)] * 2


def test_graphs_of_two_classes_only(salient):
    with pytest.raises(UnknownTask, match="not 3 classes"):
        salient.trainable(None, THREE)


def test_unknown_operations_are_named(tmp_path):
    onnx.save(graph(last="Tanh"), tmp_path / "odd.onnx")
    with pytest.raises(UnsupportedFormat, match="Tanh"):
        read_graph(tmp_path / "odd.onnx")


def test_picture_and_mask_are_varied_together(salient):
    for seed in range(8):
        pixels, mask = salient.encode(*dots(1)[0], TWO, draw=random.Random(seed))
        assert mask.shape == pixels.shape[1:]
        red = pixels[0] - pixels[1] > 1.5
        assert (red & (mask == 1)).sum() / max(1, (red | (mask == 1)).sum()) > 0.85
    one, same, other = (salient.encode(*dots(1)[0], TWO, draw=random.Random(seed))[0] for seed in (1, 1, 2))
    assert torch.equal(one, same)
    assert not torch.equal(one, other)


def test_masks_that_do_not_fit_are_refused(salient):
    image, mask = dots(1)[0]
    with pytest.raises(BadData, match="has a mask of 10 x 10"):
        salient.encode(image, mask[:10, :10], TWO, draw=None)
    with pytest.raises(BadData, match="7"):
        salient.encode(image, mask * 7, THREE, draw=None)


def test_masks_are_read_from_files(salient):
    image, mask = dots(1)[0]
    file = io.BytesIO()
    Image.fromarray(mask * 255).save(file, "PNG")
    wanted = salient.encode(image, mask, TWO, draw=None)[1]
    assert torch.equal(salient.encode(image, file.getvalue(), TWO, draw=None)[1], wanted)


def own(module):
    for tensor in [*module.parameters(), *module.buffers()]:
        tensor.data = tensor.data.clone()
    return module


def test_torchvisions_segmenters_learn_new_classes(cards, write, load, randomise, tmp_path):
    base = next(card for card in cards.values() if card.architecture == "deeplabv3_mobilenet_v3_large")
    card = base.replace(config={**base.config, "resize_size": 64})
    torch.manual_seed(0)
    made = models.get_model(card.architecture, weights=None, weights_backbone=None, aux_loss=True)
    checkpoint = write(card, randomise(made).state_dict())
    adapter = TorchvisionSemantic(checkpoint)
    module = adapter.trainable(own(load(TorchvisionLoader(), checkpoint)), THREE)
    assert list(adapter.layers(module)[-1]) == ["classifier.4", "aux_classifier.4"]
    learn(adapter, module, dots(2), THREE, steps=1, rate=1e-3)
    image, mask = dots(1)[0]
    narrow = image.crop((0, 0, 60, 64)), mask[:, :60]
    rows = [adapter.encode(*row, THREE, draw=None) for row in (narrow, (image, mask))]
    batch = adapter.batch(rows, THREE)
    assert (batch["labels"] == 255).any()
    assert int(adapter.loss(module, batch, THREE)[1].sum()) == sum(mask.numel() for _, mask in rows)

    folder = tmp_path / "new"
    folder.mkdir()
    trained = adapter.save(module, THREE, folder, method="full")
    tuned = Checkpoint(card=card.replace(config={**card.config, **trained.config}), path=folder, revision="1" * 64)
    again = load(TorchvisionLoader(), tuned)
    assert not [n for n, t in again.state_dict().items() if not torch.equal(t, module.state_dict()[n])]
    runner = SemanticSegmentation(tuned)
    examples = runner.prepare(dots(1)[0][0], NoOptions())
    with torch.inference_mode():
        (result,) = runner.finish(runner.forward(again, runner.collate(examples), NoOptions()), examples, NoOptions())
    assert {segment.label for segment in result.segments} <= {"dot", "line"}
    head = adapter.save(module, THREE, folder, method="head")
    assert head.files == ("head.safetensors",)
    assert load(TorchvisionLoader(), tuned).classifier[4].weight.shape[0] == 3


def test_transformers_segmenters_learn_new_classes(load, tmp_path):
    torch.manual_seed(0)
    sizes = {"depths": [1] * 4, "hidden_sizes": [8, 8, 16, 16], "num_attention_heads": [1, 1, 2, 2]}
    base = tmp_path / "base"
    config = transformers.SegformerConfig(**sizes, decoder_hidden_size=16, num_labels=5)
    transformers.SegformerForSemanticSegmentation(config).eval().save_pretrained(base)
    transformers.SegformerImageProcessor(size={"height": 32, "width": 32}).save_pretrained(base)
    card = next(card for card in transformers_cards() if card.architecture == "SegformerForSemanticSegmentation")
    checkpoint = Checkpoint(card=card.replace(config={}), path=base, revision="0" * 64)
    adapter = TransformersSemanticTuner(checkpoint)
    module = adapter.trainable(own(load(TransformersVisionLoader(), checkpoint)), THREE)
    assert list(adapter.layers(module)[-1]) == ["decode_head.classifier"]
    assert adapter.lora(module)
    learn(adapter, module, dots(2), THREE, steps=1, rate=1e-3)
    folder = tmp_path / "new"
    folder.mkdir()
    trained = adapter.save(module, THREE, folder, method="full")
    tuned = Checkpoint(card=card.replace(config=dict(trained.config), **trained.card), path=folder, revision="1" * 64)
    batch = torch.randn(2, 3, 32, 32)
    with torch.inference_mode():
        again = own(load(TransformersVisionLoader(), tuned))(pixel_values=batch).logits
        assert torch.equal(again, module(pixel_values=batch).logits)
    assert again.shape[1] == 3
