"""`zoo plugin check`: does a plugin keep its promises?"""

from __future__ import annotations

from typing import Annotated

import typer

from zoo.cli.commands.plugins import plugin_names
from zoo.cli.options import Json

__all__ = ["plugin_check"]


def _checks(incomplete: str) -> list[str]:
    from zoo.conformance import CHECKS

    return [check for check in CHECKS if check.startswith(incomplete)]


def plugin_check(
    name: Annotated[
        str,
        typer.Argument(help="A plugin, as `zoo plugin list` names it.", autocompletion=plugin_names, metavar="NAME"),
    ],
    case: Annotated[
        list[str] | None,
        typer.Option(help="Only cases in whose names this occurs; several times for several.", metavar="TEXT"),
    ] = None,
    only: Annotated[
        list[str] | None,
        typer.Option(help="Only this check; several times for several.", autocompletion=_checks, metavar="CHECK"),
    ] = None,
    no_run: Annotated[bool, typer.Option("--no-run", help="Load no model: hooks and cards only.")] = False,
    offline: Annotated[bool, typer.Option("--offline", help="Fetch no model to try it.")] = False,
    badge: Annotated[bool, typer.Option("--badge", help="End with a line of markdown for a README.")] = False,
    write_golden: Annotated[
        bool, typer.Option("--write-golden", help="Write the golden files in place of comparing with them.")
    ] = False,
    as_json: Json = False,
) -> int:
    """Try what a plugin promises, and print what came of each check.

    Hooks, cards, and for each case (one small model for each loader and task): loading without the network, results,
    batches, order, memory, threads, bad inputs, learning and keeping. Ends with exit code 1 when a check failed.

    \b
    Examples:
      zoo plugin check zoo-nlp --no-run
      zoo plugin check zoo-mine --case tiny --only batched
    """
    from zoo.cli import conformance

    return conformance.check(
        name,
        cases=case or [],
        only=only or [],
        run=not no_run,
        offline=offline,
        badge=badge,
        write_golden=write_golden,
        as_json=as_json,
    )
