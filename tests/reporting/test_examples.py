from __future__ import annotations

import base64
import io
import json
from pathlib import Path

import numpy as np
from PIL import Image

from zoo.data import Split
from zoo.reporting import worst_examples


def opened(uri: str) -> Image.Image:
    head, _, data = uri.partition(",")
    assert head == "data:image/jpeg;base64"
    return Image.open(io.BytesIO(base64.b64decode(data)))


def rows(count: int, **changes):
    return [
        {"index": i, "row": f"r{i}", "truth": "a", "predicted": "b", "confidence": 0.9, **changes} for i in range(count)
    ]


def test_pictures_are_small_jpegs(tmp_path: Path):
    path = tmp_path / "big.png"
    Image.new("RGBA", (640, 320), (200, 10, 10, 255)).save(path)
    split = Split(inputs=(path, path.read_bytes()), labels=("a", "a"))
    made = worst_examples(rows(2), split, "image")
    for example in made:
        image = opened(example["picture"])
        assert (image.format, image.size) == ("JPEG", (160, 80))
        assert np.abs(np.asarray(image)[40, 80].astype(int) - [200, 10, 10]).max() < 8
    assert json.loads(json.dumps(made)) == made


def test_a_picture_that_is_gone_says_so(tmp_path: Path):
    split = Split(inputs=(tmp_path / "gone.png",), labels=("a",))
    (made,) = worst_examples(rows(1), split, "image")
    assert "picture" not in made and "gone.png" in made["text"]


def test_not_more_than_are_shown_and_only_those_of_the_split():
    split = Split(inputs=("text",) * 40, labels=("a",) * 40)
    assert len(worst_examples(rows(40), split, "text")) == 24
    assert len(worst_examples(rows(40), split, "text", most=3)) == 3
    strange = [{"index": 99}, {"index": -1}, {"index": "0"}, {}]
    assert worst_examples(strange, split, "text") == []


def test_texts_are_cut():
    (made,) = worst_examples(rows(1), Split(inputs=("word " * 1000,), labels=("a",)), "text")
    assert made["text"].endswith("word …") and len(made["text"]) < 610


def test_words_carry_their_tags():
    split = Split(inputs=(("Ada", "sat", "down"),), labels=(("B-PER", "O", "O"),))
    (made,) = worst_examples(rows(1, truth=["B-PER", "O", "O"], predicted=["O", "O"]), split, "text")
    assert made["words"] == [
        {"word": "Ada", "truth": "B-PER", "predicted": "O"},
        {"word": "sat", "truth": "O", "predicted": "O"},
        {"word": "down", "truth": "O", "predicted": None},
    ]


def test_pairs_and_recordings():
    (pair,) = worst_examples(rows(1), Split(inputs=(("one", "two"),), labels=(None,)), "text")
    assert (pair["text"], pair["second"]) == ("one", "two")
    (heard,) = worst_examples(rows(1), Split(inputs=(Path("a/b.wav"),), labels=("x",)), "audio")
    assert heard["name"] == "b.wav"


def test_masks_are_laid_over_the_picture():
    image = Image.new("RGB", (64, 64), (100, 100, 100))
    truth = np.zeros((64, 64), dtype=np.uint8)
    truth[:, 32:] = 1
    asked = []

    def masks(indices):
        asked.extend(indices)
        return [(truth, np.zeros((32, 32), dtype=np.int64)) for _ in indices]

    (made,) = worst_examples(rows(1), Split(inputs=(image,), labels=(truth,)), "image", masks=masks)
    true, predicted = (np.asarray(opened(made[name])).astype(int) for name in ("true_mask", "predicted_mask"))
    assert asked == [0]
    assert np.abs(true[32, 8] - 100).max() < 8 and np.abs(true[32, 56] - [162, 97, 45]).max() < 12
    assert np.abs(predicted - 100).max() < 8
