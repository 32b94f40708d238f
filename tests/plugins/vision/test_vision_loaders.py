"""Modules from files give what the libraries' own loading gives."""

from __future__ import annotations

import re

import pytest
import timm
import torch
from torchvision import models
from zoo_vision.adapters.timm_classifier import TimmClassifier
from zoo_vision.adapters.torchvision_classifier import TorchvisionClassifier
from zoo_vision.bodies import pooled_features
from zoo_vision.names import timm_name
from zoo_vision.timm_loader import TimmLoader
from zoo_vision.torchvision_loader import TorchvisionLoader

from zoo.errors import BadCard, MissingDependency, UnknownTask, UnsupportedFormat, WeightsMismatch
from zoo.plugin import Target

TIMM = [
    "convnext_atto.d2_in1k",
    "edgenext_xx_small.in1k",
    "efficientvit_m0.r224_in1k",
    "ghostnet_100.in1k",
    "levit_128s.fb_dist_in1k",
    "mobilenetv3_small_050.lamb_in1k",
    "mobilevit_xxs.cvnets_in1k",
    "regnetx_002.pycls_in1k",
    "resnet10t.c3_in1k",
    "test_nfnet.r160_in1k",
    "vit_tiny_patch16_224.augreg_in21k_ft_in1k",
]
TORCHVISION = [
    "efficientnet_b0",
    "mnasnet0_5",
    "mobilenet_v3_small",
    "regnet_y_400mf",
    "resnet18",
    "shufflenet_v2_x0_5",
]


def equal(a: torch.nn.Module, b: torch.nn.Module, size: tuple[int, ...] = (3, 96, 96)) -> None:
    batch = torch.randn(2, *size, generator=torch.Generator().manual_seed(1))
    with torch.inference_mode():
        wanted, given = a(batch), b(batch)
    assert wanted.std() > 0
    torch.testing.assert_close(given, wanted, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("name", TIMM)
def test_timm_modules_equal_timms_own(cards, write, load, randomise, name):
    card = cards[f"timm/{name}"]
    wanted = randomise(timm.create_model(name))
    module = load(TimmLoader(), write(card, wanted.state_dict()))
    equal(wanted, module, tuple(card.config["input_size"]))


@pytest.mark.parametrize("architecture", TORCHVISION)
def test_torchvision_modules_equal_torchvisions_own(cards, write, load, randomise, architecture):
    wanted = randomise(models.get_model(architecture))
    module = load(TorchvisionLoader(), write(cards[f"torchvision/{architecture}.imagenet1k_v1"], wanted.state_dict()))
    equal(wanted, module)


def test_torchvisions_mobilenetv2_in_timm(cards, write, load, randomise):
    wanted = randomise(models.mobilenet_v2())
    module = load(TimmLoader(), write(cards["mobilenetv2_100"], wanted.state_dict()))
    equal(wanted, module)


def test_old_densenet_names_are_understood_by_both(cards, write, load, randomise):
    wanted = randomise(models.densenet121())
    layer = re.compile(r"(denselayer\d+\.(?:norm|conv))([12])")
    old = {layer.sub(r"\1.\2", name): tensor for name, tensor in wanted.state_dict().items()}
    assert old.keys() != wanted.state_dict().keys()
    equal(wanted, load(TorchvisionLoader(), write(cards["torchvision/densenet121.imagenet1k_v1"], old)))
    equal(wanted, load(TimmLoader(), write(cards["timm/densenet121.tv_in1k"], old)))


def test_googlenet_comes_without_auxiliary_heads(cards, write, load, randomise):
    full = randomise(models.googlenet(init_weights=False, transform_input=True))
    module = load(TorchvisionLoader(), write(cards["torchvision/googlenet.imagenet1k_v1"], full.state_dict()))
    assert sum(p.numel() for p in module.parameters()) == cards["torchvision/googlenet.imagenet1k_v1"].parameters
    equal(full, module)


def test_old_files_without_counters_load(cards, write, load, randomise):
    wanted = randomise(models.resnet18())
    tensors = {n: t for n, t in wanted.state_dict().items() if not n.endswith("num_batches_tracked")}
    equal(wanted, load(TorchvisionLoader(), write(cards["torchvision/resnet18.imagenet1k_v1"], tensors)))


@pytest.mark.parametrize("change", ["missing", "extra", "shape"])
def test_files_that_do_not_fit_are_refused_by_name(cards, write, load, change):
    name = "resnet10t.c3_in1k"
    tensors = dict(timm.create_model(name).state_dict())
    if change == "missing":
        del tensors["layer1.0.conv1.weight"]
    elif change == "extra":
        tensors["layer9.conv.weight"] = torch.zeros(1)
    else:
        tensors["layer1.0.conv1.weight"] = torch.zeros(2, 2)
    with pytest.raises(WeightsMismatch, match=r"layer9\.conv\.weight" if change == "extra" else r"layer1\.0\.conv1"):
        load(TimmLoader(), write(cards[f"timm/{name}"], tensors))


@pytest.mark.parametrize(
    ("loader", "base"),
    [(TimmLoader(), "timm/resnet10t.c3_in1k"), (TorchvisionLoader(), "torchvision/resnet18.imagenet1k_v1")],
)
def test_unknown_architectures_name_the_remedy(cards, write, load, loader, base):
    card = cards[base].replace(architecture="resnet9000")
    with pytest.raises(MissingDependency, match="resnet9000"):
        load(loader, write(card, {"x": torch.zeros(1)}))


HEADS = [
    ("timm/resnet10t.c3_in1k", "fc"),
    ("timm/mobilenetv3_small_050.lamb_in1k", "classifier"),
    ("timm/convnext_atto.d2_in1k", "head.fc"),
    ("timm/vit_tiny_patch16_224.augreg_in21k", "head"),
    ("timm/vit_tiny_patch16_dinov3_qkvb.eupe_lvd1689m", "head"),
    ("timm/efficientvit_m0.r224_in1k", "head.linear"),
    ("timm/dla46x_c.in1k", "fc"),
    ("torchvision/resnet18.imagenet1k_v1", "fc"),
    ("torchvision/regnet_y_400mf.imagenet1k_v1", "fc"),
    ("torchvision/mobilenet_v3_small.imagenet1k_v1", "classifier.3"),
    ("torchvision/efficientnet_b0.imagenet1k_v1", "classifier.1"),
]


@pytest.mark.parametrize(("model", "place"), HEADS)
def test_a_new_head_makes_a_new_classifier(cards, write, load, randomise, model, place):
    card = cards[model]
    timms = card.loader == "timm"
    base = randomise(timm.create_model(model[5:]) if timms else models.get_model(card.architecture))
    loader, tuner = (TimmLoader(), TimmClassifier) if timms else (TorchvisionLoader(), TorchvisionClassifier)
    checkpoint = write(card, base.state_dict())
    module, adapter = load(loader, checkpoint), tuner(checkpoint)
    pixels = card.config["input_size"][-1] if "vit" in model or "sequencer" in model else 64
    batch = torch.randn(2, 3, pixels, pixels, generator=torch.Generator().manual_seed(1))
    with torch.inference_mode():
        features = adapter.features(module, batch)
    weight, bias = torch.randn(3, features.shape[1]), torch.randn(3)
    head = adapter.head(weight, bias, Target(kind="single", labels=("a", "b", "c")))
    assert set(head.tensors) == {f"{place}.weight", f"{place}.bias"}
    assert head.config == Target(kind="single", labels=("a", "b", "c")).config

    tuned = card.replace(config={**card.config, **head.config})
    new = load(loader, write(tuned, base.state_dict(), dict(head.tensors)))
    with torch.inference_mode():
        torch.testing.assert_close(new(batch), features @ weight.T + bias, rtol=1e-4, atol=1e-4)
        torch.testing.assert_close(tuner(checkpoint).features(new, batch), features, rtol=1e-5, atol=1e-5)


def test_a_new_head_on_a_renamed_file(cards, write, load):
    card = cards["mobilenetv2_100"]
    head = TimmClassifier(write(card, {})).head(
        torch.randn(2, 1280), torch.randn(2), Target(kind="single", labels=("a", "b"))
    )
    tuned = card.replace(config={**card.config, **head.config})
    module = load(TimmLoader(), write(tuned, models.mobilenet_v2().state_dict(), dict(head.tensors)))
    torch.testing.assert_close(module.classifier.weight.data, head.tensors["classifier.weight"])


def test_classifiers_that_are_no_linear_layer_are_refused(cards, write, load):
    card = cards["torchvision/squeezenet1_1.imagenet1k_v1"]
    checkpoint = write(card, models.squeezenet1_1().state_dict())
    module = load(TorchvisionLoader(), checkpoint)
    batch = torch.zeros(1, 3, 64, 64)
    assert pooled_features(module, batch).shape == (1, 512)
    with pytest.raises(UnknownTask, match="linear layer"):
        TorchvisionClassifier(checkpoint).features(module, batch)
    with pytest.raises(UnknownTask, match="linear layer"):
        TorchvisionClassifier(checkpoint).head(
            torch.zeros(2, 512), torch.zeros(2), Target(kind="single", labels=("a", "b"))
        )


@pytest.mark.parametrize(
    ("style", "old", "new"),
    [
        ("torchvision-mobilenetv2", "features.1.conv.0.0.weight", "blocks.0.0.conv_dw.weight"),
        ("torchvision-mobilenetv2", "features.3.conv.3.bias", "blocks.1.1.bn3.bias"),
        ("efficientnet-pytorch", "_bn1.weight", "bn2.weight"),
        ("efficientnet-pytorch", "_blocks.0._bn1.weight", "blocks.0.0.bn1.weight"),
        ("efficientnet-pytorch", "_blocks.2._bn1.weight", "blocks.1.1.bn2.weight"),
        ("efficientnet-pytorch", "_blocks.99._bn1.weight", "_blocks.99._bn1.weight"),
        ("efficientnet-pytorch", "strange", "strange"),
    ],
)
def test_names_are_mapped_one_by_one(style, old, new):
    assert timm_name(style, old, (1, 2, 3)) == new


def test_unknown_naming_style():
    with pytest.raises(BadCard, match="shoes"):
        timm_name("shoes", "x", (1,))


def test_blank_timm_modules_have_the_cards_parameters(cards):
    seen = set()
    for card in cards.values():
        if card.loader == "timm" and card.family not in seen and card.parameters < 30_000_000:
            seen.add(card.family)
            module = TimmLoader().blank(card)
            assert sum(parameter.numel() for parameter in module.parameters()) == card.parameters, card.id
            assert all(tensor.is_meta for tensor in module.state_dict().values())
            assert not module.training
    assert len(seen) > 70


def test_a_blank_module_needs_a_known_architecture(cards):
    card = cards["timm/resnet10t.c3_in1k"].replace(architecture="resnet9000")
    with pytest.raises(UnsupportedFormat, match="resnet9000"):
        TimmLoader().blank(card)
