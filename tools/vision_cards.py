"""Write the vision plugin's card tables from the installed timm and torchvision, without the network.

    python tools/vision_cards.py            # rewrites plugins/zoo-vision/zoo_vision/data/*
    python tools/vision_cards.py --check    # exits with 1 when the committed tables differ
    python tools/vision_cards.py --results results-imagenet.csv --commit SHA   # takes over newer ImageNet scores first

The same libraries give the same bytes. Every architecture is built on the meta device and run there once at each input
size, in two processes. timm's packages hold no accuracies: they come from `results/results-imagenet.csv` of timm's
repository, kept beside the tables with the commit that it was taken from.
"""

from __future__ import annotations

import argparse
import csv
import gzip
import io
import sys
import warnings
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from vision_timm import timm_rows
from vision_torchvision import label_files, torchvision_rows

from zoo.cards import canonical_json

DATA = Path(__file__).parents[1] / "plugins/zoo-vision/zoo_vision/data"
SCORES = "timm-imagenet.csv"
DEVIATION = 0.02


def packed(rows: Iterable[dict[str, Any]]) -> bytes:
    """Rows as JSON lines, gzipped without a time stamp so that equal rows give equal bytes."""
    text = "".join(f"{canonical_json(row)}\n" for row in rows)
    stream = io.BytesIO()
    with gzip.GzipFile(filename="", fileobj=stream, mode="wb", compresslevel=9, mtime=0) as file:
        file.write(text.encode())
    return stream.getvalue()


def taken_over(results: Path, commit: str) -> bytes:
    """timm's file of ImageNet results, cut down to names, sizes and scores, sorted, with its origin on top."""
    with results.open(encoding="utf-8", newline="") as file:
        rows = sorted((row["model"], int(row["img_size"]), row["top1"], row["top5"]) for row in csv.DictReader(file))
    stream = io.StringIO()
    stream.write(f"# github.com/huggingface/pytorch-image-models, commit {commit},\n")
    stream.write("# results/results-imagenet.csv without its other columns, sorted; Apache-2.0, Ross Wightman\n")
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(["model", "img_size", "top1", "top5"])
    writer.writerows(rows)
    return stream.getvalue().encode()


def deviations(rows: Iterable[dict[str, Any]]) -> list[str]:
    """Where the multiply-accumulates counted here and torchvision's published GFLOPs differ by more than 2 %."""
    found = []
    for row in rows:
        counted, published = row.get("macs", 0) / 1e9, row["gflops"]
        if counted and abs(counted - published) > DEVIATION * published + 0.0005:
            name = f"{row['architecture']}.{row['weights']}"
            found.append(
                f"{name}: counted {counted:.3f} G, torchvision says {published} ({counted / published - 1:+.1%})"
            )
    return found


def main() -> int:
    """Write or check the tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--check", action="store_true", help="compare with the committed tables, write nothing")
    parser.add_argument("--results", type=Path, help="a newer results-imagenet.csv of timm's repository")
    parser.add_argument("--commit", help="the commit that it was taken from")
    given = parser.parse_args()
    if given.results:
        if not given.commit:
            parser.error("--results needs --commit")
        (DATA / SCORES).write_bytes(taken_over(given.results, given.commit))
    warnings.simplefilter("ignore")
    made = label_files()
    timms = list(timm_rows(DATA / SCORES))
    torchvisions = list(torchvision_rows({row["name"].partition(".")[0] for row in timms}))
    made |= {"timm.jsonl.gz": packed(timms), "torchvision.jsonl.gz": packed(torchvisions)}
    print("\n".join(deviations(torchvisions)))
    stale = [name for name, data in made.items() if not _same(DATA / name, data)]
    for name in [] if given.check else stale:
        (DATA / name).write_bytes(made[name])
    print(f"{'stale' if given.check else 'written'}: {', '.join(stale) or 'nothing'}")
    return int(given.check and bool(stale))


def _same(path: Path, data: bytes) -> bool:
    """Equal content; compressed tables are compared unpacked, as zlib's versions pack differently."""
    if not path.is_file():
        return False
    unpack = gzip.decompress if path.suffix == ".gz" else bytes
    return unpack(path.read_bytes()) == unpack(data)


if __name__ == "__main__":
    sys.exit(main())
