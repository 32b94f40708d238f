"""Jobs on the small models; as a script, one training in a process of its own, which may be killed.

    python jobs.py HOME RUN '{"method": "full", …}'

prints what it learnt as JSON, and on the way one line for each step.
"""

from __future__ import annotations

import dataclasses
import json
import os
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from zoo import Zoo
from zoo.data import LabelledData, Split
from zoo.finetuning.job import Job, Learnt, Settings
from zoo.finetuning.training import train
from zoo.plugin import Target

__all__ = ["Jobs", "films", "squares"]

QUICK = {"epochs": 3, "batch": 4, "seed": 3, "save_seconds": 0.0, "learning_rate": 5e-3}
ENDS = ("film", "play", "cat", "dog", "end", "cats", "the end")


def films(count: int = 24, held: int = 8) -> LabelledData:
    """Short judgements of unlike length, which one word decides."""

    def part(first: int, number: int) -> Split:
        rows = range(first, first + number)
        bad = [row % 2 == 1 for row in rows]
        texts = [
            f"{'very ' * (row % 5)}{'bad' if wrong else 'good'} was the {ENDS[row % len(ENDS)]}"
            for row, wrong in zip(rows, bad, strict=True)
        ]
        labels = tuple("negative" if wrong else "positive" for wrong in bad)
        return Split(inputs=tuple(texts), labels=labels, rows=tuple(f"films.csv:{row + 1}" for row in rows))

    return LabelledData(
        name="films",
        task="text-classification",
        kind="single",
        classes=("negative", "positive"),
        train=part(0, count),
        validation=part(count, held) if held else None,
        test=part(count + held, 8),
        fingerprint="films",
    )


def squares(folder: Path) -> LabelledData:
    """Pictures by colour, of which the first two of each are held out."""
    paths = sorted(folder.glob("*/*.png"))

    def part(chosen: list[Path]) -> Split:
        names = tuple(path.parent.name for path in chosen)
        rows = tuple(f"{path.parent.name}/{path.name}" for path in chosen)
        return Split(inputs=tuple(chosen), labels=names, rows=rows)

    held = [path for path in paths if path.stem in {"0", "1"}]
    return LabelledData(
        name="squares",
        task="image-classification",
        kind="single",
        classes=tuple(sorted({path.parent.name for path in paths})),
        train=part([path for path in paths if path not in held]),
        validation=part(held),
        test=part(held),
        fingerprint="squares",
    )


class Jobs:
    """Makes jobs in one zoo, and remembers what they saved and reported."""

    def __init__(self, home: Path) -> None:
        self.zoo = Zoo(home, offline=True, quiet=True)
        self.saved: list[Mapping[str, Any]] = []
        self.steps: list[Any] = []

    def make(self, data: LabelledData | None = None, *, run: str = "run", model: str = "", **settings: Any) -> Job:
        """A job; by default `full` on texts."""
        data = data or films()
        pictures = data.task == "image-classification"
        pulled = self.zoo.obtain(model or ("local/pics" if pictures else "local/texts"))
        made = Settings(**{"method": "full", **QUICK, **settings})
        return Job(
            registry=self.zoo,
            pulled=pulled,
            task=data.task,
            target=Target(kind=data.kind, labels=data.classes),
            adapter=self.zoo.plugins.finetuner(pulled.card.loader, data.task),
            method=made.method,
            name="made",
            data=data,
            settings=made,
            run=run,
            folder=self.zoo.home / "runs" / run,
            save=self.saved.append,
        )

    def train(self, data: LabelledData | None = None, *, adapter: Any = None, **settings: Any) -> Learnt:
        """Make a job and train it."""
        job = self.make(data, **settings)
        return train(job if adapter is None else dataclasses.replace(job, adapter=adapter), self.report)

    def report(self, what: str, done: int, total: int | None, step: Any) -> None:
        """Remember."""
        self.steps.append(step)


def sha256(learnt: Learnt) -> str:
    """Of the weights at the end."""
    return str(learnt.chosen["weights_sha256"])


def main(home: str, run: str, options: str) -> None:
    """One training; see above."""
    jobs = Jobs(Path(home))
    given = json.loads(options)
    slow: float = given.pop("slow", 0.0)
    count: int = given.pop("count", 24)
    learnt = train(jobs.make(films(count), run=run, **given), _printing(slow))
    told = {"sha256": sha256(learnt), "steps": learnt.timing["steps"], "validation": learnt.validation}
    os.write(1, f"{json.dumps(told)}\n".encode())  # at once: another process may write to the same pipe


def _printing(slow: float) -> Callable[..., None]:
    import time

    def tell(what: str, done: int, total: int | None, step: Any) -> None:
        print(f"step {step.step}", file=sys.stderr, flush=True)
        time.sleep(slow)

    return tell


if __name__ == "__main__":
    main(*sys.argv[1:])
