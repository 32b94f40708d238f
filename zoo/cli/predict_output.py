"""`zoo predict --output`: all results in a file, with which the same command goes on after a break."""

from __future__ import annotations

import itertools
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from zoo.cli.predict_inputs import no_input
from zoo.cli.predict_job import Job
from zoo.cli.predict_save import save_result
from zoo.cli.render import emit_json, print_error, safe
from zoo.errors import BadData, BadOption

if TYPE_CHECKING:
    from zoo.models import Model
    from zoo.outputs import Summary, Writer

__all__ = ["check_output", "to_file"]


def check_output(output: Path | None, overwrite: bool) -> None:
    """Raise what is wrong with a result file before a model is loaded."""
    if output is not None:
        from zoo.outputs import check_path

        check_path(output, resume=not overwrite)
    elif overwrite:
        raise BadOption("there is nothing to overwrite", "Name the file with --output.")


def to_file(model: Model, given: Iterable[str], job: Job, output: Path) -> int:
    """Write the results of all inputs that the file lacks; what failed is named, and the exit code says so."""
    from zoo.data import expand
    from zoo.outputs import Writer

    items = iter(expand(given, model.kind.input, every=job.every))
    first = next(items, None)
    if first is None:
        raise no_input()
    writer = Writer(
        model,
        output,
        resume=not job.overwrite,
        on_error=job.on_error,
        urls=job.url,
        options=job.options,
        how=job.how,
    )
    with writer:
        try:
            code = _run(writer, itertools.chain([first], items), job)
        except BaseException:  # whatever ended it, Ctrl-C too, is raised again
            _tell_break(writer.summary)
            raise
        summary = writer.summary
    if job.as_json:
        emit_json(summary.to_dict())
    elif not job.quiet:
        _tell(summary, job)
    before = BadData.exit_code if summary.failed and job.on_error == "return" else 0
    return code or before


def _run(writer: Writer, items: Iterable[object], job: Job) -> int:
    from zoo.models import Failure

    code = 0
    for item, result in writer.run(items):
        summary = writer.summary
        job.move(summary.resumed + summary.done, summary.resumed)
        if isinstance(result, Failure):
            print_error(result.error)
            code = 0 if job.on_error == "skip" else result.error.exit_code
        elif job.save is not None:
            save_result(item, result, job.save)
    return code


def _tell_break(summary: Summary) -> None:
    if summary.resumed or summary.done:
        count = summary.resumed + summary.done
        print(f"\nzoo: {count} inputs are done; the same command goes on from there", file=sys.stderr)


def _tell(summary: Summary, job: Job) -> None:
    before = f", {summary.resumed} of them before" if summary.resumed else ""
    speed = f" in {summary.seconds:.1f} s, {summary.rate:.1f} a second" if summary.done else ""
    print(
        f"zoo: {summary.records} records in {safe(str(summary.path))}{before}; {summary.done} inputs{speed}",
        file=sys.stderr,
    )
    if summary.failed and job.on_error == "skip":
        print(f"     {summary.failed} failed; they are listed in {safe(str(summary.skipped_file))}", file=sys.stderr)
    elif summary.failed:
        print(f"     {summary.failed} failed; their records have an error in place of a result", file=sys.stderr)
