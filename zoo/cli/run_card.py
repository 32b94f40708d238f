"""A run, and runs side by side, as they are written for people."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from zoo.cli.render import print_table, safe, size, when
from zoo.cli.runs import lasted
from zoo.runs.reproducing import command, continuing, settings_of

if TYPE_CHECKING:
    from zoo.runs import RecordedRun, RunComparison

__all__ = ["as_dict", "print_comparison", "print_run", "sparkline"]

_BLOCKS = "▁▂▃▄▅▆▇█"
_WIDTH = 48
PARTS = ("train", "validation", "test", "all")
_PAPERS = {"report": "report.html", "card": "README.md"}
_NO_SCORES = frozenset({"step", "epoch", "seconds", "examples_per_second", "grad_norm"})


def as_dict(run: RecordedRun) -> dict[str, Any]:
    """The record, with how the run stands now, where its papers are, and how to do it again and go on."""
    papers = {name: str(run.path / file) for name, file in _PAPERS.items() if (run.path / file).is_file()}
    told = {"report": None, "card": None, **papers}
    again = {"command": command(run.record) if run.record else None, "continue": continuing(run)}
    return {**run.record, "id": run.id, "outcome": run.outcome, "path": str(run.path), **told, **again}


def print_run(run: RecordedRun, points: Sequence[Mapping[str, Any]]) -> None:
    """Print a run."""
    lines = list(_lines(run))
    wide = max(len(name) for name, _ in lines)
    print(f"{run.id}: {_standing(run)}")
    print()
    for name, text in lines:
        print(safe(f"{name:<{wide}}  {text}"))
    _print_scores(run)
    if drawn := list(_curves(points)):
        print()
        for line in drawn:
            print(safe(line))
    print()
    for name, text in _ways(run):
        print(safe(f"{name:<{wide}}  {text}"))


def _standing(run: RecordedRun) -> str:
    cause = run.record.get("error")
    told = f": {cause}" if isinstance(cause, str) and run.outcome in {"failed", "interrupted"} else ""
    words = {
        "stopped": "stopped: it was killed, or the machine went down",
        "unreadable": "its record.json cannot be read",
    }
    return safe(words.get(run.outcome, f"{run.outcome}{told}"))


def _lines(run: RecordedRun) -> Iterator[tuple[str, str]]:
    record = run.record
    yield "kind", run.kind or "not known"
    for name in ("model", "base", "task"):
        if isinstance(record.get(name), str):
            revision = record.get({"model": "revision", "base": "base_revision"}.get(name, ""))
            yield name, record[name] + (f" ({revision[:12]})" if isinstance(revision, str) else "")
    if run.method:
        yield "method", run.method + (f": {record['why']}" if record.get("why") else "")
    yield from _data(record)
    if settings := settings_of(record):
        yield "settings", ", ".join(f"{name} {_value(value)}" for name, value in settings.items())
    if run.started:
        took = lasted(run.seconds)
        yield "started", when(run.started.removesuffix("Z")) + (f", took {took}" if took else "")
    if resumed := record.get("resumed"):
        yield "resumed", f"{len(resumed)} times" if len(resumed) > 1 else "once"
    yield from _environment(_mapping(record.get("environment")))
    for name in ("notes", "warnings"):
        for note in record.get(name) or ():
            yield name.removesuffix("s"), str(note)


def _data(record: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    data = _mapping(record.get("data"))
    if data:
        parts = [
            f"{data[part]:,} {part}" for part in ("train", "validation", "test") if isinstance(data.get(part), int)
        ]
        yield "data", ", ".join([str(data.get("name") or data.get("source")), *parts])
        if data.get("fingerprint"):
            yield "data id", str(data["fingerprint"])[:16]


def _environment(told: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    hardware, packages = _mapping(told.get("hardware")), _mapping(told.get("packages"))
    words = [f"Python {told['python']}" if told.get("python") else ""]
    words += [f"{name} {packages[name]}" for name in ("torch", "transformers") if name in packages]
    words += [f"{told['threads']} threads" if told.get("threads") else "", str(hardware.get("cpu") or "")]
    memory = hardware.get("memory")
    words += [size(memory) if isinstance(memory, int) else ""]
    words += [str(_mapping(one).get("model")) for one in hardware.get("accelerators") or ()]
    if any(words):
        yield "ran on", ", ".join(word for word in words if word)


def _value(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:.4g}"
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{name}: {_value(inner)}" for name, inner in value.items()) + "}"
    return "none" if value is None else str(value)


def _print_scores(run: RecordedRun) -> None:
    judged = _mapping(run.record.get("evaluation"))
    metrics, main = _mapping(judged.get("metrics")), judged.get("main")
    told = {name: _mapping(value) for name, value in metrics.items()}
    plain = {name: {"value": value} for name, value in _mapping(run.record.get("metrics")).items()}
    rows = [
        [name, _estimate(value)]
        for name, value in sorted((told or plain).items(), key=lambda item: (item[0] != main, item[0]))
        if isinstance(value.get("value"), int | float)
    ]
    if rows:
        print()
        n = judged.get("n")
        print_table(("metric", f"held out, n = {n:,}" if isinstance(n, int) else "held out"), rows)


def _estimate(told: Mapping[str, Any] | None) -> str:
    if not told or told.get("value") is None:
        return ""
    low, high = told.get("low"), told.get("high")
    interval = "" if low is None or high is None else f" ({low:.4g} to {high:.4g})"
    return f"{told['value']:.4g}{interval}"


def _curves(points: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """Each curve on one line: name, first value, shape, last value."""
    names = list(dict.fromkeys(name for point in points for name in point if name not in _NO_SCORES))
    series = {name: [float(p[name]) for p in points if isinstance(p.get(name), int | float)] for name in names}
    kept = {name: values for name, values in series.items() if len(values) > 1}
    wide = max(map(len, kept), default=0)
    for name, values in kept.items():
        yield f"{name:<{wide}}  {values[0]:>9.4g}  {sparkline(values)}  {values[-1]:.4g}"


def sparkline(values: Sequence[float], width: int = _WIDTH) -> str:
    """The shape of a curve as blocks, each the mean of what falls into it; `×` where that is not finite."""
    count = min(width, len(values))
    edges = [round(index * len(values) / count) for index in range(count + 1)]
    means = [sum(values[low:high]) / (high - low) for low, high in itertools.pairwise(edges)]
    finite = [mean for mean in means if math.isfinite(mean)]
    low, high = min(finite, default=0.0), max(finite, default=0.0)

    def block(mean: float) -> str:
        if not math.isfinite(mean):
            return "×"
        return _BLOCKS[0 if high == low else round((mean - low) / (high - low) * (len(_BLOCKS) - 1))]

    return "".join(map(block, means))


def _ways(run: RecordedRun) -> Iterator[tuple[str, str]]:
    told = as_dict(run)
    for name in ("report", "card"):
        if told[name]:
            yield name, told[name]
    yield "folder", told["path"]
    folder = _mapping(run.record.get("environment")).get("folder")
    if told["command"] and run.record.get("environment"):
        yield "again", told["command"] + (f"  (in {folder})" if folder else "")
    if told["continue"]:
        yield "go on", told["continue"]


def print_comparison(made: RunComparison) -> None:
    """Print runs side by side."""
    if made.settings:
        rows = [
            [name, *("–" if value is None else _value(value) for value in row)] for name, row in made.settings.items()
        ]
        print_table(("setting", *made.runs), rows)
    else:
        print("all settings are the same")
    print()
    told = {
        "data": made.same_data,
        **{f"{part} part": same for part, same in made.same_parts.items() if same is not None},
    }
    for name, same in {**told, "judged on": made.same_held_out}.items():
        print(f"{name}: {_sameness(same)}")
    if made.metrics:
        print()
        print_table(("metric", *made.runs, "intervals"), [_metric(row) for row in made.metrics])
        print()
        print(_advice(made))


def _sameness(same: bool | None) -> str:
    return "a run does not say which" if same is None else "the same" if same else "not the same"


def _metric(row: Mapping[str, Any]) -> list[str]:
    cells = [_estimate(value) + (" *" if index == row["best"] else "") for index, value in enumerate(row["values"])]
    overlap = {None: "", True: "overlap", False: "apart"}[row["overlap"]]
    return [row["metric"], *cells, overlap]


def _advice(made: RunComparison) -> str:
    if made.same_held_out is not True:
        return "The held-out parts are not known to be the same: these scores cannot be compared."
    return (
        "Intervals that overlap do not settle which is better; `zoo compare MODEL MODEL --data …` does, by what "
        "both say of the same examples."
    )


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}
