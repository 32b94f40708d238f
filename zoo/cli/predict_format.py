"""`zoo predict --format`: subtitles, speakers' turns, COCO's results and tables, as other programs read them."""

from __future__ import annotations

import itertools
import json
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from zoo.cli.predict_inputs import no_input
from zoo.cli.predict_job import Job
from zoo.cli.predict_lines import fail
from zoo.cli.predict_save import save_result, unused
from zoo.cli.render import safe
from zoo.errors import BadInput, BadOption, ZooError, nearest

if TYPE_CHECKING:
    from zoo.data import Item
    from zoo.models import Model

__all__ = ["check_format", "read_format", "to_format"]

_PLAIN = ("text", "json")
_CUES = ("srt", "vtt")
_SINGLE = {"srt": "recording", "vtt": "recording", "csv": "series"}


def read_format(name: str | None, *, as_json: bool, output: Path | None) -> tuple[str | None, bool]:
    """The format to write in, None for lines of text or JSON; and whether lines are JSON.

    Raises:
        BadOption: there is no such format, or it does not go with other options.
    """
    from zoo.results.formats import FORMATS

    if name is None or name in _PLAIN:
        if name == "text" and as_json:
            raise BadOption("--format text and --json exclude each other", "Leave one out.")
        return None, as_json or name == "json"
    if name not in FORMATS:
        near = ", ".join(nearest(name, FORMATS) or (*_PLAIN, *FORMATS))
        raise BadOption(f"there is no --format {name}", f"One of: {near}.")
    if as_json or output is not None:
        other = "--json" if as_json else "--output"
        raise BadOption(f"--format {name} and {other} exclude each other", "Leave one out.")
    return name, False


def check_format(model: Model, name: str | None) -> None:
    """Raise `BadOption` where a model's results cannot be written in a format."""
    from zoo.results.formats import formats_of

    able = formats_of(model.kind.result)
    if name is not None and name not in able:
        can = ", ".join((*_PLAIN, *able))
        raise BadOption(f"results of {model.task} cannot be written as {name}", f"They can as: {can}.")


def to_format(model: Model, given: Iterable[str], job: Job, name: str) -> int:
    """Write all results in a format, onto standard output or into a file for each input; returns the exit code."""
    from zoo.data import expand

    found = iter(expand(given, model.kind.input, every=job.every))
    first = list(itertools.islice(found, 2))
    if not first:
        raise no_input()
    items = itertools.chain(first, found)
    if name == "coco":
        return _coco(model, items, job)
    if job.save is None and name in _SINGLE and len(first) > 1:
        raise BadInput(
            f"{name} holds one {_SINGLE[name]}, and several are given", "Name a folder for them: --save DIR."
        )
    if job.save is None and name in _CUES:
        return _cues(model, first[0], job, name)
    code = 0
    for item, text in _texts(model, items, job, name):
        if isinstance(text, int):
            code = text
        elif job.save is None:
            sys.stdout.write(text)
            sys.stdout.flush()
        else:
            target = unused(job.save, f"{Path(item.name).stem or _SINGLE.get(name, 'recording')}.{name}")
            target.write_text(text, encoding="utf-8")
            print(f"zoo: wrote {safe(str(target))}", file=sys.stderr)
    return code


def _texts(model: Model, items: Iterable[Item], job: Job, name: str) -> Iterator[tuple[Item, str | int]]:
    """Each input with its result as text, or with the exit code that its failure makes."""
    for item, result in _results(model, items, job):
        if isinstance(result, int):
            yield item, result
        elif name == "rttm":
            yield item, result.to_rttm(Path(item.name).stem)
        elif name == "csv":
            yield item, result.to_csv()
        else:
            _check_times(result, item)
            yield item, result.to_srt() if name == "srt" else result.to_vtt()


def _results(model: Model, items: Iterable[Item], job: Job) -> Iterator[tuple[Item, Any]]:
    """Each input with its result, or with the exit code that its failure makes."""
    from zoo.models import Failure

    for done, (item, result) in enumerate(model.run_pairs(items, urls=job.url, options=job.options), 1):
        job.move(done, 0)
        yield item, fail(model, item, result.error, job) if isinstance(result, Failure) else result


def _cues(model: Model, item: Item, job: Job, name: str) -> int:
    """One recording's subtitles, window by window as they are heard."""
    if isinstance(item.value, ZooError):
        return fail(model, item, item.value, job)
    count = 1
    if name == "vtt":
        sys.stdout.write("WEBVTT\n\n")
    try:
        for part in model.parts(item.value, **job.options):
            _check_times(part, item)
            sys.stdout.write(part.to_srt(count) if name == "srt" else part.to_vtt(header=False))
            sys.stdout.flush()
            count += len(part.segments)
    except BadOption:
        raise
    except ZooError as error:
        return fail(model, item, error, job)
    return 0


def _check_times(result: Any, item: Item) -> None:
    if result.text and not result.segments:
        raise BadInput(
            f"{safe(item.name)}: subtitles need times, and they were left out", "Leave out --set timestamps."
        )


def _coco(model: Model, items: Iterable[Item], job: Job) -> int:
    """One list of all pictures' results, written as they come."""
    code, written = 0, False
    for item, result in _results(model, items, job):
        if isinstance(result, int):
            code = result
            continue
        for row in result.to_coco(_image_id(item.name)):
            sys.stdout.write((",\n" if written else "[\n") + json.dumps(row))
            written = True
        if job.save is not None:
            save_result(item, result, job.save)
    sys.stdout.write("\n]\n" if written else "[]\n")
    return code


def _image_id(name: str) -> int | str:
    """COCO numbers its pictures, and its files are called by that; others keep the name of their file."""
    path = Path(name)
    return int(path.stem) if path.stem.isdecimal() and path.stem.isascii() else path.name
