"""`zoo finetune`: call, show how far it is, and print what came of it."""

from __future__ import annotations

import dataclasses
import re
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from zoo.cli.guard import guarded_call
from zoo.cli.render import emit_json
from zoo.cli.working import open_zoo, plain_warnings
from zoo.errors import BadOption, nearest

if TYPE_CHECKING:
    from zoo.finetuning import Run, Step
    from zoo.finetuning.job import Report

__all__ = ["finetune", "reporting", "resume", "seconds"]

_TIME = re.compile(r"(\d+(?:\.\d+)?)\s*(s|sec|m|min|h|)", re.IGNORECASE)
_UNITS = {"s": 1, "sec": 1, "m": 60, "min": 60, "h": 3600, "": 1}
# Options of their own; `--set` is for the others.
_FURTHER = (
    "weight_decay",
    "warmup",
    "schedule",
    "clip",
    "layer_decay",
    "unfreeze",
    "layers",
    "smoothing",
    "alpha",
    "dropout",
    "save_seconds",
    "max_steps",
)


def finetune(
    model: str,
    data: str,
    *,
    nproc: int | None,
    time_limit: str | None,
    further: Sequence[str],
    offline: bool,
    quiet: bool,
    as_json: bool,
    **settings: Any,
) -> int:
    """Adapt a model and print the new one with its scores."""
    settings |= {"max_seconds": seconds(time_limit), **_further(further)}
    if nproc is not None and nproc > 1:
        from zoo.finetuning import settings_of

        settings_of(settings)
        return _several(nproc)

    def work() -> int:
        zoo = open_zoo(offline, quiet)
        with reporting(quiet) as report, plain_warnings():
            run = zoo.finetune(model, data, report=report, **settings)
        return _printed(run, as_json)

    return _ended(work)


def resume(run: str, *, nproc: int | None, offline: bool, quiet: bool, as_json: bool) -> int:
    """Go on with a run and print what came of it."""
    if nproc is not None and nproc > 1:
        return _several(nproc)

    def work() -> int:
        zoo = open_zoo(offline, quiet)
        with reporting(quiet) as report, plain_warnings():
            made = zoo.finetune(resume=run, report=report)
        return _printed(made, as_json)

    return _ended(work)


def seconds(text: str | None) -> float | None:
    """Seconds of `90s`, `10m`, `2h`; raises `BadOption` for anything else."""
    if text is None:
        return None
    found = _TIME.fullmatch(text.strip())
    if found is None or float(found[1]) <= 0:
        raise BadOption(f"{text!r} is no length of time", "Write for example 90s, 10m or 2h.")
    return float(found[1]) * _UNITS[found[2].lower()]


def _further(given: Sequence[str]) -> dict[str, Any]:
    """The settings of `--set`, in the types that they have."""
    from zoo.finetuning import Settings

    types = {field.name: str(field.type) for field in dataclasses.fields(Settings)}
    made: dict[str, Any] = {}
    for pair in given:
        name, equals, value = pair.partition("=")
        name = name.strip().replace("-", "_")
        if name not in _FURTHER or not equals:
            near = nearest(name, _FURTHER, 1)
            hint = f"Did you mean {near[0]}? " if near else ""
            raise BadOption(f"{pair!r} is no setting", f"{hint}Write NAME=VALUE with one of: {', '.join(_FURTHER)}.")
        made[name] = _typed(name, value.strip(), types[name])
    return made


def _typed(name: str, value: str, kind: str) -> Any:
    if kind.startswith("Literal"):
        return value
    try:
        return int(value) if kind.startswith("int") else float(value)
    except ValueError as error:
        raise BadOption(f"{name} = {value!r} is no number", f"Write for example {name}=1.") from error


def _ended(work: Callable[[], int]) -> int:
    """Do it; what goes wrong is told once, by one of the processes that train together, and with how to go on."""
    from zoo.finetuning import together

    notes: list[str] = []

    def tried() -> int:
        try:
            return work()
        except BaseException as error:
            if not together.speaks(error):
                return 0
            notes.extend(getattr(error, "__notes__", ()))
            raise

    code = guarded_call(tried)
    for note in notes:
        print(note, file=sys.stderr)
    return code if together.ended() is None else 0  # else torchrun would start all again


def _several(nproc: int) -> int:
    """The same command in several processes."""
    from zoo.finetuning.training.launch import launch

    return launch(nproc, _without_nproc(sys.argv[1:]))


def _without_nproc(argv: Sequence[str]) -> list[str]:
    made, skip = [], False
    for word in argv:
        if skip:
            skip = False
        elif word == "--nproc":
            skip = True
        elif not word.startswith("--nproc="):
            made.append(word)
    return made


def _printed(run: Run | None, as_json: bool) -> int:
    if run is None:  # one of the processes that only help the first
        return 0
    if as_json:
        emit_json(run.to_dict())
        return 0
    record = run.record
    print(f"{run.model}: made from {run.base} by {run.method} ({run.why}), run {run.id}")
    print(f"held out: {_scores(run)}")
    if run.method != "probe":
        print(f"forgetting: {record['forgetting']['statement']}")
    for note in record.get("notes", ()):
        print(f"note: {note}", file=sys.stderr)
    print(f"report: {run.report}")
    print(f"use it: zoo predict {run.model} INPUT")
    for found in record.get("licence_conflicts", []):
        print(f"zoo: licence {found['severity']}: {found['text']}", file=sys.stderr)
    return 0


def _scores(run: Run) -> str:
    """`accuracy 0.912 (0.88 to 0.94) on 400 examples, …`: the main metric with its interval, then others."""
    evaluation = run.record["evaluation"]
    main = evaluation["main"]
    made = evaluation["metrics"][main]
    interval = f" ({made['low']:.3f} to {made['high']:.3f})" if made["low"] is not None else ""
    parts = [f"{main.replace('_', ' ')} {made['value']:.3f}{interval} on {evaluation['n']} examples"]
    others = {"baseline_accuracy": "always the most frequent class", "f1_macro": "macro F1", "r2": "R²"}
    told = [name for name in others if name in run.metrics and name != main]
    parts += [f"{others[name]} {run.metrics[name]:.3f}" for name in told]
    return ", ".join(parts)


@contextmanager
def reporting(quiet: bool) -> Iterator[Report]:
    """A bar on standard error for a run's progress, on a terminal only."""
    from zoo.finetuning.together import helping

    if quiet or helping() or not sys.stderr.isatty():
        yield lambda what, done, total, step: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        tasks: dict[str, Any] = {}

        def report(what: str, done: int, total: int | None, step: Step | None) -> None:
            if what not in tasks:
                tasks[what] = bar.add_task(what, total=total)
            if step is None:
                bar.update(tasks[what], advance=done, total=total)
            else:
                bar.update(tasks[what], completed=step.step, total=step.steps, description=_described(what, step))

        yield report


def _described(what: str, step: Step) -> str:
    parts = [what, f"epoch {step.epoch:.1f}/{step.epochs:g}"]
    parts += [f"loss {step.loss:.3f}"] if step.loss is not None else []
    parts += [f"{step.metric[0]} {step.metric[1]:.3f}"] if step.metric is not None else []
    parts += [f"{step.speed:.0f}/s"] if step.speed is not None else []
    return "  ".join(parts)
