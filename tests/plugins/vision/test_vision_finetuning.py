"""Classifiers that are trained: new heads, variations of pictures, files that the ordinary loaders read."""

from __future__ import annotations

import random

import pytest
import timm
import torch
import transformers
from torchvision import models
from zoo_vision.adapters.anatomy import hold_statistics
from zoo_vision.adapters.timm_classifier import TimmClassifier
from zoo_vision.adapters.torchvision_classifier import TorchvisionClassifier
from zoo_vision.adapters.transformers_classifier import TransformersClassifier
from zoo_vision.runners import ClassificationOptions, ImageClassification
from zoo_vision.timm_loader import TimmLoader
from zoo_vision.torchvision_loader import TorchvisionLoader
from zoo_vision.transformers_cards import transformers_cards
from zoo_vision.transformers_loader import TransformersVisionLoader
from zoo_vision.transformers_runners import TransformersClassification

from tests.tiny import COLOURS, coloured_pictures
from zoo.errors import BadData, UnknownTask
from zoo.plugin import Checkpoint, Target

SINGLE = Target(kind="single", labels=("a", "b", "c"))
MULTI = Target(kind="multi", labels=("a", "b", "c"))

# What carries low-rank adapters: nothing in networks of convolutions, the attention, or all layers over tokens.
MODELS = [
    ("timm/test_resnet.r160_in1k", None),
    ("timm/test_vit.r160_in1k", "attn.qkv"),
    ("timm/test_efficientnet.r160_in1k", None),
    ("timm/test_nfnet.r160_in1k", None),
    ("timm/test_convnext.r160_in1k", "mlp.fc1"),
    ("timm/mobilenetv3_small_050.lamb_in1k", None),
    ("timm/convnext_atto.d2_in1k", None),
    ("timm/efficientvit_m0.r224_in1k", None),
    ("timm/ghostnet_100.in1k", None),
    ("timm/mobilevit_xxs.cvnets_in1k", "attn.qkv"),
    ("timm/regnetx_002.pycls_in1k", None),
    ("timm/vit_tiny_patch16_dinov3_qkvb.eupe_lvd1689m", "mlp.fc1"),
    ("timm/dla46x_c.in1k", None),
    ("timm/pvt_v2_b0.in1k", "attn.kv"),
    ("torchvision/resnet18.imagenet1k_v1", None),
    ("torchvision/mobilenet_v3_small.imagenet1k_v1", None),
    ("torchvision/regnet_y_400mf.imagenet1k_v1", None),
    ("torchvision/shufflenet_v2_x0_5.imagenet1k_v1", None),
]


def own(module):
    """The module with memory of its own, as the core hands it out for training."""
    for tensor in [*module.parameters(), *module.buffers()]:
        tensor.data = tensor.data.clone()
    return module.requires_grad_(True)


def learn(adapter, module, examples, target, *, steps=1, rate=1e-4):
    """A few steps; the losses."""
    optimiser = torch.optim.AdamW([p for p in module.parameters() if p.requires_grad], rate)
    batch, losses = adapter.batch(examples, target), []
    for _ in range(steps):
        module.train()
        loss, outputs = adapter.loss(module, batch, target)
        assert outputs.shape[0] == len(examples)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        losses.append(loss.item())
    module.eval()
    return losses


def changed(card, trained):
    """The card as the core changes it."""
    config = {name: value for name, value in {**card.config, **trained.config}.items() if value is not None}
    return card.replace(config=config, **trained.card)


@pytest.fixture
def base(cards, write, load, randomise):
    """`base(model)`: checkpoint, loader, adapter and module with random weights."""

    def make(model):
        card = cards[model]
        timms = card.loader == "timm"
        torch.manual_seed(0)
        made = timm.create_model(model[5:]) if timms else models.get_model(card.architecture)
        checkpoint = write(card, randomise(made).state_dict())
        loader = TimmLoader() if timms else TorchvisionLoader()
        adapter = (TimmClassifier if timms else TorchvisionClassifier)(checkpoint)
        return checkpoint, loader, adapter, own(load(loader, checkpoint))

    return make


@pytest.mark.parametrize(("model", "adapted"), MODELS)
def test_what_was_trained_loads_as_it_was(base, load, photo, tmp_path, model, adapted):
    checkpoint, loader, adapter, module = base(model)
    module = adapter.trainable(module, SINGLE)
    examples = [adapter.encode(photo(seed=i), "abc"[i], SINGLE, draw=random.Random(i)) for i in range(2)]
    assert examples[0][0].shape == adapter.encode(photo(), "a", SINGLE, draw=None)[0].shape
    learn(adapter, module, examples, SINGLE)
    assert all(parameter.grad is not None for parameter in module.parameters())

    groups = adapter.layers(module)
    names = [name for group in groups for name in group]
    assert len(names) == len(set(names))
    assert len(groups) > 4
    assert [f"{name}." for name in groups[-1]] == [f"{adapter.classifier(module)[0]}."]
    places = adapter.lora(module)
    assert [p for p in places if p.endswith(adapted or "")] if adapted else not places
    assert not set(places) & set(groups[-1])

    folder = tmp_path / "new"
    folder.mkdir()
    trained = adapter.save(module, SINGLE, folder, method="full")
    assert trained.files == ("model.safetensors",)
    batch = adapter.batch(examples, SINGLE)["pixels"]
    card = changed(checkpoint.card, trained)
    again = load(loader, Checkpoint(card=card, path=folder, revision="1" * 64))
    assert not [n for n, t in again.state_dict().items() if not torch.equal(t, module.state_dict()[n])]
    with torch.inference_mode():
        assert torch.equal(own(again)(batch), module(batch))

    adapter.save(module, SINGLE, checkpoint.path, method="head")
    head = load(loader, Checkpoint(card=card, path=checkpoint.path, revision="1" * 64))
    name = adapter.classifier(module)[0]
    assert torch.equal(head.get_submodule(name).weight, module.get_submodule(name).weight)


def test_all_weights_of_a_renamed_file_are_written_in_timms_names(base, load, randomise, cards, write, tmp_path):
    card = cards["mobilenetv2_100"]
    checkpoint = write(card, randomise(models.mobilenet_v2()).state_dict())
    adapter = TimmClassifier(checkpoint)
    module = adapter.trainable(own(load(TimmLoader(), checkpoint)), SINGLE)
    (checkpoint.path / "model.safetensors").rename(checkpoint.path / "mobilenet_v2.safetensors")
    (checkpoint.path / "head.safetensors").write_bytes(b"")
    folder = tmp_path / "new"
    folder.mkdir()
    trained = adapter.save(module.eval(), SINGLE, folder, method="full")
    assert set(trained.drop) == {"mobilenet_v2.safetensors", "head.safetensors"}
    assert trained.config["names"] is None
    again = load(TimmLoader(), Checkpoint(card=changed(card, trained), path=folder, revision="1" * 64))
    batch = torch.randn(2, 3, 64, 64)
    with torch.inference_mode():
        assert torch.equal(own(again)(batch), module(batch))


@pytest.mark.parametrize(
    "model",
    [
        "timm/levit_128s.fb_dist_in1k",
        "timm/repvit_m0_9.dist_300e_in1k",
        "timm/deit_tiny_distilled_patch16_224.fb_in1k",
        "torchvision/squeezenet1_1.imagenet1k_v1",
    ],
)
def test_heads_of_several_layers_are_refused(base, model):
    *_, adapter, module = base(model)
    with pytest.raises(UnknownTask, match="linear layer"):
        adapter.trainable(module, SINGLE)


@pytest.mark.parametrize("target", ["single", "multi"])
def test_coloured_squares_are_learnt(base, tmp_path, target):
    names = tuple(COLOURS)
    target = Target(kind=target, labels=names)
    *_, adapter, module = base("timm/test_resnet.r160_in1k")
    folder = coloured_pictures(tmp_path / "pictures", count=4)
    draw = random.Random(0)
    rows = [(path, name) for name in names for path in sorted((folder / name).iterdir())]
    module = adapter.trainable(module, target)
    examples = [adapter.encode(p, n if target.kind == "single" else (n,), target, draw=draw) for p, n in rows]
    losses = learn(adapter, module, examples, target, steps=12, rate=2e-3)
    assert losses[-1] < 0.6 * losses[0]


def test_labels_of_several_are_numbers_for_each(base, photo):
    *_, adapter, _ = base("timm/test_resnet.r160_in1k")
    made = [adapter.encode(photo(), label, MULTI, draw=None)[1].tolist() for label in (("a", "c"), (), ("b",))]
    assert made == [[1, 0, 1], [0, 0, 0], [0, 1, 0]]
    with pytest.raises(BadData, match="'dog' is none"):
        adapter.encode(photo(), "dog", SINGLE, draw=None)
    with pytest.raises(BadData, match="not a picture"):
        adapter.encode(b"no picture", "a", SINGLE, draw=None)


def test_variations_take_their_numbers_from_the_given_generator(base, photo):
    *_, adapter, _ = base("timm/test_resnet.r160_in1k")
    before = torch.get_rng_state()
    one, same, other = (adapter.encode(photo(), "a", SINGLE, draw=random.Random(seed))[0] for seed in (1, 1, 2))
    assert torch.equal(one, same)
    assert not torch.equal(one, other)
    assert torch.equal(torch.get_rng_state(), before)
    plain = [adapter.encode(photo(), "a", SINGLE, draw=None)[0] for _ in range(2)]
    assert torch.equal(*plain)


def test_statistics_are_held_where_little_is_learnt():
    def moved(pictures, learns):
        module = torch.nn.Sequential(torch.nn.BatchNorm2d(3)).train()
        module.requires_grad_(learns)
        hold_statistics(module, pictures)
        module(torch.randn(pictures, 3, 4, 4) + 5)
        return bool(module[0].running_mean.any())

    assert moved(8, learns=True)
    assert not moved(7, learns=True)
    assert not moved(8, learns=False)


def test_several_labels_have_a_probability_each(cards):
    config = {**cards["timm/resnet10t.c3_in1k"].config, **MULTI.config}
    card = cards["timm/resnet10t.c3_in1k"].replace(config=config)
    runner = ImageClassification(Checkpoint(card=card, path=None, revision="0" * 64))
    shares = runner.forward(lambda batch: batch, torch.tensor([[0.0, 2.0, 1.0]]), ClassificationOptions())
    (result,) = runner.finish(shares, [None], ClassificationOptions(top_k=1))
    assert [label.label for label in result.labels] == ["b", "c", "a"]
    assert [label.score for label in result.labels] == pytest.approx([0.8808, 0.7311, 0.5], abs=1e-4)


def test_more_labels_than_there_are_gives_all(cards):
    card = cards["timm/resnet10t.c3_in1k"].replace(config={**SINGLE.config})
    runner = ImageClassification(Checkpoint(card=card, path=None, revision="0" * 64))
    options = ClassificationOptions(top_k=99)
    shares = runner.forward(lambda batch: batch, torch.tensor([[0.0, 2.0, 1.0]]), options)
    (result,) = runner.finish(shares, [None], options)
    assert [label.label for label in result.labels] == ["b", "c", "a"]
    assert sum(label.score for label in result.labels) == pytest.approx(1)


SMALL = {
    "hidden_size": 16,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "intermediate_size": 32,
    "image_size": 32,
    "patch_size": 8,
}
STAGES = {"hidden_sizes": [4, 8, 12, 16], "depths": [1, 1, 1, 1]}
HUB = [
    ("ViTForImageClassification", "ViTConfig", SMALL),
    ("ViTModel", "ViTConfig", SMALL),
    ("DeiTForImageClassification", "DeiTConfig", SMALL),
    ("BeitForImageClassification", "BeitConfig", SMALL),
    ("ConvNextForImageClassification", "ConvNextConfig", STAGES),
    ("ConvNextModel", "ConvNextConfig", STAGES),
    ("Dinov2Model", "Dinov2Config", SMALL),
]


@pytest.fixture
def hub(load, tmp_path):
    """`hub(architecture, configuration, sizes)`: adapter and module of a folder that transformers wrote."""

    def make(architecture, configuration, sizes):
        torch.manual_seed(0)
        folder = tmp_path / "base"
        module = getattr(transformers, architecture)(getattr(transformers, configuration)(**sizes))
        module.eval().save_pretrained(folder)
        transformers.ViTImageProcessor(size={"height": 32, "width": 32}).save_pretrained(folder)
        card = next(card for card in transformers_cards() if card.task == "image-classification")
        checkpoint = Checkpoint(card=card.replace(architecture=architecture, config={}), path=folder, revision="0" * 64)
        return TransformersClassifier(checkpoint), own(load(TransformersVisionLoader(), checkpoint))

    return make


@pytest.mark.parametrize(("architecture", "configuration", "sizes"), HUB)
def test_transformers_classifiers_are_trained(
    hub, load, write_head, photo, tmp_path, architecture, configuration, sizes
):
    adapter, module = hub(architecture, configuration, sizes)
    batch = torch.randn(2, 3, 32, 32)
    with torch.inference_mode():
        features = adapter.features(module, batch)
    head = adapter.head(torch.randn(3, features.shape[1]), torch.randn(3), MULTI)

    module = adapter.trainable(module, MULTI)
    labels = [("a",), (), ("b", "c")]
    examples = [adapter.encode(photo(seed=i), labels[i], MULTI, draw=random.Random(i)) for i in range(3)]
    learn(adapter, module, examples, MULTI)
    assert list(adapter.layers(module)[-1]) == ["classifier"]
    assert len(adapter.layers(module)) > 3
    assert adapter.lora(module)
    folder = tmp_path / "new"
    folder.mkdir()
    trained = adapter.save(module, MULTI, folder, method="full")
    assert set(trained.files) == {"model.safetensors", "config.json"}
    card = changed(adapter.checkpoint.card, trained).replace(task="image-classification", tasks=())
    tuned = Checkpoint(card=card, path=folder, revision="1" * 64)
    with torch.inference_mode():
        expected = module(pixel_values=batch).logits
        assert torch.equal(own(load(TransformersVisionLoader(), tuned))(pixel_values=batch).logits, expected)
        plain = transformers.AutoModelForImageClassification.from_pretrained(folder).eval()
        torch.testing.assert_close(plain(pixel_values=batch).logits, expected)
        assert plain.config.id2label == {0: "a", 1: "b", 2: "c"}

    runner = TransformersClassification(tuned)
    shares = runner.forward(module, batch, ClassificationOptions())
    (result, _) = runner.finish(shares.detach(), [None, None], ClassificationOptions(top_k=1))
    assert {label.label for label in result.labels} == {"a", "b", "c"}

    probed = write_head(adapter.checkpoint, head)
    with torch.inference_mode():
        given = load(TransformersVisionLoader(), probed)(pixel_values=batch).logits
    name = adapter.place
    wanted = features @ head.tensors[f"{name}.weight"].T + head.tensors[f"{name}.bias"]
    torch.testing.assert_close(given, wanted, rtol=1e-4, atol=1e-4)


@pytest.fixture
def write_head():
    """`write_head(checkpoint, head)`: the checkpoint with a new head beside its files."""

    def make(checkpoint, head):
        from safetensors.torch import save_file

        save_file(dict(head.tensors), checkpoint.path / "head.safetensors")
        config = {**checkpoint.card.config, **head.config}
        card = checkpoint.card.replace(task="image-classification", tasks=(), config=config)
        return Checkpoint(card=card, path=checkpoint.path, revision="2" * 64)

    return make


def test_transformers_heads_of_two_layers_are_refused(hub):
    adapter, module = hub("DeiTForImageClassificationWithTeacher", "DeiTConfig", SMALL)
    with pytest.raises(UnknownTask, match="linear layer"):
        adapter.features(module, torch.zeros(1, 3, 32, 32))


def test_architectures_without_a_classifier_are_refused(hub):
    sizes = {**SMALL, "num_hidden_layers": 1}
    adapter, module = hub("DINOv3ViTModel", "DINOv3ViTConfig", sizes)
    with pytest.raises(UnknownTask, match="dinov3_vit"):
        adapter.trainable(module, SINGLE)
