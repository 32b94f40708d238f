"""How fast are models found among ten thousand, a hundred thousand and a million, and how fast do they come in?

Catalogs of synthetic cards are built in a temporary folder: the real cards' tasks, licences, sizes, languages and
metrics, under names as people give them (owners, fine-tuned, quantised and dated copies). Everything is drawn from one
seed. Printed are per size: cards imported in a second, the size of the database, and the latency of 200 mixed queries,
each run three times in a warm process (all are measured, and the first of each alone too), and of the command itself.
As a peer, measured in the same run: a plain FTS5 table over the same names, ordered by bm25.

    python benchmarks/search.py                       three sizes up to a million: 10 minutes, 8 GB of disk
    python benchmarks/search.py --sizes 10000,50000   others
"""

from __future__ import annotations

import argparse
import json
import os
import random
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from zoo.catalog import hot
from zoo.catalog.catalog import Catalog
from zoo.catalog.shipped import packed

SIZES = (10_000, 100_000, 1_000_000)
ROUNDS = 3
COLD_ROUNDS = 7
AIMS = {"p50": 5.0, "p95": 30.0, "import": 20_000.0, "cold": 150.0}
ZOO = [sys.executable, "-m", "zoo"]

# fmt: off
SUFFIXES = (
    "finetuned", "lora", "qlora", "gguf", "awq", "gptq", "int8", "int4", "fp16", "onnx", "distilled", "merged",
    "instruct", "chat", "base", "large", "small", "german", "french", "spanish", "chinese", "japanese", "korean",
    "arabic", "medical", "legal", "finance", "biomedical", "clinical", "code", "math", "food101", "cars", "birds",
    "flowers", "pets", "cifar10", "emotion", "sentiment", "ner", "squad", "squad2", "mnli", "sst2", "imdb", "toxicity",
    "hate", "news", "reviews", "summaries", "translation", "v1", "v2", "v3", "v4", "2022", "2023", "2024", "2025",
    "q4", "q5", "q8", "384", "512", "640", "epoch3", "epoch10", "seed42", "test", "demo", "final", "best",
)
PLACES = ("lab", "labs", "ai", "research", "nlp", "vision", "team", "group", "studio", "works", "data", "hub", "inc")
SYLLABLES = (
    "ka", "ri", "to", "mi", "na", "lo", "su", "ve", "da", "ze", "pa", "ni", "ru", "go", "ha", "be", "ti", "mo", "la",
)
# fmt: on
YEARS = tuple(range(2017, 2026))


def shipped_cards() -> list[dict[str, Any]]:
    """The real cards, as plain data, by id."""
    path = packed()
    if path is None:
        raise SystemExit("there is no registry.db: run `make registry` first")
    with sqlite3.connect(f"file:{path}?mode=ro", uri=True) as connection:
        return [
            json.loads(text)
            for (text,) in connection.execute("SELECT text FROM card JOIN model ON key = model ORDER BY id")
        ]


def synthetic(count: int) -> Iterator[bytes]:
    """Cards derived from the real ones, which the catalog holds already, as JSON lines."""
    real = shipped_cards()
    rng = random.Random(20261121)
    owners = [_owner(rng, n) for n in range(max(50, count // 12))]
    seen = {card["id"].lower() for card in real}
    for _ in range(count - len(real)):
        card = _derived(rng, real, owners)
        again = 2
        while card["id"].lower() in seen:  # somebody's second try
            card["id"] = f"{card['id'].partition('-try')[0]}-try{again}"
            again += 1
        seen.add(card["id"].lower())
        yield json.dumps(card).encode()


def _owner(rng: random.Random, number: int) -> str:
    name = "".join(rng.choices(SYLLABLES, k=rng.randint(2, 4)))
    return f"{name}-{rng.choice(PLACES)}" if rng.random() < 0.3 else f"{name}{number % 1000}"


def _derived(rng: random.Random, real: list[dict[str, Any]], owners: list[str]) -> dict[str, Any]:
    """A card such as somebody publishes who took a model and went on from there."""
    base = real[int(len(real) * rng.random() ** 2)]  # few models are taken by many
    owner = owners[int(len(owners) * rng.random() ** 3)]
    name = base["id"].rpartition("/")[2]
    parts = rng.sample(SUFFIXES, k=rng.choice((1, 1, 2, 2, 3)))
    made = {key: value for key, value in base.items() if key not in {"aliases", "files", "deprecated", "replaced_by"}}
    made |= {
        "id": f"{owner}/{'-'.join([name[:50], *parts])}",
        "base": base["id"],
        "published": f"{rng.choice(YEARS)}-{rng.randint(1, 12):02}",
        "downloads": int(10 ** rng.expovariate(0.8)) % 50_000_000,
        "summary": f"{base.get('summary', '')} Made from {base['id']} for {' '.join(parts)}.",
        "tags": sorted({*base.get("tags", ()), *parts} - {"default", "popular"}),
        "sources": [{"uri": f"hf:{owner}/{name}"}],
    }
    if "parameters" in made:
        made["parameters"] = int(made["parameters"] * rng.choice((1, 1, 1, 0.25, 0.5, 1.01, 2)))
    if "metrics" in made:
        made["metrics"] = [{**m, "value": round(m["value"] * rng.uniform(0.85, 1.02), 3)} for m in made["metrics"]]
    if rng.random() < 0.3:
        made["licence"] = {"weights": rng.choice(("MIT", "Apache-2.0", "CC-BY-NC-4.0", "not stated", "GPL-3.0-only"))}
    return made


QUERIES: dict[str, list[str]] = {
    "word": [
        "resnet", "bert", "vit", "whisper", "gpt2", "mobilenet", "efficientnet", "roberta", "convnext", "clip",
        "swin", "yolo", "t5", "llama", "distilbert", "wav2vec2", "unet", "deit", "detr", "electra", "albert",
        "mistral", "segformer", "xception", "densenet", "vgg", "nfnet",
    ],
    "while typing": ["r", "re", "res", "resn", "b", "be", "di", "dist", "effic", "mobi", "whis", "tr", "a", "x", "9"],
    "name": [
        "resnet50", "resnet-50", "bert-base-uncased", "google-bert/bert-base-uncased", "gpt-2", "vit_base_patch16_224",
        "timm/resnet50.a1_in1k", "mobilenetv2_100", "all-MiniLM-L6-v2", "whisper-base", "openai/whisper-tiny",
        "efficientnet_b0", "convnext_tiny", "swin_base_patch4_window7_224", "roberta-large", "faster rcnn",
        "detr-resnet-50", "facebook/wav2vec2-base-960h", "distilbert base", "deit tiny",
    ],
    "words": [
        "vit base patch16", "resnet lora german", "bert finetuned sentiment", "whisper medical", "gpt2 chat merged",
        "50 resnet", "mobilenet int8 onnx", "distilled bert ner", "swin 384", "convnext food101", "roberta squad2 2024",
        "clip large", "wav2vec2 german", "t5 summaries", "efficientnet gguf", "base large small", "v2 2023",
        "image classification cars", "speech recognition french", "deit distilled birds", "bert imdb reviews",
        "vit lora", "resnet cifar10 best", "detr demo", "legal bert", "biomedical ner", "qlora instruct",
        "code chat", "emotion", "flowers pets",
    ],
    "meaning": [
        "speech to text", "sentiment", "object detector", "sentence embeddings", "question answering", "ner",
        "translate english to german", "depth estimation", "image classifier", "summarise", "text to speech", "vqa",
    ],
    "fields": [
        "task:image-classification", "library:timm", "licence:permissive", "lang:de", "dataset:imagenet-1k",
        "tag:lora", "owner:timm", "family:resnet", "task:translation lang:fr", "licence:mit library:transformers",
        "licence:non-commercial task:image-segmentation", "resnet library:timm", "bert lang:en licence:apache",
        "vit dataset:imagenet licence:permissive", "arch:resnet50", "tag:gguf tag:q4", "lang:de lang:fr task:fill-mask",
        "loader:transformers task:text-generation", "base:google-bert/bert-base-uncased", "owner:google",
        "task:automatic-speech-recognition lang:de", "dataset:coco", "library:torchvision", "feed:bench",
        "task:object-detection licence:permissive",
    ],
    "ranges": [
        "params<5M", "params<30M top1>80", "resnet params<30M",
        "task:image-classification params<6M top1>75 licence:permissive",
        "published>=2024", "downloads>1000", "input>=384 library:timm", "vit params:80M..90M", "bert published<2020",
        "macs<1G top1>75", "size<100MB task:image-classification", "top1>=85", "classes=1000", "params>1B",
        "whisper params<100M", "downloads>100k", "input=224 params<10M", "wer<10", "convnext top1>84 params<100M",
        "published:2023-05", "published>=2023 lang:de", "top5>95 size<50MB",
    ],
    "without": [
        "resnet -timm", "bert -lora -gguf", "vit -licence:permissive", "-task:image-classification", "whisper -lang:de",
        "gpt2 -chat", "licence:permissive -library:timm", "resnet -params>30M", "-resnet -vit -bert",
        "swin -owner:timm",
        "roberta -published<2022", "yolo -tag:onnx",
    ],
    "sorted": [
        "resnet sort:params", "sort:-downloads", "sort:downloads", "vit sort:top1", "bert sort:published",
        "task:image-classification sort:macs", "licence:permissive sort:size", "sort:params", "whisper sort:wer",
        "library:timm sort:top1 params<30M", "published>=2024 sort:downloads", "gpt2 lora sort:-params",
        "task:image-classification top1>80 sort:params", "lang:de sort:downloads",
    ],
    "mistyped": [
        "resnt50", "mobilnet", "wisper", "bret base", "efficentnet", "distilbrt", "robrta", "convnet tiny", "visoin",
        "swni", "hugingface", "resnett lora", "densnet",
    ],
    "inside": ["net50", "lbert", "hisper", "patch14clip", "ormer base", "obile"],
}  # fmt: skip
PAGED = ("resnet", "bert", "vit base", "task:image-classification", "licence:permissive params<30M", "lora")
FACETS = (
    "",
    "vit",
    "resnet lora",
    "task:translation",
    "licence:permissive",
    "params<5M",
    "bert -gguf",
    "whisper german",
)


def workload() -> list[tuple[str, str, Callable[[Path], object]]]:
    """`(kind, query, call)` of 200 requests."""
    made: list[tuple[str, str, Callable[[Path], object]]] = [
        (kind, query, lambda path, q=query: _found(path, q)) for kind, queries in QUERIES.items() for query in queries
    ]
    made += [("page 10", query, lambda path, q=query: hot.search(path, q, offset=200)) for query in PAGED]
    return [*made, *(("facets", query, lambda path, q=query: hot.facets(path, q)) for query in FACETS)]


def _found(path: Path, query: str) -> object:
    """A search, and, where nothing fits, the nearest names: what the command does."""
    found = hot.search(path, query)
    return found if found.rows else hot.near(path, query)


def quantile(values: list[float], part: float) -> float:
    """The value below which this part of the values is."""
    return sorted(values)[min(len(values) - 1, int(part * len(values)))]


def measure(path: Path) -> tuple[list[float], list[tuple[float, str, str]], list[float]]:
    """Milliseconds of all requests in all rounds; per request their median; of the first round alone."""
    requests = workload()
    rounds: list[list[float]] = []
    for _ in range(ROUNDS):
        times = []
        for _, _, call in requests:
            started = time.perf_counter()
            call(path)
            times.append((time.perf_counter() - started) * 1000)
        rounds.append(times)
    each = [
        (statistics.median(times), kind, query)
        for times, (kind, query, _) in zip(zip(*rounds, strict=True), requests, strict=True)
    ]
    return [t for times in rounds for t in times], each, rounds[0]


def cold(home: Path, *words: str) -> float:
    """Milliseconds of `zoo search` as a command, the median of a few runs."""
    env = {**os.environ, "ZOO_HOME": str(home)}
    command = [*ZOO, "search", *words]
    subprocess.run(command, env=env, capture_output=True, check=True)  # brings the catalog up to date
    times = []
    for _ in range(COLD_ROUNDS):
        started = time.perf_counter()
        subprocess.run(command, env=env, capture_output=True, check=True)
        times.append((time.perf_counter() - started) * 1000)
    return statistics.median(times)


def peer(lines: Path, path: Path, folder: Path) -> tuple[float, float]:
    """Milliseconds (median) of plain FTS5 with bm25 over the ids, and of the zoo, for the same words."""
    plain = sqlite3.connect(folder / "plain.db")
    plain.execute("CREATE VIRTUAL TABLE name USING fts5(id)")
    with lines.open("rb") as file:
        plain.executemany("INSERT INTO name VALUES (?)", ((json.loads(line)["id"],) for line in file))
    plain.commit()
    plain.execute("INSERT INTO name(name) VALUES ('optimize')")
    plain.commit()
    words = [query for query in QUERIES["word"] + QUERIES["words"] if query.replace(" ", "").isalnum()]
    theirs, ours = [], []
    for query in words:
        match = " ".join(f'"{word}"*' for word in query.split())
        started = time.perf_counter()
        plain.execute("SELECT id FROM name WHERE name MATCH ? ORDER BY rank LIMIT 20", (match,)).fetchall()
        between = time.perf_counter()
        hot.search(path, query)
        theirs.append((between - started) * 1000)
        ours.append((time.perf_counter() - between) * 1000)
    plain.close()
    return statistics.mean(theirs), statistics.mean(ours)


def flagged(name: str, value: float, *, most: bool = True) -> str:
    """The aim, and whether it is met."""
    aim = AIMS[name]
    met = value <= aim if most else value >= aim
    return f"aim {'<=' if most else '>='} {aim:,.0f}{'' if met else '  MISSED'}"


def run(size: int, folder: Path, *, slowest: int) -> None:
    """Build one catalog, and print what was measured."""
    lines, path = folder / "cards.jsonl", folder / "registry.db"
    with lines.open("wb") as file:
        file.writelines(line + b"\n" for line in synthetic(size))
    with Catalog(path) as catalog, lines.open("rb") as file:
        started, used = time.perf_counter(), os.times()
        report = catalog.import_lines("bench", "user", "1", file)
        seconds, after = time.perf_counter() - started, os.times()
    rate = report.added / seconds
    busy = sum(after[:4]) - sum(used[:4])
    print(f"\n{size:,} cards ({lines.stat().st_size / 1e6:,.0f} MB of JSON lines)")
    aim = flagged("import", rate, most=False) if size >= 1_000_000 else ""
    print(f"  import    {rate:10,.0f} cards/s   {seconds:.1f} s, {busy:.1f} s of processor time   {aim}")
    print(f"  database  {path.stat().st_size / 1e6:10,.0f} MB")
    times, each, first = measure(path)
    for name, part in (("p50", 0.5), ("p95", 0.95), ("p99", 0.99)):
        aim = flagged(name, quantile(times, part)) if name in AIMS else ""
        print(f"  {name}       {quantile(times, part):10.2f} ms   first time {quantile(first, part):.2f} ms   {aim}")
    for kind in dict.fromkeys(kind for _, kind, _ in each):
        mine = [t for t, k, _ in each if k == kind]
        middle, most = statistics.median(mine), max(mine)
        print(f"    {kind:<13} {len(mine):3} queries   median {middle:7.2f} ms   most {most:7.2f} ms")
    print(
        "  slowest:",
        "; ".join(f"{t:.1f} ms {query!r} ({kind})" for t, kind, query in sorted(each, reverse=True)[:slowest]),
    )
    theirs, ours = peer(lines, path, folder)
    print(f"  plain FTS5 by bm25, ids alone: {theirs:.1f} ms on average; the zoo, with facts and total: {ours:.1f} ms")
    print(f"    that is {theirs / ours:.2f} times as fast")
    print(f"  zoo search resnet, the whole command: {cold_of(path, folder):.0f} ms")


def cold_of(path: Path, folder: Path) -> float:
    """The command on this catalog, as the home's own."""
    home = folder / "home"
    home.mkdir()
    path.rename(home / "registry.db")
    return cold(home, "resnet")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sizes", default=",".join(map(str, SIZES)), help="numbers of cards, with commas")
    parser.add_argument("--folder", type=Path, help="where the catalogs are built; a temporary folder by default")
    parser.add_argument("--slowest", type=int, default=8, help="how many of the slowest queries are named")
    given = parser.parse_args()
    print(f"{len(workload())} queries, {ROUNDS} rounds, {os.cpu_count()} processors, SQLite {sqlite3.sqlite_version}")
    with tempfile.TemporaryDirectory(dir=given.folder) as folder:
        home = Path(folder) / "shipped"
        milliseconds = cold(home, "resnet")
        print(
            f"zoo search resnet with the shipped catalog, cold: {milliseconds:.0f} ms   {flagged('cold', milliseconds)}"
        )
        for size in (int(text) for text in given.sizes.split(",")):
            place = Path(folder) / str(size)
            place.mkdir()
            run(size, place, slowest=given.slowest)


if __name__ == "__main__":
    main()
