"""Real weights on real pictures, through the public surface."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import load_file
from torchvision import models

pytestmark = pytest.mark.real

ANSWERS = [
    ("mobilenetv2_100", "chelsea", "Egyptian cat", 0.72),
    ("mobilenetv2_100", "coffee", "espresso", 0.99),
    ("tf_efficientnet_lite0", "coffee", "espresso", 0.95),
    ("tf_efficientnet_lite1", "chelsea", "Egyptian cat", 0.43),
    ("tf_efficientnet_lite2", "coffee", "espresso", 0.88),
]


@pytest.mark.parametrize(("model", "name", "label", "score"), ANSWERS)
def test_the_right_answer(real_zoo, picture, model, name, label, score):
    result = real_zoo.load(model).predict(picture(name))
    assert result.label == label
    assert result.score == pytest.approx(score, abs=0.01)
    assert len(result.labels) == 5


def test_equal_to_torchvision_on_the_same_weights(real_zoo, picture):
    model = real_zoo.load("mobilenetv2_100")
    (file,) = real_zoo.pull("mobilenetv2_100").path.glob("*.safetensors")
    wanted = models.mobilenet_v2().eval()
    wanted.load_state_dict(load_file(file))
    transform = models.MobileNet_V2_Weights.IMAGENET1K_V1.transforms()
    batch = transform(Image.open(picture("chelsea")).convert("RGB"))[None]
    with torch.inference_mode():
        scores = wanted(batch).softmax(-1)[0]
        torch.testing.assert_close(model.module(batch).softmax(-1)[0], scores, rtol=1e-5, atol=1e-5)
    best = scores.topk(5)
    given = model.predict(picture("chelsea")).labels
    np.testing.assert_allclose([label.score for label in given], best.values, atol=1e-5)
    names = models.MobileNet_V2_Weights.IMAGENET1K_V1.meta["categories"]
    assert [label.label for label in given] == [names[i] for i in best.indices.tolist()]


def test_embeddings_of_alike_pictures_are_alike(real_zoo, picture):
    model = real_zoo.load("mobilenetv2_100", task="image-feature-extraction")
    mirrored = Image.open(picture("chelsea")).transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    cat, other_cat, coffee = model.predict([picture("chelsea"), mirrored, picture("coffee")])
    assert cat.vector.shape == (1280,)
    assert cat.similarity(other_cat) > 0.9 > cat.similarity(coffee)


def test_the_horse_is_cut_out(real_zoo, picture):
    from skimage import data

    segment = real_zoo.load("u2netp").predict(picture("horse")).segments[0]
    horse = ~data.horse()
    mask = segment.mask >= 0.5
    assert mask.shape == horse.shape
    assert (mask & horse).sum() / (mask | horse).sum() > 0.95
    assert segment.score > 0.9
