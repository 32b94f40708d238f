"""Is detection through the zoo as fast, and the same, as OpenCV's dnn on the same file?

The detector is the zoo's SSD MobileNet v2, whose file is TensorFlow's frozen graph; OpenCV reads the same graph, by
the description that lies beside it. Pictures are JPEG files of mixed sizes made from scikit-image's photographs. Both
read the files, scale them alike (by the zoo's `resize`, which is TensorFlow's), and give boxes of score .3 and more;
they run in turn, in the same process, with the same number of threads. Printed are pictures a second, the ratio, how
many boxes have a counterpart of the same class, the least and mean overlap of such pairs, and the largest difference of
scores.

OpenCV is given one picture at a time, and eight, and its best counts. Needs the package registry, or a model that was
pulled before: `--home FOLDER`. `--quick` takes a tenth of the pictures.
"""

from __future__ import annotations

import argparse
import os
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

MODEL = "ssd_mobilenet_v2_coco"
SIZES = (320, 480, 640, 960)
BATCHES = (1, 8)
PARTS = 6
THRESHOLD = 0.3
AIM_SPEED, AIM_IOU, AIM_SCORE = 1.0, 0.9, 0.02

Rows = list[tuple[int, float, tuple[float, ...]]]


def make_pictures(folder: Path, count: int) -> list[Path]:
    """JPEG files: crops of real photographs in several sizes."""
    from PIL import Image
    from skimage import data

    chance = random.Random(0)
    photos = [Image.fromarray(pixels) for pixels in (data.astronaut(), data.chelsea(), data.coffee(), data.rocket())]
    made = []
    for number in range(count):
        photo = photos[number % len(photos)]
        part = chance.uniform(0.7, 1.0)
        width, height = int(photo.width * part), int(photo.height * part)
        left, top = chance.randint(0, photo.width - width), chance.randint(0, photo.height - height)
        side = chance.choice(SIZES)
        path = folder / f"{number:05}.jpg"
        cut = photo.crop((left, top, left + width, top + height)).resize((side, max(1, side * height // width)))
        cut.save(path, quality=90)
        made.append(path)
    return made


def with_opencv(net: Any, paths: Sequence[Path], batch: int) -> list[Rows]:
    """OpenCV's boxes of each picture, in pixels."""
    import numpy as np
    from zoo_detection.runner import resize

    from zoo.data import read_image

    made: list[Rows] = []
    for start in range(0, len(paths), batch):
        images = [read_image(path) for path in paths[start : start + batch]]
        pixels = np.stack([resize(image, 300).transpose(2, 0, 1) for image in images])
        net.setInput(np.ascontiguousarray(pixels))
        found: list[Rows] = [[] for _ in images]
        for picture, kind, score, *corners in net.forward()[0, 0].tolist():
            if score >= THRESHOLD:
                width, height = images[int(picture)].size
                sizes = zip(corners, (width, height, width, height), strict=True)
                found[int(picture)].append((int(kind), score, tuple(min(max(c, 0), 1) * side for c, side in sizes)))
        made += found
    return made


def with_zoo(model: Any, paths: Sequence[Path]) -> list[Rows]:
    """The zoo's boxes of each picture."""
    found = model.predict(list(paths), threshold=THRESHOLD)
    return [[(box.category, box.score, box.box) for box in result.boxes] for result in found]


def overlap(a: Sequence[float], b: Sequence[float]) -> float:
    """Intersection over union of two boxes by their corners."""
    inner = max(0, min(a[2], b[2]) - max(a[0], b[0])) * max(0, min(a[3], b[3]) - max(a[1], b[1]))
    areas = [(x[2] - x[0]) * (x[3] - x[1]) for x in (a, b)]
    return inner / max(sum(areas) - inner, 1e-9)


def pairs(ours: Rows, theirs: Rows) -> Iterator[tuple[float, float]]:
    """Overlap and difference of the scores of each of our boxes and its nearest counterpart of the same class."""
    for kind, score, box in ours:
        same = [(overlap(box, other), abs(score - s)) for k, s, other in theirs if k == kind]
        if same:
            yield max(same)


def seconds(work: Callable[[], Any]) -> tuple[float, Any]:
    """Wall time of one call, and what it gave."""
    started = time.perf_counter()
    made = work()
    return time.perf_counter() - started, made


def judged(text: str, met: bool, aim: str) -> list[str]:
    """Print one line with its aim; what was missed comes back."""
    print(f"  {text}  (aim: {aim}{'' if met else ', MISSED'})", flush=True)
    return [] if met else [text]


def compare(model: Any, net: Any, paths: Sequence[Path]) -> list[str]:
    """Speed in turns on parts of the pictures, then how far the boxes agree; what was missed."""
    with_zoo(model, paths[:64])  # the engine finds its batch on the first ones
    best = min(BATCHES, key=lambda batch: seconds(lambda: with_opencv(net, paths[:32], batch))[0])
    ratios, total, ours, theirs = [], [0.0, 0.0], [], []
    for number in range(PARTS):
        part = paths[number::PARTS]
        works = [lambda p=part: with_zoo(model, p), lambda p=part: with_opencv(net, p, best)]
        turn = [0, 1] if number % 2 == 0 else [1, 0]
        found = {which: seconds(works[which]) for which in turn}
        ratios.append(found[1][0] / found[0][0])
        total = [total[which] + found[which][0] for which in (0, 1)]
        ours += found[0][1]
        theirs += found[1][1]
    speeds = [len(paths) / one for one in total]
    print(f"  zoo {speeds[0]:.1f}/s (batch {model.engine.batch}), OpenCV {speeds[1]:.1f}/s (batch {best})")
    ratio = statistics.median(ratios)
    missed = judged(f"{ratio:.2f} x OpenCV's dnn", ratio >= AIM_SPEED, f"{AIM_SPEED}")
    return missed + agreement(ours, theirs)


def agreement(ours: Sequence[Rows], theirs: Sequence[Rows]) -> list[str]:
    """How far two lists of results are the same."""
    met = [pair for one, other in zip(ours, theirs, strict=True) for pair in pairs(one, other)]
    counts = [sum(len(rows) for rows in side) for side in (ours, theirs)]
    print(f"  {counts[0]} boxes of the zoo, {counts[1]} of OpenCV, {len(met)} of the zoo's with a counterpart")
    overlaps, apart = [pair[0] for pair in met], max(pair[1] for pair in met)
    text = f"overlap {min(overlaps):.4f} at least, {statistics.mean(overlaps):.4f} in the mean"
    missed = judged(text, min(overlaps) >= AIM_IOU, f"{AIM_IOU} at least")
    return missed + judged(f"scores differ by {apart:.1e} at most", apart <= AIM_SCORE, f"at most {AIM_SCORE}")


def measure(count: int) -> list[str]:
    """Everything, and what was missed."""
    import cv2
    import torch

    import zoo
    from zoo.errors import ZooError

    cv2.setNumThreads(torch.get_num_threads())
    load = os.getloadavg()[0]
    print(f"torch {torch.__version__}, OpenCV {cv2.__version__}, {torch.get_num_threads()} threads; load {load:.1f}")
    try:
        model = zoo.load(MODEL)
    except ZooError as error:
        sys.exit(f"detect: not measured: {error.cause} {error.remedy}")
    checkpoint = model.engine.runner.checkpoint
    net = cv2.dnn.readNetFromTensorflow(
        str(checkpoint.file("frozen_inference_graph.pb")),
        str(checkpoint.file("ssd_mobilenet_v2_coco_2018_03_29.pbtxt")),
    )
    with model, tempfile.TemporaryDirectory() as folder:
        paths = make_pictures(Path(folder), count)
        print(f"{MODEL}, {count} pictures")
        return compare(model, net, paths)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="a tenth of the pictures")
    parser.add_argument("--home", type=Path, help="a zoo's folder, kept; a temporary one otherwise")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        os.environ["ZOO_HOME"] = str(given.home or temporary)
        missed = measure(60 if given.quick else 600)
    print(f"{len(missed)} aims missed" if missed else "all aims met")


if __name__ == "__main__":
    main()
