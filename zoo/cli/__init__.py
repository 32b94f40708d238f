"""The command line: parse, call, print. Nothing else is decided here.

`main` first tries the short cut for the reading commands, which imports neither Typer nor SQLAlchemy, then the full
application.
"""

from __future__ import annotations

import io
import sys

__all__ = ["main"]


def main() -> None:
    """Entry point of the command `zoo`; ends the process with the command's exit code."""
    from zoo.cli.guard import guarded_call

    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")  # a letter that the output's encoding lacks is no reason to fail
    sys.exit(guarded_call(lambda: _run(sys.argv[1:])))


def _run(args: list[str]) -> int:
    from zoo.cli.fast import run_fast

    code = run_fast(args)
    if code is not None:
        return code
    from zoo.cli.app import run_app

    return run_app(args)
