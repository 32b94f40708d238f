"""`zoo doctor`: is all well?"""

from __future__ import annotations

from typing import Annotated

import typer

from zoo.cli.options import Json

__all__ = ["doctor"]


def doctor(
    deep: Annotated[bool, typer.Option("--deep", help="Read every file again and compare its hash.")] = False,
    fix: Annotated[bool, typer.Option("--fix", help="Mend what can be mended without losing anything.")] = False,
    as_json: Json = False,
) -> int:
    """Check catalog, store, plugins and devices.

    Ends with exit code 1 when something is wrong.
    """
    from zoo.cli import checking

    return checking.doctor(deep=deep, fix=fix, as_json=as_json)
