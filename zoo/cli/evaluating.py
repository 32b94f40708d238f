"""`zoo evaluate` and `zoo compare --data`: call, and print what came of it, the main number first."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from zoo.cli.render import emit_json, print_table, safe
from zoo.cli.working import open_zoo, plain_warnings
from zoo.errors import BadOption

if TYPE_CHECKING:
    from zoo.evaluation import Compared, Estimate, Evaluated, Evaluation
    from zoo.evaluation.bias import BiasDiagnosis
    from zoo.evaluation.predicting import Report

__all__ = ["compare_on", "evaluate"]

MOST_CLASSES = 20
UNITS = {
    "auroc": "AUROC",
    "cer": "CER",
    "ece": "calibration error",
    "map": "mAP",
    "map_50": "mAP 50",
    "map_75": "mAP 75",
    "mrr": "MRR",
    "r2": "R²",
    "wer": "WER",
    "wer_raw": "WER as written",
}


def evaluate(
    model: str,
    data: str | None,
    *,
    bias: bool,
    offline: bool,
    quiet: bool,
    as_json: bool,
    task: str | None,
    seed: int,
    device: str,
    batch: int | None,
    **options: Any,
) -> int:
    """Measure a model on data, its associations, or both, and print it."""
    if data is None and not bias:
        raise BadOption("there is no data to evaluate on", "zoo evaluate MODEL DATA, or zoo evaluate MODEL --bias.")
    from zoo.evaluation.bias import measure_bias

    zoo = open_zoo(offline, quiet)
    how: dict[str, Any] = {"task": task, "seed": seed, "device": device, "batch": batch}
    found: Evaluated | None = None
    diagnosed: BiasDiagnosis | None = None
    with _reporting(quiet) as report, _told_later(), plain_warnings():
        if data is not None:
            found = zoo.evaluate(model, data, **how, **options, report=report)
        if bias:
            diagnosed = measure_bias(zoo, model, **how, report=report)
    if as_json:
        made = found.to_dict() if found else {}
        emit_json(made | ({"bias": diagnosed.to_dict()} if diagnosed else {}))
        return 0
    if found:
        _print_evaluated(found)
    if diagnosed:
        _print_bias(diagnosed, after=found is not None)
    return 0


def compare_on(models: Sequence[str], data: str, *, offline: bool, quiet: bool, as_json: bool, **options: Any) -> int:
    """Measure models on the same rows and print which differences can be told."""
    from zoo.evaluation import compare_on

    zoo = open_zoo(offline, quiet)
    with _reporting(quiet) as report, _told_later(), plain_warnings():
        made = compare_on(zoo, models, data, **options, report=report)
    if as_json:
        emit_json(made.to_dict())
    else:
        _print_compared(made)
    return 0


@contextmanager
def _reporting(quiet: bool) -> Iterator[Report]:
    """The bar of `zoo finetune`, for what is told here."""
    from zoo.cli.finetuning import reporting

    with reporting(quiet) as report:
        yield lambda what, done, total: report(what, done, total, None)


@contextmanager
def _told_later() -> Iterator[None]:
    """Leave the warning of rows that were trained on to the output, which begins with it."""
    from zoo.evaluation import SeenInTraining

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SeenInTraining)
        yield


def _warn(said: Sequence[str]) -> None:
    for one in said:
        print(safe(f"zoo: WARNING: {one}"), file=sys.stderr, flush=True)


def _print_evaluated(made: Evaluated) -> None:
    _warn(made.warnings)
    data, found = made.record["data"], made.evaluation
    print(safe(f"{_name(found.main)} {_with_interval(found.metrics[found.main], found.confidence)}"))
    print(safe(f"{made.model} on {data['name']}: {data['why']}, {found.n:,} examples"))
    if found.failed:
        first = found.failed[0]
        said = f"{len(found.failed):,} examples could not be used, the first: {first['row']}: {first['error']}"
        print(safe(f"zoo: {said}"), file=sys.stderr)
    print()
    _print_metrics(found)
    if found.per_class:
        print()
        _print_classes(found)
    if found.slices:
        print()
        _print_slices(found)
    if line := _calibration(found):
        print(f"\n{line}")
    print(f"\nrecord: zoo runs show {made.id}")


def _name(metric: str) -> str:
    return UNITS.get(metric, metric.replace("_", " "))


def _with_interval(one: Estimate, confidence: float) -> str:
    if one.low is None or one.high is None:
        return f"{one.value:.3f}"
    return f"{one.value:.3f} ({confidence * 100:g} % interval {one.low:.3f} to {one.high:.3f})"


def _interval(row: Mapping[str, Any]) -> str:
    return "" if row["low"] is None else f"{row['low']:.3f} to {row['high']:.3f}"


def _print_metrics(found: Evaluation) -> None:
    rows = [[_name(name), f"{one.value:.3f}", _interval(one.to_dict())] for name, one in found.metrics.items()]
    print_table(["metric", "value", f"{found.confidence * 100:g} % interval"], rows, ["value"])


def _print_classes(found: Evaluation) -> None:
    shown = found.per_class[:MOST_CLASSES]
    extra = {"iou": ["iou"], "ap": ["ap", "ap50"]}.get(shown[0]["metric"], [])
    names = ["precision", "recall", "f1", *extra]
    heading = f"interval of {shown[0]['metric']}"
    rows = [[row["label"], f"{row['n']:,}", *(f"{row[name]:.3f}" for name in names), _interval(row)] for row in shown]
    print_table(["class", "n", *names, heading], rows, ["n", *names])
    if len(found.per_class) > len(shown):
        print(f"and {len(found.per_class) - len(shown):,} classes more: --json has them all")


def _print_slices(found: Evaluation) -> None:
    rows = [
        [
            row["column"],
            row["value"],
            f"{row['n']:,}",
            "" if row["score"] is None else f"{row['score']:.3f}",
            _interval(row),
            "too few" if row["too_few"] else "",
        ]
        for row in found.slices
    ]
    print_table(["column", "value", "n", _name(found.main), "interval", ""], rows, ["n", _name(found.main)])
    for gap in found.gaps:
        interval = f" ({_interval(gap)})" if gap["low"] is not None else ""
        said = f"gap by {gap['column']}: {gap['gap']:.3f}{interval} between {gap['best']} and {gap['worst']}"
        print(safe(said))


def _calibration(found: Evaluation) -> str:
    """How far probabilities are off, and to which side."""
    error = found.metrics.get("ece")
    if error is None or not found.calibration:
        return ""
    total = sum(row["n"] for row in found.calibration)
    over = sum(row["n"] * (row["confidence"] - row["accuracy"]) for row in found.calibration) / total
    side = "too high" if over > 0 else "too low"
    bounds = "" if error.low is None else f" ({error.low:.3f} to {error.high:.3f})"
    return f"calibration: probabilities are off by {error.value:.3f}{bounds}, on the whole {side} by {abs(over):.3f}"


def _print_compared(made: Compared) -> None:
    _warn(made.warnings)
    for one in made.comparisons:
        print(safe(one.statement))
    first = made.evaluations[0]
    print(safe(f"on {made.data['name']}: {made.data['why']}, {first.n:,} examples that all could use"))
    print()
    names = [name for name in first.metrics if all(name in one.metrics for one in made.evaluations)]
    rows = [[_name(name), *(_short(one.metrics[name]) for one in made.evaluations)] for name in names]
    print_table(["metric", *made.models], rows)
    tests = sorted({one.test for one in made.comparisons})
    print(f"\np-values: {', '.join(tests)}; intervals: paired bootstrap of {first.resamples:,} resamples")


def _short(one: Estimate) -> str:
    return f"{one.value:.3f}" if one.low is None else f"{one.value:.3f} ({one.low:.3f} to {one.high:.3f})"


def _print_bias(found: BiasDiagnosis, *, after: bool) -> None:
    if after:
        print()
    print(safe(f"associations of {found.model} ({found.method})"))
    rows = [
        [
            one.name,
            "" if one.effect is None else f"{one.effect:+.2f}",
            "" if one.p_value is None else _p(one.p_value),
            "" if one.adjusted is None else _p(one.adjusted),
            "+".join(map(str, one.n)),
            _reading(one.adjusted, one.effect),
        ]
        for one in found.associations
    ]
    print_table(["test", "d", "p", "corrected p", "words", ""], rows, ["d", "p", "corrected p", "words"])
    if missing := sorted({word for one in found.associations for word in one.left_out}):
        more = f" and {len(missing) - 10} more" if len(missing) > 10 else ""
        print(safe(f"words that it does not know: {', '.join(missing[:10])}{more}"))
    print(f"\n{found.caveat}")


def _p(value: float) -> str:
    return "< .001" if value < 0.001 else f"{value:.3f}"


def _reading(p: float | None, effect: float | None) -> str:
    if p is None or effect is None:
        return "too few words known"
    return "associated" if p < 0.05 else ""
