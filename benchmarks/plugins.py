"""What do plugins cost a search? Aim: five of them add less than 10 ms, and none of their modules is imported.

Two environments that differ by five plugins only, each plugin with cards, a loader, a runner and an adapter, written as
pip would have installed them. In turns, `zoo search resnet` is run as a command of its own in the one and in the other,
in homes that are in step. Printed are the medians, the median of the differences of each turn, and what of the plugins'
was imported.

    python benchmarks/plugins.py            40 turns: 20 seconds
    python benchmarks/plugins.py --turns N  another number
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

AIM = 10.0  # ms
COUNT = 5
CARDS = 20

MODULE = '''
"""Plugin {number}."""

from zoo.cards import Licence, ModelCard, Source
from zoo.plugin import hookimpl

zoo_api = 1


@hookimpl
def zoo_cards():
    for number in range({cards}):
        yield ModelCard(
            id=f"bench{number}/resnet-{{number}}",
            task="image-classification",
            library="bench",
            loader="bench{number}",
            architecture="resnet",
            licence=Licence(weights="MIT", source="this benchmark"),
            sources=(Source(uri=f"https://example.org/{number}/{{number}}.safetensors"),),
        )


@hookimpl
def zoo_loaders():
    return {{"bench{number}": "zoo_bench{number}.loading:BenchLoader"}}


@hookimpl
def zoo_runners():
    return {{("bench{number}", "image-classification"): "zoo_bench{number}.loading:BenchRunner"}}


@hookimpl
def zoo_finetuners():
    return {{("bench{number}", "image-classification"): "zoo_bench{number}.loading:BenchTuner"}}
'''

# Run in place of `zoo`: the same, and at its end what was imported of the plugins.
WATCHED = """
import sys
sys.argv = ["zoo", "search", "resnet", "--limit", "20"]
from zoo.cli import main
try:
    main()
finally:
    print("imported:", *sorted(name for name in sys.modules if name.startswith("zoo_")), file=sys.stderr)
"""


def install(site: Path) -> None:
    """Write the plugins into a site folder as pip leaves them."""
    for number in range(COUNT):
        package = site / f"zoo_bench{number}"
        package.mkdir(parents=True)
        (package / "__init__.py").write_text(MODULE.format(number=number, cards=CARDS))
        (package / "loading.py").write_text("import torch\n")
        info = site / f"zoo_bench{number}-1.0.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: zoo-bench{number}\nVersion: 1.0\n")
        (info / "entry_points.txt").write_text(f"[zoo]\nzoo-bench{number} = zoo_bench{number}\n")
        names = (f"{package.name}/__init__.py", f"{package.name}/loading.py", f"{info.name}/METADATA")
        (info / "RECORD").write_text("".join(f"{name},,\n" for name in names))


def environment(folder: Path) -> dict[str, str]:
    """A home of its own, and the site folder on the search path."""
    made = {key: value for key, value in os.environ.items() if not key.startswith("ZOO_")}
    return made | {
        "ZOO_HOME": str(folder / "home"),
        "XDG_CACHE_HOME": str(folder / "cache"),
        "PYTHONPATH": str(folder / "site-packages"),
        "ZOO_OFFLINE": "1",
    }


def search(env: dict[str, str]) -> tuple[float, str]:
    """Milliseconds of one `zoo search` and what it prints."""
    start = time.perf_counter()
    command = [sys.executable, "-m", "zoo", "search", "resnet", "--limit", "20"]
    done = subprocess.run(command, env=env, capture_output=True, text=True, check=True)
    return (time.perf_counter() - start) * 1000, done.stdout


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--turns", type=int, default=40)
    turns = parser.parse_args().turns
    with tempfile.TemporaryDirectory(prefix="zoo-bench-") as name:
        without, having = Path(name, "without"), Path(name, "having")
        (without / "site-packages").mkdir(parents=True)
        install(having / "site-packages")
        envs = environment(without), environment(having)
        shown = [search(env)[1] for env in envs]  # brings both homes in step
        if not any(f"bench{COUNT - 1}/resnet" in text for text in (shown[1], *_all(envs[1]))):
            raise SystemExit(f"the plugins' models are not found:\n{shown[1]}")
        taken: tuple[list[float], list[float]] = ([], [])
        for turn in range(turns):
            for which in (0, 1) if turn % 2 else (1, 0):
                taken[which].append(search(envs[which])[0])
        watched = subprocess.run(
            [sys.executable, "-c", WATCHED], env=envs[1], capture_output=True, text=True, check=True
        )
    plain, more = map(statistics.median, taken)
    added = statistics.median(b - a for a, b in zip(*taken, strict=True))
    verdict = "met" if added < AIM else "MISSED"
    print(f"zoo search without them {plain:.1f} ms, with {COUNT} plugins {more:.1f} ms: {more / plain:.3f} x")
    print(f"five plugins add {added:+.1f} ms  (aim: less than {AIM:.0f} ms: {verdict})")
    imported = watched.stderr.partition("imported:")[2].strip()
    print(f"plugins' modules imported by it: {imported or 'none'}  (aim: none)")


def _all(env: dict[str, str]) -> list[str]:
    command = [sys.executable, "-m", "zoo", "search", f"owner:bench{COUNT - 1}"]
    return [subprocess.run(command, env=env, capture_output=True, text=True, check=True).stdout]


if __name__ == "__main__":
    main()
