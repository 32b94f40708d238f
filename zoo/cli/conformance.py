"""`zoo plugin check`: call and print."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from zoo.cli.render import emit_json, print_table, safe
from zoo.cli.working import open_zoo

if TYPE_CHECKING:
    from zoo.conformance import Outcome, Report, Trial

__all__ = ["check"]


def check(
    name: str,
    *,
    cases: list[str],
    only: list[str],
    run: bool,
    offline: bool,
    badge: bool,
    write_golden: bool,
    as_json: bool,
) -> int:
    """Try a plugin and print the table; exit code 1 when a check failed."""
    from zoo.conformance import examine

    report = examine(
        open_zoo(offline),
        name,
        cases=cases,
        only=only,
        run=run,
        write_golden=write_golden,
        tell=_tell if sys.stderr.isatty() else None,
    )
    if as_json:
        emit_json(report.to_dict())
    else:
        _print(report)
    if badge and not as_json:
        print(report.badge)
    return 1 if report.counts["failed"] else 0


def _tell(trial: Trial, outcome: Outcome | None) -> None:
    """What is being tried now, on a line of its own that goes away."""
    line = "" if outcome else safe(f"{trial.about}: {trial.check}")[:78]
    print(f"\r{line:<79}" if line else f"\r{'':79}\r", end="", file=sys.stderr, flush=True)


def _print(report: Report) -> None:
    """The table; then what failed in full, since a terminal may cut the table's lines; then the summary."""
    from zoo.conformance import COLUMNS

    print_table(COLUMNS, report.rows())
    failed = [outcome for outcome in report.outcomes if outcome.state == "failed"]
    for outcome in failed if sys.stdout.isatty() else ():
        print(f"\n{safe(outcome.check)}, {safe(outcome.about)}:\n  {safe(outcome.detail)}")
    print(f"\n{safe(report.summary)}")
