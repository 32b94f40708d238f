"""torchvision's detectors on small bodies: new classes are learnt from random weights, and what is stored loads."""

from __future__ import annotations

import shutil
from collections import OrderedDict
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import save_file
from torch import Tensor, nn
from torchvision.models import _api, get_model
from torchvision.models.detection import FCOS, FasterRCNN, KeypointRCNN, MaskRCNN, RetinaNet
from torchvision.models.detection.anchor_utils import AnchorGenerator, DefaultBoxGenerator
from torchvision.models.detection.faster_rcnn import FastRCNNPredictor, TwoMLPHead
from torchvision.models.detection.keypoint_rcnn import KeypointRCNNHeads, KeypointRCNNPredictor
from torchvision.models.detection.mask_rcnn import MaskRCNNHeads, MaskRCNNPredictor
from torchvision.models.detection.ssd import SSD
from torchvision.models.detection.ssdlite import SSDLiteHead
from torchvision.ops import MultiScaleRoIAlign
from zoo_detection.adapters.torchvision_detector import TorchvisionTuner
from zoo_detection.torchvision_runner import ObjectDetection
from zoo_vision.torchvision_loader import TorchvisionDetectionLoader

from tests.plugins.detection.learning import TARGET, learn, recall, scenes
from zoo.cards import ModelCard
from zoo.errors import UnknownTask
from zoo.models.context import Context
from zoo.plugin import Checkpoint

OLD = 4  # classes of the base, with the background
SIZE = {"min_size": 96, "max_size": 96}


def layer(narrow: int, wide: int) -> nn.Module:
    return nn.Sequential(nn.Conv2d(narrow, wide, 3, 2, 1, bias=False), nn.BatchNorm2d(wide), nn.ReLU())


class Body(nn.Sequential):
    out_channels = 32

    def __init__(self) -> None:
        super().__init__(layer(3, 16), layer(16, 32), layer(32, 32))


class Pyramid(nn.Module):
    out_channels = (32, 32)

    def __init__(self) -> None:
        super().__init__()
        self.fine, self.coarse = Body(), layer(32, 32)

    def forward(self, x: Tensor) -> OrderedDict[str, Tensor]:
        fine = self.fine(x)
        return OrderedDict([("0", fine), ("1", self.coarse(fine))])


def anchors(side: int = 32) -> AnchorGenerator:
    return AnchorGenerator(((side,),), ((1.0,),))


def rcnn(classes: int = OLD, kind: Any = FasterRCNN, **more: Any) -> nn.Module:
    return kind(
        Body(), rpn_anchor_generator=anchors(), box_roi_pool=MultiScaleRoIAlign(["0"], 7, 2),
        box_head=TwoMLPHead(32 * 49, 64), box_predictor=FastRCNNPredictor(64, classes), rpn_post_nms_top_n_train=50,
        rpn_post_nms_top_n_test=50, box_batch_size_per_image=32, **SIZE, **more,
    )  # fmt: skip


def mask_rcnn(classes: int = OLD) -> nn.Module:
    head, predictor = MaskRCNNHeads(32, (16,), 1), MaskRCNNPredictor(16, 16, classes)
    return rcnn(
        classes, MaskRCNN, mask_roi_pool=MultiScaleRoIAlign(["0"], 14, 2), mask_head=head, mask_predictor=predictor
    )


def keypoint_rcnn(classes: int = OLD) -> nn.Module:
    head, predictor = KeypointRCNNHeads(32, (16,)), KeypointRCNNPredictor(16, 17)
    pool = MultiScaleRoIAlign(["0"], 14, 2)
    return rcnn(classes, KeypointRCNN, keypoint_roi_pool=pool, keypoint_head=head, keypoint_predictor=predictor)


def ssd(classes: int = OLD, **more: Any) -> nn.Module:
    return SSD(Pyramid(), boxes(), (96, 96), classes, **more)


def ssdlite(classes: int = OLD) -> nn.Module:
    count = boxes().num_anchors_per_location()
    return ssd(classes, head=SSDLiteHead([32, 32], count, classes, partial(nn.BatchNorm2d)))


def boxes() -> DefaultBoxGenerator:
    return DefaultBoxGenerator([[1], [1]], scales=[0.33, 0.4, 0.5])


MODELS = {
    "fasterrcnn_resnet50_fpn": (rcnn, 40),
    "maskrcnn_resnet50_fpn": (mask_rcnn, 0),
    "keypointrcnn_resnet50_fpn": (keypoint_rcnn, 0),
    "retinanet_resnet50_fpn": (lambda n=OLD: RetinaNet(Body(), n, anchor_generator=anchors(), **SIZE), 40),
    "fcos_resnet50_fpn": (lambda n=OLD: FCOS(Body(), n, anchor_generator=anchors(8), **SIZE), 40),
    "ssd300_vgg16": (ssd, 40),
    "ssdlite320_mobilenet_v3_large": (ssdlite, 40),
}


def checkpoint(architecture: str, folder: Path = Path("nowhere"), **config: Any) -> Checkpoint:
    card = ModelCard(
        id="tiny",
        task="object-detection",
        library="torchvision",
        loader="torchvision-detection",
        architecture=architecture,
        config={"num_classes": OLD, "labels": ["ant", "bee", "cat"], **config},
    )
    return Checkpoint(card=card, path=folder, revision="0" * 64)


@pytest.fixture
def tiny(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Checkpoint]:
    """`tiny(architecture)`: a folder with a small random model, which torchvision now builds under that name."""
    for architecture, (make, _) in MODELS.items():
        monkeypatch.setitem(_api.BUILTIN_MODELS, architecture, builder(make))

    def written(architecture: str) -> Checkpoint:
        torch.manual_seed(0)
        save_file(MODELS[architecture][0]().state_dict(), tmp_path / "model.safetensors")
        return checkpoint(architecture, tmp_path)

    return written


def builder(make: Callable[[int], nn.Module]) -> Callable[..., nn.Module]:
    return lambda *, weights=None, weights_backbone=None, num_classes=91, num_keypoints=17: make(num_classes)


def opened(made: Checkpoint) -> Any:
    context = Context(device=torch.device("cpu"), dtype=torch.float32, cache=made.path / "cache", model="tiny")
    module = TorchvisionDetectionLoader().load(made, context)
    assert context.unmet(module) == []
    for tensor in [*module.parameters(), *module.buffers()]:
        tensor.data = tensor.data.clone()
    return module


def saved(adapter: TorchvisionTuner, module: nn.Module, folder: Path, method: str) -> Checkpoint:
    """What the core makes of what an adapter writes: its files, and those of the base that are not replaced."""
    folder.mkdir()
    trained, base = adapter.save(module, TARGET, folder, method=method), adapter.checkpoint
    for path in base.path.iterdir():
        if path.is_file() and path.name not in {*trained.files, *trained.drop}:
            shutil.copy2(path, folder)
    config = {name: value for name, value in {**base.card.config, **trained.config}.items() if value is not None}
    return Checkpoint(card=base.card.replace(config=config, **trained.card), path=folder, revision="1" * 64)


def everything(found: Checkpoint, module: nn.Module) -> list[tuple[str, ...]]:
    """All that the runner finds in two pictures, however unlikely: labels, and all numbers in full."""
    runner = ObjectDetection(found)
    options, made = runner.Options(threshold=0.01), []
    for picture, _ in scenes(2, seed=2):
        (example,) = runner.prepare(picture, options)
        with torch.inference_mode():
            outputs = runner.forward(module, runner.collate([example]), options)
        (result,) = runner.finish(outputs, [example], options)
        made += [(box.label, repr(box.score), repr(box.box)) for box in result.boxes]
    return made


@pytest.mark.parametrize("architecture", [name for name, (_, steps) in MODELS.items() if steps])
def test_new_classes_are_learnt_and_found(tiny: Callable[[str], Checkpoint], architecture: str, tmp_path: Path) -> None:
    adapter = TorchvisionTuner(tiny(architecture))
    module = adapter.trainable(opened(adapter.checkpoint), TARGET)
    losses = learn(adapter, module, scenes(16), steps=MODELS[architecture][1], rate=3e-3)
    assert sum(losses[-3:]) / 3 < 0.6 * losses[0]

    before = {name: value.clone() for name, value in module.state_dict().items()}
    held = scenes(4, seed=1)
    batch = adapter.batch([adapter.encode(*scene, TARGET, draw=None) for scene in held], TARGET)
    with torch.no_grad():
        first, again = (adapter.loss(module, batch, TARGET)[0] for _ in range(2))
    assert torch.equal(first, again)
    assert not module.training and all(torch.equal(value, before[name]) for name, value in module.state_dict().items())

    new = saved(adapter, module, tmp_path / "full", "full")
    assert (new.card.config["labels"], new.card.config["num_classes"]) == (["red", "blue"], 3)
    loaded = opened(new)
    assert everything(new, loaded) == everything(new, module) != []
    assert recall(ObjectDetection(new), loaded, scenes(8, seed=1)) >= 0.7


@pytest.mark.parametrize("architecture", MODELS)
def test_a_new_head_loads_with_its_base(tiny: Callable[[str], Checkpoint], architecture: str, tmp_path: Path) -> None:
    persons = {"num_classes": 2, "labels": ["no person", "person"], "keypoints": "coco-keypoints", "num_keypoints": 17}
    base = tiny(architecture)
    if "keypoint" in architecture:
        save_file(keypoint_rcnn(2).state_dict(), base.path / "model.safetensors")
        base = checkpoint(architecture, base.path, **persons)
    adapter = TorchvisionTuner(base)
    module = adapter.trainable(opened(base), TARGET)
    torch.manual_seed(1)
    for name in adapter.layers(module)[-1]:
        for parameter in module.get_submodule(name).parameters():
            torch.nn.init.normal_(parameter, 0, 0.2)
    module.eval()
    alone = "mask" not in architecture and "keypoint" not in architecture
    new = saved(adapter, module, tmp_path / "head", "head")
    assert new.card.architecture == (architecture if alone else "fasterrcnn_resnet50_fpn")
    assert new.has("head.safetensors") == alone
    assert new.card.config.keys() == {"labels", "num_classes"}
    assert everything(new, opened(new)) == everything(new, module) != []


def test_pictures_without_objects_are_background(tmp_path: Path) -> None:
    for architecture, (make, _) in MODELS.items():
        adapter = TorchvisionTuner(checkpoint(architecture))
        module = adapter.trainable(make(), TARGET).train()
        empty = [adapter.encode(picture, (), TARGET, draw=None) for picture, _ in scenes(2)]
        loss, outputs = adapter.loss(module, adapter.batch(empty, TARGET), TARGET)
        loss.backward()
        assert loss.isfinite() and len(outputs) == 2


def test_an_old_class_row_is_not_lost_but_meant() -> None:
    adapter = TorchvisionTuner(checkpoint("fasterrcnn_resnet50_fpn"))
    module = rcnn()
    old = module.roi_heads.box_predictor.cls_score.weight.detach().clone()
    new = adapter.trainable(module, TARGET).roi_heads.box_predictor
    assert torch.equal(new.cls_score.weight[0], old[0])
    assert torch.allclose(new.cls_score.weight[1:], old[1:].mean(0).expand(2, -1), atol=0.06)
    assert new.bbox_pred.out_features == 12
    assert adapter.layers(module)[-1] == ["roi_heads.box_predictor"]


@pytest.mark.parametrize(
    "architecture", ["maskrcnn_resnet50_fpn", "maskrcnn_resnet50_fpn_v2", "keypointrcnn_resnet50_fpn"]
)
def test_without_its_branch_it_is_a_faster_rcnn(architecture: str, tmp_path: Path) -> None:
    with torch.device("meta"):
        module = get_model(architecture, weights=None, weights_backbone=None)
    more = {"labels": ["no person", "person"], "num_classes": 2, "keypoints": "coco-keypoints", "num_keypoints": 17}
    adapter = TorchvisionTuner(
        checkpoint(architecture, **(more if "keypoint" in architecture else {"num_classes": 91}))
    )
    adapter.trainable(module, TARGET)
    small = MODELS["fasterrcnn_resnet50_fpn"][0]()
    trained = adapter.save(small, TARGET, tmp_path, method="head")
    with torch.device("meta"):
        wanted = get_model(trained.card["architecture"], weights=None, weights_backbone=None, num_classes=3)
    assert {n: v.shape for n, v in module.state_dict().items()} == {n: v.shape for n, v in wanted.state_dict().items()}
    assert trained.files == ("model.safetensors",)
    assert trained.config.get("num_keypoints", None) is None


def test_what_is_no_detector_is_refused() -> None:
    with pytest.raises(UnknownTask, match="no layers for classes"):
        TorchvisionTuner(checkpoint("resnet18")).trainable(nn.Linear(2, 2), TARGET)
