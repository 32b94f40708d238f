"""`zoo predict` onto standard output: one result a line."""

from __future__ import annotations

import itertools
import sys
import time
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from zoo.cli.predict_inputs import no_input
from zoo.cli.predict_job import Job
from zoo.cli.predict_save import save_result
from zoo.cli.render import emit_line, print_error, safe
from zoo.errors import BadOption, ZooError

if TYPE_CHECKING:
    from zoo.data import Item
    from zoo.models import Model

__all__ = ["fail", "to_lines"]


def to_lines(model: Model, given: Iterable[str], job: Job, *, told: bool) -> int:
    """Print a result per input; those that cannot be used are named, the others go on, and the exit code says so.

    Args:
        told: end with a summary on standard error.
    """
    from zoo.data import expand
    from zoo.models import Failure

    found = iter(expand(given, model.kind.input, every=job.every))
    first = list(itertools.islice(found, 2))
    if not first:
        raise no_input()
    if len(first) == 1 and job.save is None and _is_followed(model, job):
        return _as_heard(model, first[0], job)
    # Inputs are read as far ahead as the engine needs, so that a pipe of a million lines takes constant memory.
    pairs = model.run_pairs(itertools.chain(first, found), urls=job.url, options=job.options)
    code = done = failed = 0
    start = time.monotonic()
    for item, result in pairs:
        done += 1
        job.move(done, 0)
        if isinstance(result, Failure):
            failed += 1
            code = fail(model, item, result.error, job)
            continue
        _print(model, item, result, job, named=len(first) > 1)
        if job.save is not None:
            save_result(item, result, job.save)
    if told:
        _tell(done, failed, time.monotonic() - start)
    return code


def _is_followed(model: Model, job: Job) -> bool:
    """Whether somebody watches a transcript grow: at a terminal, where a script would want it whole."""
    from zoo.tasks import Transcript

    return sys.stdout.isatty() and not job.as_json and issubclass(model.kind.result, Transcript)


def _as_heard(model: Model, item: Item, job: Job) -> int:
    """One recording's text, window by window."""
    if isinstance(item.value, ZooError):
        return fail(model, item, item.value, job)
    told = False
    try:
        for part in model.parts(item.value, **job.options):
            if part.text:
                print(("\n" if told else "") + safe(part.text), end="", flush=True)
                told = True
    except BadOption:
        raise
    except ZooError as error:
        print(end="\n" if told else "")
        return fail(model, item, error, job)
    print()
    return 0


def _print(model: Model, item: Item, result: Any, job: Job, *, named: bool) -> None:
    if job.as_json:
        emit_line({"input": item.name, "task": model.task, "result": result.to_dict()})
        return
    name = safe(item.name.replace("\t", " | "))
    print(f"{name}\t{safe(str(result))}" if named else safe(str(result)), flush=True)


def fail(model: Model, item: Item, error: ZooError, job: Job) -> int:
    """Name what failed; returns what that makes of the exit code."""
    if job.on_error == "raise":
        raise error
    if job.as_json and job.on_error == "return":
        cause = {"cause": error.cause, "remedy": error.remedy}
        emit_line({"input": item.name, "task": model.task, "error": cause})
    print_error(error)
    return 0 if job.on_error == "skip" else error.exit_code


def _tell(done: int, failed: int, seconds: float) -> None:
    rate = f"{done / seconds:.1f} a second" if seconds else ""
    failures = f", {failed} failed and are named above" if failed else ""
    print(f"zoo: {done} inputs in {seconds:.1f} s, {rate}{failures}", file=sys.stderr)
