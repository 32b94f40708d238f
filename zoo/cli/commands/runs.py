"""`zoo runs`: what was done, with what, and what came of it."""

from __future__ import annotations

from typing import Annotated

import typer

from zoo.cli.options import Json, model_names, run_names

__all__ = ["runs_compare", "runs_list", "runs_report", "runs_rm", "runs_show"]

Run = Annotated[
    str,
    typer.Argument(
        help="A run's id, or the beginning of it, or `last`.",
        autocompletion=run_names,
        metavar="RUN",
        show_default=False,
    ),
]


def runs_list(
    model: Annotated[
        str | None, typer.Option(help="Only runs that made, judged or began with it.", autocompletion=model_names)
    ] = None,
    kind: Annotated[str | None, typer.Option(help="Only runs of a kind: finetune, evaluate.")] = None,
    limit: Annotated[int, typer.Option(help="At most so many, the newest.", min=1)] = 20,
    as_json: Json = False,
) -> int:
    """List the runs, the newest first.

    \b
    Examples:
      zoo runs
      zoo runs list --model my-pets --kind finetune
    """
    from zoo.cli import runs

    return runs.list_runs(model=model, kind=kind, limit=limit, as_json=as_json)


def runs_show(run: Run, as_json: Json = False) -> int:
    """Show a run: settings, data, scores, curves, and how to do it again or go on with it.

    \b
    Examples:
      zoo runs show last
      zoo runs show 20260131-09
    """
    from zoo.cli import runs

    return runs.show(run, as_json=as_json)


def runs_compare(
    names: Annotated[
        list[str],
        typer.Argument(
            help="Ids of two runs or more.", autocompletion=run_names, metavar="RUN RUN...", show_default=False
        ),
    ],
    as_json: Json = False,
) -> int:
    """Set runs side by side: settings that differ, whether their data is the same, scores with intervals.

    \b
    Example:
      zoo runs compare 20260131-090000-1f3a9c last
    """
    from zoo.cli import runs

    return runs.compare(names, as_json=as_json)


def runs_report(run: Run, as_json: Json = False) -> int:
    """Write a run's report.html and model card again, and print their paths.

    \b
    Example:
      zoo runs report last
    """
    from zoo.cli import runs

    return runs.report(run, as_json=as_json)


def runs_rm(
    names: Annotated[
        list[str] | None,
        typer.Argument(
            help="Ids of runs; with --checkpoints all that are done if none is named.",
            autocompletion=run_names,
            metavar="RUN",
            show_default=False,
        ),
    ] = None,
    checkpoints: Annotated[
        bool, typer.Option("--checkpoints", help="Remove saved states of training only, and keep the runs.")
    ] = False,
    as_json: Json = False,
) -> int:
    """Remove runs with their reports; the models that they made stay.

    A run that was stopped cannot go on without its checkpoints.

    \b
    Examples:
      zoo runs rm 20260131-090000-1f3a9c
      zoo runs rm --checkpoints
    """
    from zoo.cli import runs

    if not names and not checkpoints:
        raise typer.BadParameter("name a run, or --checkpoints", param_hint="RUN")
    return runs.rm(names or [], checkpoints=checkpoints, as_json=as_json)
