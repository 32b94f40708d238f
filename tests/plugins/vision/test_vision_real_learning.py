"""Real weights adapted to real pictures, through the adapters."""

from __future__ import annotations

import random

import numpy as np
import pytest
import torch
from PIL import Image
from zoo_vision.adapters.salient import SalientTuner
from zoo_vision.adapters.timm_classifier import TimmClassifier
from zoo_vision.onnx_loader import OnnxEngine
from zoo_vision.runners import ImageClassification
from zoo_vision.segmentation import SalientSegmentation

from zoo.finetuning.probe import fit_probe
from zoo.plugin import Checkpoint, NoOptions, Target

pytestmark = pytest.mark.real

FACES = Target(kind="single", labels=("face", "other"))
NUCLEI = Target(kind="mask", labels=("background", "nucleus"))
STARDIST = "pypi:stardist==0.9.2#stardist/data/images/"


def faces(each):
    """scikit-image's faces and other patches, as many of each for training and for testing."""
    from skimage import data

    pictures = [Image.fromarray((patch * 255).astype(np.uint8)) for patch in data.lfw_subset()]
    rows = [(pictures[i], "face") for i in range(2 * each)] + [(pictures[100 + i], "other") for i in range(2 * each)]
    return rows[::2], rows[1::2]


def checkpoint_of(zoo, name, **config):
    pulled = zoo.pull(name)
    card = pulled.card.replace(config={**pulled.card.config, **config})
    return Checkpoint(card=card, path=pulled.path, revision=pulled.manifest.revision)


def test_mobilenet_learns_faces_from_few_by_probe_and_from_more_by_training(real_zoo):
    checkpoint = checkpoint_of(real_zoo, "mobilenetv2_100", input_size=[3, 64, 64])
    module = real_zoo.load("mobilenetv2_100", device="cpu").module
    adapter, runner = TimmClassifier(checkpoint), ImageClassification(checkpoint)

    few, test = faces(5)
    _, test = faces(20)

    def features(rows):
        with torch.inference_mode():
            return adapter.features(module, runner.collate([runner.prepare(p, None)[0] for p, _ in rows])).numpy()

    probe = fit_probe(features(few), [label for _, label in few])
    right = np.mean([a == b for a, (_, b) in zip(probe.predict(features(test)), test, strict=True)])
    assert right >= 0.8

    torch.manual_seed(0)
    draw, train = random.Random(0), faces(20)[0]
    for tensor in [*module.parameters(), *module.buffers()]:
        tensor.data = tensor.data.clone()
    module = adapter.trainable(module, FACES)
    optimiser = torch.optim.AdamW(module.parameters(), 1e-3)
    for _ in range(4):
        draw.shuffle(train)
        for start in range(0, len(train), 10):
            rows = [adapter.encode(*row, FACES, draw=draw) for row in train[start : start + 10]]
            module.train()
            loss, _ = adapter.loss(module, adapter.batch(rows, FACES), FACES)
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
    module.eval()
    held = adapter.batch([adapter.encode(*row, FACES, draw=None) for row in test], FACES)
    with torch.inference_mode():
        outputs = adapter.loss(module, held, FACES)[1]
    assert (outputs.argmax(1) == held["labels"]).float().mean() >= 0.85


def nuclei(home):
    """stardist's picture of nuclei: tiles of 128 pixels to learn from, and others from a part that is held out."""
    from zoo.cards import ModelCard, WeightFile
    from zoo.errors import SourceError
    from zoo.store import Store

    names = ("img2d.tif", "mask2d.tif")
    card = ModelCard(
        id="data/nuclei",
        task="image-segmentation",
        library="-",
        loader="-",
        architecture="-",
        files=tuple(WeightFile(path=name, origin=(f"{STARDIST}{name}",)) for name in names),
    )
    store = Store(home / "data")
    try:
        folder = store.find(card.id, store.pull(card).revision)
    except SourceError as error:
        pytest.skip(f"the nuclei cannot be fetched: {error.cause}")
    image, mask = (np.asarray(Image.open(folder / name)) for name in names)
    low, high = np.percentile(image, (1, 99.8))
    image = (np.clip((image - low) / (high - low), 0, 1) * 255).astype(np.uint8)
    mask = (mask > 0).astype(np.uint8)

    def tiles(columns):
        cuts = [
            (slice(row, row + 128), slice(column, column + 128)) for row in range(0, 512, 128) for column in columns
        ]
        return [(Image.fromarray(image[cut]), mask[cut]) for cut in cuts]

    return tiles((0, 128, 256)), tiles((384,))


def overlap(checkpoint, path, rows):
    """IoU over all pixels, through the task's runner."""
    runner, engine = SalientSegmentation(checkpoint), OnnxEngine(path, "cpu")
    both = either = 0
    for image, mask in rows:
        examples = runner.prepare(image, NoOptions())
        outputs = runner.forward(engine, runner.collate(examples), NoOptions())
        found = runner.finish(outputs, examples, NoOptions())[0].segments[0].mask >= 0.5
        both += (found & (mask == 1)).sum()
        either += (found | (mask == 1)).sum()
    return both / either


@pytest.mark.serial
def test_u2net_learns_nuclei(real_zoo, tmp_path):
    train, test = nuclei(real_zoo.zoo.home)
    checkpoint = checkpoint_of(real_zoo, "u2netp")
    adapter = SalientTuner(checkpoint)
    before = overlap(checkpoint, checkpoint.path / "u2netp.onnx", test)
    torch.manual_seed(0)
    draw = random.Random(0)
    module = adapter.trainable(None, NUCLEI).train()
    optimiser = torch.optim.AdamW(module.parameters(), 5e-4)
    for _ in range(2):
        draw.shuffle(train)
        for start in range(0, len(train), 2):
            rows = [adapter.encode(*row, NUCLEI, draw=draw) for row in train[start : start + 2]]
            loss, _ = adapter.loss(module, adapter.batch(rows, NUCLEI), NUCLEI)
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
    trained = adapter.save(module.eval(), NUCLEI, tmp_path, method="full")
    card = checkpoint.card.replace(config={**checkpoint.card.config, **trained.config})
    after = overlap(Checkpoint(card=card, path=tmp_path, revision="1" * 64), tmp_path / "u2netp.onnx", test)
    assert after > before + 0.2
