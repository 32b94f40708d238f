"""`zoo predict`: inputs in, one result a line out, or all of them in a file."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from zoo.cli.predict_bar import bar_is_shown, progress_bar
from zoo.cli.predict_format import check_format, read_format, to_format
from zoo.cli.predict_inputs import count, given, whole
from zoo.cli.predict_job import Job
from zoo.cli.predict_lines import to_lines
from zoo.cli.predict_output import check_output, to_file
from zoo.cli.predict_save import check_save
from zoo.cli.render import safe
from zoo.cli.working import open_zoo, plain_warnings
from zoo.errors import BadOption

if TYPE_CHECKING:
    from zoo.api import Zoo
    from zoo.models.engine import OnError

__all__ = ["predict"]

_POLICIES: tuple[OnError, ...] = ("raise", "skip", "return")
_CHANGES_NUMBERS = ("autocast", "engine", "quantize")


def predict(
    model: str,
    inputs: list[str],
    *,
    task: str | None,
    settings: list[str],
    save: Path | None,
    output: Path | None,
    overwrite: bool,
    on_error: str,
    url: bool,
    load: Mapping[str, Any],
    offline: bool,
    quiet: bool,
    as_json: bool,
    format: str | None = None,
    every: int = 1,
) -> int:
    """Print a result per input, or write them into a file; returns the exit code.

    Args:
        load: further arguments of `zoo.load`.
        format: one of `zoo.results.formats`, or `text` or `json`.
        every: of a film's frames, each so manieth.
    """
    from zoo.models.options import parse_settings

    options = parse_settings(settings)
    policy = _policy(on_error)
    form, as_json = read_format(format, as_json=as_json, output=output)
    check_output(output, overwrite)
    values: Iterator[Any] = given(inputs)
    zoo = open_zoo(offline, quiet)
    _check_runs(zoo, model, task)
    with plain_warnings():
        opened = zoo.load(model, task, **load)
    with opened as loaded:
        check_format(loaded, form)
        if loaded.kind.input == "series":
            values = whole(inputs)
        if save is not None:
            check_save(loaded, save, written=form)
        if not quiet and (report := getattr(loaded, "report", None)):
            print(f"zoo: {safe(str(report))}", file=sys.stderr)
        shown = bar_is_shown(quiet, output is not None)
        with progress_bar(shown, lambda: count(inputs, loaded.kind.input)) as move:
            job = Job(
                options=options,
                save=save,
                overwrite=overwrite,
                on_error=policy,
                url=url,
                every=every,
                how={name: load[name] for name in _CHANGES_NUMBERS if name in load},
                quiet=quiet,
                as_json=as_json,
                move=move,
            )
            if output is not None:
                return to_file(loaded, values, job, output)
            if form is not None:
                return to_format(loaded, values, job, form)
            return to_lines(loaded, values, job, told=shown)


def _policy(text: str) -> OnError:
    for policy in _POLICIES:
        if policy == text:
            return policy
    raise BadOption(f"there is no --on-error {text}", f"Use {', '.join(_POLICIES)}.")


def _check_runs(zoo: Zoo, model: str, task: str | None) -> None:
    """Raise `MissingPlugin` before anything is fetched for a catalogued model whose task no plugin runs."""
    from zoo.infer import is_inferred

    card = zoo.resolve(model).card
    if not is_inferred(card) and (task is None or task in card.all_tasks):
        zoo.plugins.runner(card.loader, task or card.task)
