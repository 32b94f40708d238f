"""`zoo lineage`: from what a model was made, and what was made from it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from zoo.cli.fast import MOST
from zoo.cli.options import Json, Model

__all__ = ["lineage"]


def lineage(
    model: Model,
    dot: Annotated[bool, typer.Option("--dot", help="Print a graph for Graphviz.")] = False,
    mermaid: Annotated[bool, typer.Option("--mermaid", help="Print a Mermaid flowchart.")] = False,
    as_json: Json = False,
    depth: Annotated[
        int | None, typer.Option(help="Follow at most so many steps up and down.", min=1, max=MOST)
    ] = None,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Write into this file.", metavar="FILE", show_default=False)
    ] = None,
    strict: Annotated[bool, typer.Option("--strict", help="End with exit code 1 where licences conflict.")] = False,
) -> int:
    """Draw what a model was made from and what was made from it.

    Each model with its licence, each step with its run; then what the bases' licences ask, and where they conflict.

    \b
    Examples:
      zoo lineage my-pets
      zoo lineage my-pets --mermaid -o lineage.mmd
    """
    from zoo.cli import pedigree

    return pedigree.lineage(model, dot=dot, mermaid=mermaid, as_json=as_json, depth=depth, output=output, strict=strict)
