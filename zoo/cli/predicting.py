"""`zoo predict`: inputs in, one result a line out."""

from __future__ import annotations

import itertools
import re
import sys
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from zoo.cli.render import emit_line, print_error, safe
from zoo.cli.working import open_zoo, plain_warnings
from zoo.errors import BadData, BadInput, ZooError

if TYPE_CHECKING:
    from zoo.api import Zoo
    from zoo.data import Item
    from zoo.models import Model

__all__ = ["predict"]


def predict(
    model: str,
    inputs: list[str],
    *,
    task: str | None,
    settings: list[str],
    save: Path | None,
    url: bool,
    device: str,
    dtype: str,
    batch: int | None,
    offline: bool,
    quiet: bool,
    as_json: bool,
) -> int:
    """Print a result per input; those that cannot be used are named, the others go on, and the exit code says so."""
    from zoo.models.options import parse_settings

    options = parse_settings(settings)
    if not inputs and sys.stdin.isatty():
        raise _no_input()
    given = _given(inputs)
    zoo = open_zoo(offline, quiet)
    _check_runs(zoo, model, task)
    with plain_warnings():
        opened = zoo.load(model, task, device=device, dtype=dtype, batch=batch)
    with opened as loaded:
        if save is not None:
            _check_save(loaded, save)
        return _run(loaded, given, options, save=save, url=url, as_json=as_json)


def _check_runs(zoo: Zoo, model: str, task: str | None) -> None:
    """Raise `MissingPlugin` before anything is fetched for a catalogued model whose task no plugin runs."""
    from zoo.infer import is_inferred

    card = zoo.resolve(model).card
    if not is_inferred(card) and (task is None or task in card.all_tasks):
        zoo.plugins.runner(card.loader, task or card.task)


def _given(inputs: list[str]) -> Iterator[str]:
    """The inputs, with `-` replaced by the lines of standard input; without any, standard input if it is a pipe."""
    for value in inputs or ["-"]:
        if value == "-":
            yield from _lines()
        else:
            yield _decoded(value)


def _no_input() -> BadInput:
    return BadInput("there is no input", "Give files or texts after the model's name, or - for standard input.")


def _lines() -> Iterator[str]:
    for number, line in enumerate(sys.stdin.buffer, 1):
        try:
            text = line.decode("utf-8").rstrip("\r\n")
        except UnicodeDecodeError as error:
            raise BadData(f"line {number} of standard input is not UTF-8: {error.reason}", "Convert it.") from error
        if text.strip():
            yield text


def _decoded(text: str) -> str:
    """A command-line argument; one that is not text in this locale is refused rather than passed on broken."""
    if any("\ud800" <= c <= "\udfff" for c in text) and not Path(text).exists():
        raise BadData(f"an input is not valid text: {text.encode('utf-8', 'replace')!r}", "Use UTF-8.")
    return text


def _run(
    model: Model, given: Iterable[str], options: dict[str, Any], *, save: Path | None, url: bool, as_json: bool
) -> int:
    from zoo.data import expand
    from zoo.models import Failure

    found = iter(expand(given, model.kind.input))
    first = list(itertools.islice(found, 2))
    if not first:
        raise _no_input()
    # Inputs are read as far ahead as the engine needs, so that a pipe of a million lines takes constant memory.
    items, values = itertools.tee(itertools.chain(first, found))
    code = 0
    results = model.run_items(values, on_error="return", urls=url, options=options)
    for item, result in zip(items, results, strict=True):
        if isinstance(result, Failure):
            code = result.error.exit_code
            _print_failure(model, item, result.error, as_json)
            continue
        if as_json:
            emit_line({"input": item.name, "task": model.task, "result": result.to_dict()})
        else:
            name = safe(item.name.replace("\t", " | "))
            print(f"{name}\t{safe(str(result))}" if len(first) > 1 else safe(str(result)), flush=True)
        if save is not None:
            _save(item, result, save)
    return code


def _print_failure(model: Model, item: Item, error: ZooError, as_json: bool) -> None:
    if as_json:
        cause = {"cause": error.cause, "remedy": error.remedy}
        emit_line({"input": item.name, "task": model.task, "error": cause})
    print_error(error)


def _check_save(model: Model, folder: Path) -> None:
    drawn = model.kind.input == "image" and hasattr(model.kind.result, "draw")
    if not drawn and not hasattr(model.kind.result, "save"):
        raise BadInput(f"the results of {model.task} cannot be drawn", "Leave out --save; --json prints them in full.")
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise BadInput(f"cannot write into {folder}: {error.strerror}", "Name another folder with --save.") from error


def _save(item: Item, result: Any, folder: Path) -> None:
    """Write what a result draws or plays, under the input's name."""
    for name, write in _files(item, result):
        target = _unused(folder, name)
        write(target)
        print(f"zoo: wrote {safe(str(target))}", file=sys.stderr)


def _files(item: Item, result: Any) -> list[tuple[str, Callable[[Path], Any]]]:
    """A sound as WAV; else the drawn result as PNG, and the masks of a segmentation beside it."""
    from zoo.data import read_image
    from zoo.data.web import fetched

    if hasattr(result, "save"):
        words = re.sub(r"\W+", "-", item.name).strip("-")
        return [(f"{words[:40].strip('-') or 'sound'}.wav", result.save)]
    stem = Path(item.name).stem or "picture"
    pictures = [(f"{stem}.png", result.draw(read_image(fetched(item.value))))]
    if hasattr(result, "masks"):
        pictures += [(f"{stem}-mask.png", mask) for mask in result.masks()]
    return [(name, picture.save) for name, picture in pictures]


def _unused(folder: Path, name: str) -> Path:
    """A file that is not there yet: a number keeps names apart."""
    stem, ending = Path(name).stem, Path(name).suffix
    names = itertools.chain([name], (f"{stem}-{number}{ending}" for number in itertools.count(2)))
    return next(folder / name for name in names if not (folder / name).exists())
