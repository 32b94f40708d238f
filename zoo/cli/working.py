"""`zoo pull`, `rm`, and `show --options`: call and print."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from zoo.cli.render import emit_json, print_table, safe, size
from zoo.errors import ZooError

if TYPE_CHECKING:
    from zoo.api import Zoo

__all__ = ["open_zoo", "plain_warnings", "pull", "remove", "show_options"]


def open_zoo(offline: bool = False, quiet: bool = False) -> Zoo:
    """The zoo that the environment names, showing progress on a terminal."""
    from zoo.api import Zoo

    return Zoo(offline=True if offline else None, quiet=quiet)


def pull(models: list[str], *, dry_run: bool, force: bool, offline: bool, quiet: bool, as_json: bool) -> int:
    """Fetch models and print where they are; with `dry_run` only what would be fetched."""
    zoo = open_zoo(offline, quiet)
    made: list[dict[str, Any]] = []
    for model in models:
        if dry_run:
            card, plan = zoo.plan(model)
            made.append({"model": card.id, **plan.to_dict()})
        else:
            pulled = zoo.pull(model, force=force)
            made.append(
                {
                    "model": pulled.card.id,
                    "revision": pulled.manifest.revision,
                    "path": str(pulled.path),
                    "size": pulled.manifest.size,
                }
            )
            if not as_json:
                print(f"{pulled.card.id}  {size(pulled.manifest.size)}  {pulled.path}", flush=True)
    if as_json:
        emit_json(made)
    elif dry_run:
        for plan_made in made:
            _print_plan(plan_made)
    return 0


def _print_plan(plan: dict[str, Any]) -> None:
    print(f"{plan['model']}: {size(plan['download']) or 'an unknown number of bytes'} to fetch")
    rows = [
        [file["path"], size(file.get("size")) or "?", "yes" if file["here"] else "", ", ".join(file["origin"])]
        for file in plan["files"]
    ]
    print_table(("file", "size", "here", "origin"), rows, right=("size",), least=("origin",))


def remove(models: list[str], *, as_json: bool) -> int:
    """Remove models and print the bytes freed."""
    zoo = open_zoo()
    made: list[dict[str, Any]] = []
    for model in models:
        freed = zoo.remove(model)
        made.append({"model": model, "freed": freed})
        if not as_json:
            print(f"removed {model}, {size(freed)} freed", flush=True)
    if as_json:
        emit_json(made)
    return 0


@contextmanager
def plain_warnings() -> Iterator[None]:
    """Say that a model is deprecated in one line, and not as Python shows warnings."""
    from zoo.identity import DeprecatedModel

    with warnings.catch_warnings():
        warnings.simplefilter("always", DeprecatedModel)
        others = warnings.showwarning

        def show(message: Any, category: type[Warning], *rest: Any, **more: Any) -> None:
            if issubclass(category, DeprecatedModel):
                print(f"zoo: {safe(str(message))}", file=sys.stderr)
            else:
                others(message, category, *rest, **more)

        warnings.showwarning = show
        yield


def show_options(model: str, *, as_json: bool) -> int:
    """Print all that is known of a model with the options of its tasks."""
    from zoo.cli.card import print_card
    from zoo.models.options import describe_options

    zoo = open_zoo()
    shown = zoo.show(model)
    card = zoo.resolve(model).card
    options: list[dict[str, Any]] = []
    for task in card.all_tasks:
        try:
            runner = zoo.plugins.runner(card.loader, task)
        except ZooError as error:
            print(f"zoo: {error.cause}", file=sys.stderr)
            continue
        options += [{"task": task, **option} for option in describe_options(runner.Options)]
    shown["options"] = options
    if as_json:
        emit_json(shown)
    else:
        print_card(shown)
    return 0
