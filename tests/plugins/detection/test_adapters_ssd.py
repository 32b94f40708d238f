"""Fine-tuning of the SSD on TensorFlow's graph: matching, loss, new heads, and files that the loader reads."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import pytest
import torch
from torch.nn.functional import binary_cross_entropy_with_logits
from zoo_detection.adapters.multibox import BACKGROUND, IGNORED, Truth, match, multibox_loss
from zoo_detection.adapters.ssd_mobilenet import SsdTuner
from zoo_detection.cards import CARDS
from zoo_detection.loader import TfSsdLoader
from zoo_detection.runner import Detect
from zoo_detection.ssd import decode_boxes, encode_boxes, make_anchors

from tests.plugins.detection.learning import TARGET, scenes
from zoo.data import LabelledBox
from zoo.models.context import Context
from zoo.plugin import Checkpoint

NONE = torch.zeros(0, dtype=torch.bool)
# Two anchors side by side, one below, as (centre y, centre x, height, width).
ANCHORS = torch.tensor([[0.25, 0.25, 0.5, 0.5], [0.25, 0.75, 0.5, 0.5], [0.75, 0.5, 0.5, 0.5]])


def test_codes_are_decoded_to_what_was_encoded() -> None:
    anchors = make_anchors()
    corners = torch.rand(len(anchors), 2)
    boxes = torch.cat([corners, corners + 0.01 + torch.rand(len(anchors), 2)], 1)
    assert torch.allclose(decode_boxes(encode_boxes(boxes, anchors), anchors), boxes, atol=1e-5)


def test_anchors_belong_to_what_they_overlap_by_half_or_best() -> None:
    near = torch.tensor([[0.0, 0.0, 0.45, 0.5]])
    assert match(ANCHORS, near, torch.tensor([False])).tolist() == [0, BACKGROUND, BACKGROUND]
    small = torch.tensor([[0.6, 0.1, 0.7, 0.2]])  # overlaps by little, yet it has its best anchor
    assert match(ANCHORS, small, torch.tensor([False])).tolist() == [BACKGROUND, 0, BACKGROUND]
    both = torch.cat([small, torch.tensor([[0.5, 0.0, 1.0, 0.5]])])  # want the same one: the better fit has it
    assert match(ANCHORS, both, torch.tensor([False, False])).tolist() == [BACKGROUND, 1, BACKGROUND]
    assert match(ANCHORS, torch.zeros(0, 4), NONE).tolist() == [BACKGROUND] * 3


def test_on_a_group_nothing_counts() -> None:
    group = torch.tensor([[0.0, 0.0, 1.0, 0.5], [0.0, 0.0, 0.5, 0.5]])
    found = match(ANCHORS, group, torch.tensor([True, False]))
    assert found.tolist() == [1, IGNORED, BACKGROUND]  # the object in the group is learnt
    codes, logits = torch.zeros(1, 3, 4), torch.tensor([[[0.0, 0.0], [9.0, -9.0], [0.0, 0.0]]])
    truth = [Truth(boxes=group[:1], classes=torch.tensor([0]), crowd=torch.tensor([True]))]
    changed = logits.clone()
    changed[0, 1] = torch.tensor([-9.0, 9.0])
    assert multibox_loss(codes, logits, ANCHORS, truth) == multibox_loss(codes, changed, ANCHORS, truth)


def test_the_loss_is_as_written() -> None:
    torch.manual_seed(0)
    anchors = make_anchors()
    codes, logits = torch.randn(1, len(anchors), 4), torch.randn(1, len(anchors), 3)
    boxes = torch.tensor([[0.1, 0.1, 0.4, 0.4], [0.5, 0.5, 0.9, 0.8]])
    truth = Truth(boxes=boxes, classes=torch.tensor([1, 0]), crowd=torch.tensor([False, False]))
    found = match(anchors, boxes, truth.crowd).tolist()
    total, matches, negative = 0.0, 0, []
    for place, number in enumerate(found):
        wanted = torch.zeros(3)
        wanted[0 if number < 0 else 1 + int(truth.classes[number])] = 1
        entropy = float(binary_cross_entropy_with_logits(logits[0, place], wanted, reduction="sum"))
        if number < 0:
            negative.append(entropy)
            continue
        far = (codes[0, place] - encode_boxes(boxes[number], anchors[place])).abs()
        total += entropy + float(torch.where(far < 1, far**2 / 2, far - 0.5).sum())
        matches += 1
    total += sum(sorted(negative)[-3 * matches :])
    assert matches > 2
    assert float(multibox_loss(codes, logits, anchors, [truth])) == pytest.approx(total / matches, rel=1e-5)


def test_a_picture_without_objects_teaches_its_three_hardest_places() -> None:
    logits = torch.zeros(1, 3, 2, requires_grad=True)
    empty = Truth(boxes=torch.zeros(0, 4), classes=torch.zeros(0, dtype=torch.long), crowd=NONE)
    loss = multibox_loss(torch.zeros(1, 3, 4), logits, ANCHORS, [empty])
    loss.backward()
    assert loss.item() == pytest.approx(3 * 2 * 0.693147, rel=1e-4)
    assert logits.grad is not None and (logits.grad[..., 0] < 0).all()


@pytest.fixture(scope="module")
def small(small_graph: Any, pb: Any, tmp_path_factory: pytest.TempPathFactory) -> Checkpoint:
    """A graph with two classes under COCO's numbers 1 and 2."""
    folder = tmp_path_factory.mktemp("graph")
    (folder / "frozen_inference_graph.pb").write_bytes(pb.graph(small_graph[1]))
    (folder / "graph.pbtxt").write_text("for OpenCV", encoding="utf-8")
    config = {**CARDS[0].config, "labels": {"1": "ant", "2": "bee"}}
    return Checkpoint(card=CARDS[0].replace(config=config), path=folder, revision="0" * 64)


def load(checkpoint: Checkpoint) -> Any:
    context = Context(device=torch.device("cpu"), dtype=torch.float32, cache=checkpoint.path / "cache", model="ssd")
    module = TfSsdLoader().load(checkpoint, context)
    assert context.unmet(module) == []
    return module


def own(module: Any) -> Any:
    for tensor in [*module.parameters(), *module.buffers()]:
        tensor.data = tensor.data.clone()
    return module


def renewed(base: Checkpoint, trained: Any, folder: Path) -> Checkpoint:
    config = {name: value for name, value in {**base.card.config, **trained.config}.items() if value is not None}
    return Checkpoint(card=base.card.replace(config=config), path=folder, revision="1" * 64)


def test_new_classes_begin_as_what_is_no_background(small: Checkpoint) -> None:
    old = load(small).scores[2].bias.detach().reshape(6, 3)
    module = SsdTuner(small).trainable(own(load(small)), TARGET)
    new = module.scores[2].bias.detach().reshape(6, 3)
    assert torch.equal(new[:, 0], old[:, 0])
    assert torch.allclose(new[:, 1:], -old[:, :1].expand(-1, 2), atol=0.06) and not torch.equal(new[:, 1], new[:, 2])


@pytest.mark.parametrize("method", ["head", "full"])
def test_what_was_trained_loads_as_it_was(small: Checkpoint, tmp_path: Path, method: str) -> None:
    adapter = SsdTuner(small)
    module = adapter.trainable(own(load(small)), TARGET)
    norms = {name: value.clone() for name, value in module.named_buffers()}
    trained_parts = module.scores if method == "head" else module
    module.requires_grad_(False)
    trained_parts.requires_grad_(True)
    optimiser = torch.optim.SGD(trained_parts.parameters(), 1e-4)
    (picture, boxes), (other, _) = scenes(2)
    group = (LabelledBox("red", (0, 0, 40, 40), crowd=True),)
    data = [(picture, boxes), (other, ()), (other, group)]
    examples = [adapter.encode(*row, TARGET, draw=random.Random(i)) for i, row in enumerate(data)]
    loss, outputs = adapter.loss(module.train(), adapter.batch(examples, TARGET), TARGET)
    assert outputs.shape == (3, len(make_anchors()), 3)
    loss.backward()
    optimiser.step()
    module.eval()
    assert all(torch.equal(value, norms[name]) for name, value in module.named_buffers())
    names = [name for group_ in adapter.layers(module) for name in group_]
    assert names[-2:] == ["boxes", "scores"] and all(
        any(name.startswith(f"{part}.") for part in names) for name, _ in module.named_parameters()
    )

    trained = adapter.save(module, TARGET, tmp_path, method=method)
    if method == "full":
        assert trained.files == ("model.safetensors",)
        assert trained.drop == ("frozen_inference_graph.pb", "graph.pbtxt")
    else:
        (tmp_path / "frozen_inference_graph.pb").symlink_to(small.path / "frozen_inference_graph.pb")
    again = renewed(small, trained, tmp_path)
    assert TfSsdLoader().blank(again.card).classes == 3
    pixels = torch.randn(1, 3, 300, 300)
    with torch.inference_mode():
        for made, wanted in zip(load(again)(pixels), module(pixels), strict=True):
            assert torch.equal(made, wanted)
    options = Detect.Options(threshold=0.0, max_objects=3)
    runner = Detect(again)
    example = list(runner.prepare(picture, options))
    with torch.inference_mode():
        found = runner.finish(runner.forward(load(again), runner.collate(example), options), example, options)
    assert {box.label for box in runner.merge(found, options).boxes} <= {"red", "blue"}
    assert len(runner.merge(found, options).boxes) == 3
