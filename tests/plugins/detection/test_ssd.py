"""The SSD: anchors, box coder, padding, and the mapping of TensorFlow's names."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from zoo_detection.loader import module_name
from zoo_detection.ssd import ConvNorm, decode_boxes, make_anchors

from zoo.errors import IntegrityError, WeightsMismatch


def write(folder, pb, arrays):
    folder.mkdir(exist_ok=True)
    (folder / "frozen_inference_graph.pb").write_bytes(pb.graph(arrays))
    return folder


def test_a_written_graph_gives_the_same_module(tmp_path, pb, small_graph, load_folder):
    module, arrays = small_graph
    noise = {"Preprocessor/mul/x": np.float32([0.5]), "FeatureExtractor/MobilenetV2/Conv/BatchNorm/y": np.float32([1])}
    _, read = load_folder(write(tmp_path / "ssd", pb, arrays | noise))
    picture = torch.rand(2, 3, 300, 300) * 2 - 1
    with torch.inference_mode():
        for ours, theirs in zip(read(picture), module(picture), strict=True):
            assert torch.equal(ours, theirs)


@pytest.mark.parametrize("change", ["missing", "extra", "misshapen"])
def test_tensors_that_do_not_fit_are_refused(tmp_path, pb, small_graph, load_folder, change):
    arrays = dict(small_graph[1])
    name = "FeatureExtractor/MobilenetV2/expanded_conv_3/project/weights"
    if change == "missing":
        del arrays[name]
    elif change == "extra":
        arrays["FeatureExtractor/MobilenetV2/expanded_conv_77/project/weights"] = arrays[name]
    else:
        arrays[name] = arrays[name][..., :-1]
    with pytest.raises(WeightsMismatch, match="blocks"):
        load_folder(write(tmp_path / "ssd", pb, arrays))


def test_another_graph_is_refused(tmp_path, pb, load_folder):
    with pytest.raises(IntegrityError, match="not an SSD"):
        load_folder(write(tmp_path / "ssd", pb, {"dense/kernel": np.ones((2, 2), np.float32)}))


def test_names_that_are_no_weights():
    assert module_name("Preprocessor/sub/y") is None
    assert module_name("FeatureExtractor/MobilenetV2/Conv/BatchNorm/batchnorm/add/y") is None
    assert module_name("BoxPredictor_0/stack/1") is None


def test_anchors_are_those_of_the_graph():
    anchors = make_anchors()
    assert anchors.shape == (19 * 19 * 3 + 6 * (100 + 25 + 9 + 4 + 1), 4)
    # Heights and widths in pixels, as the wheel's .pbtxt lists them (which has .333 where the graph has .3333).
    first = anchors[:3, 2:] * 300
    assert torch.allclose(first, torch.tensor([[30, 30], [42.4264, 84.8528], [84.8528, 42.4264]]), atol=1e-3)
    second = anchors[19 * 19 * 3 :][:6, 2:] * 300
    heights = torch.tensor([105.0, 74.2462, 148.4924, 60.6218, 181.8744, 125.4990])
    assert torch.allclose(second[:, 0], heights, atol=1e-3)
    assert torch.allclose(anchors[0, :2], torch.tensor([0.5 / 19, 0.5 / 19]))
    assert torch.allclose(anchors[3, :2], torch.tensor([0.5 / 19, 1.5 / 19]))  # x runs first


def test_codes_of_zero_are_the_anchors():
    anchors = make_anchors()
    y, x, h, w = anchors.unbind(-1)
    wanted = torch.stack([x - w / 2, y - h / 2, x + w / 2, y + h / 2], -1)
    assert torch.allclose(decode_boxes(torch.zeros(1, len(anchors), 4), anchors)[0], wanted)


def test_codes_are_scaled():
    anchor = torch.tensor([[0.5, 0.5, 0.2, 0.4]])
    codes = torch.tensor([[1.0, 2.0, 5 * np.log(2), 0]], dtype=torch.float32)
    box = decode_boxes(codes, anchor)[0]
    assert torch.allclose(box, torch.tensor([0.58 - 0.2, 0.52 - 0.2, 0.58 + 0.2, 0.52 + 0.2]))


@pytest.mark.parametrize(("size", "stride"), [(300, 2), (19, 2), (5, 2), (10, 1)])
def test_padding_is_tensorflows(size, stride):
    layer = ConvNorm(1, 1, 3, stride=stride, act=False).eval()
    torch.nn.init.ones_(layer.conv.weight)
    made = layer(torch.ones(1, 1, size, size))
    assert made.shape[-1] == -(-size // stride)
    corner = 9 if stride == 2 and size % 2 == 0 else 4  # even sizes are padded at the bottom and right only
    assert made[0, 0, 0, 0].item() == pytest.approx(corner / np.sqrt(1.001), rel=1e-5)
