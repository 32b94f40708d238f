"""`zoo recommend`: ask, and print the ranking, what each model costs, and what to do next."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from zoo.cli.render import emit_json, number, print_table, safe, size
from zoo.cli.working import open_zoo, plain_warnings

if TYPE_CHECKING:
    from collections.abc import Callable

    from zoo.cards import ModelCard
    from zoo.choosing import Candidate, Recommendation

__all__ = ["recommend"]

_METRICS = {"accuracy": "accuracy", "f1_micro": "micro F1", "r2": "R²", "map": "mAP", "wer": "WER", "cer": "CER"}
_PROBED = ("LogME", "k-NN")  # second opinions, which there are of predicted scores only
_NO_RECOMMENDATION = 3
_PLOTTED = 3


def recommend(
    data: str,
    *,
    max_params: str | None,
    then_finetune: bool,
    name: str | None,
    offline: bool,
    quiet: bool,
    as_json: bool,
    **asked: Any,
) -> int:
    """Print the recommendation, and go on with it where that was asked; 3 when no model could be measured."""
    zoo = open_zoo(offline, quiet)
    with _reporting(quiet) as report, plain_warnings():
        found = zoo.recommend(
            data, max_params=_count(max_params), report=report, fetching=None if quiet else _announce, **asked
        )
    going_on = then_finetune and found.pick is not None
    if not as_json:
        _print(found, quiet)
    elif not going_on:
        emit_json(found.to_dict())
    if going_on:
        return _finetuned(zoo, data, found, name, asked, offline=offline, quiet=quiet, as_json=as_json)
    return 0 if found.pick else _NO_RECOMMENDATION


def _finetuned(zoo: Any, data: str, found: Recommendation, name: str | None, asked: dict[str, Any], **how: bool) -> int:
    settings = {"name": name, "task": found.task, "kind": found.kind, "seed": found.seed, "columns": asked["columns"]}
    settings |= {"device": asked["device"], "batch": asked["batch"]}
    if not how["as_json"]:
        from zoo.cli.finetuning import finetune

        print()
        return finetune(str(found.pick), data, nproc=None, time_limit=None, further=(), **how, **settings)
    with plain_warnings():
        run = zoo.finetune(found.pick, data, **settings)
    emit_json(found.to_dict() | {"run": run.to_dict()})
    return 0


def _count(text: str | None) -> int | None:
    """A number of parameters as `zoo search` takes it: `30M`, `1.5B`; raises `BadInput` for anything else."""
    from zoo.catalog.fields import number

    return None if text is None else int(number("params", text))


def _announce(cards: Sequence[ModelCard]) -> None:
    """What is about to be fetched, before it is."""
    sizes = [card.size or sum(file.size or 0 for file in card.files) for card in cards]
    told = ", ".join(f"{card.id} ({size(one)})" for card, one in zip(cards, sizes, strict=True))
    print(safe(f"to be fetched, {size(sum(sizes))} in all: {told}"), file=sys.stderr, flush=True)


def _print(found: Recommendation, quiet: bool) -> None:
    metric = _METRICS.get(found.metric, found.metric)
    base = f"; always the same answer: {found.baseline:.3f}" if found.baseline is not None else ""
    classes = f" of {found.classes} classes" if found.classes else ""
    print(f"{found.data}: {found.task}, measured on {found.sampled} of {found.of} examples{classes}{base}", flush=True)
    if found.how == "as it is":
        less = "" if found.higher_is_better else "; less is better"
        print(f"{metric} of each model as it is now, not predicted of a tuned one{less}")
    if found.candidates:
        print()
        letters = [chr(ord("A") + place % 26) for place in range(len(found.candidates))]
        _print_table(found, letters, metric)
        _print_plot(found, letters, metric)
    if found.skipped:
        print("\nleft out")
        print_table(("model", "why"), [[one.model, one.reason] for one in found.skipped])
    print(f"\n{safe(found.statement)}")
    if found.command:
        print(safe(found.command))
    if not quiet:
        for finding in found.findings:
            if finding["severity"] == "warning":
                print(safe(f"zoo: data: {finding['text']}"), file=sys.stderr)


def _print_table(found: Recommendation, letters: Sequence[str], metric: str) -> None:
    right = (metric, "±", "k-NN", "LogME", "ms", "params", "memory")
    columns = ("", "model", metric, "±", "k-NN", "LogME", "ms", "params", "memory", "licence", "commercial", "worth it")
    rows = [[letter, *_row(one)] for letter, one in zip(letters, found.candidates, strict=True)]
    gone = () if found.how == "predicted" else _PROBED
    least = [name for name in (*_PROBED, "commercial", "memory", "licence", "params") if name not in gone]
    kept = [place for place, name in enumerate(columns) if name not in gone]
    print_table([columns[i] for i in kept], [[row[i] for i in kept] for row in rows], right=right, least=least)


def _row(one: Candidate) -> list[str]:
    near = "" if one.neighbours is None or one.neighbours != one.neighbours else f"{one.neighbours:.3f}"
    return [
        one.model,
        f"{one.score:.3f}{' =' if one.equal else '  '}",
        f"{one.error:.3f}",
        near,
        "" if one.logme is None else f"{one.logme:.3f}",
        f"{one.ms:.3g}",
        number(one.parameters),
        size(one.memory),
        one.licence,
        {True: "yes", False: "no", None: "not known"}[one.commercial],
        "yes" if one.dominated_by is None else f"{one.dominated_by} is better",
    ]


def _print_plot(found: Recommendation, letters: Sequence[str], metric: str) -> None:
    """Score against time, where there are enough models for a picture to say more than the table."""
    if len(found.candidates) < _PLOTTED:
        return
    from zoo.cli.plotting import scatter

    times = [one.ms for one in found.candidates]
    print(f"\n{metric} (upwards) against ms for an input (to the right, logarithmic)")
    points = [(one.ms, one.score) for one in found.candidates]
    print("\n".join(scatter(points, letters, f"{min(times):.3g}", f"{max(times):.3g}")))


@contextmanager
def _reporting(quiet: bool) -> Iterator[Callable[[str, int, int | None], None] | None]:
    """A bar on standard error, one line a model, on a terminal only."""
    if quiet or not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        tasks: dict[str, Any] = {}

        def report(model: str, done: int, total: int | None) -> None:
            if model not in tasks:
                tasks[model] = bar.add_task(safe(model), total=total)
            bar.advance(tasks[model], done)

        yield report
