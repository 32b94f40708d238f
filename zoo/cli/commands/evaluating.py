"""`zoo evaluate`: how good is a model on data of your own?"""

from __future__ import annotations

from typing import Annotated

import typer

from zoo.cli.options import (
    Batch,
    Data,
    DataOption,
    Device,
    Json,
    Kind,
    LabelColumn,
    MaskColumn,
    Model,
    Offline,
    Quiet,
    SecondColumn,
    SplitColumn,
    TextColumn,
    named,
)

__all__ = ["evaluate"]


def evaluate(
    model: Model,
    folder_or_table: Data = None,
    data: DataOption = None,
    task: Annotated[str | None, typer.Option(help="What the model is run for; its own by itself.")] = None,
    kind: Kind = None,
    slices: Annotated[
        list[str] | None,
        typer.Option(help="A column by whose values the score is broken down, repeatable.", metavar="COLUMN"),
    ] = None,
    part: Annotated[
        str, typer.Option(help="auto (the held-out part where there is one), test, validation, train, all.")
    ] = "auto",
    bias: Annotated[
        bool, typer.Option("--bias", help="Measure associations of words (WEAT, SEAT); needs no data.")
    ] = False,
    seed: Annotated[int, typer.Option(help="Of resamples and permutations.", min=0)] = 0,
    resamples: Annotated[int, typer.Option(help="How many, for the intervals.", min=100)] = 1000,
    text_column: TextColumn = None,
    second_column: SecondColumn = None,
    label_column: LabelColumn = None,
    mask_column: MaskColumn = None,
    split_column: SplitColumn = None,
    device: Device = "auto",
    batch: Batch = None,
    offline: Offline = False,
    quiet: Quiet = False,
    as_json: Json = False,
) -> int:
    """Measure a model on labelled data, each score with its interval, and record it.

    Measured is what was held out: the data's own test part, or what the model did not learn from when it was made from
    this very data. Rows that it did learn from are warned of.

    \b
    Examples:
      zoo evaluate my-model reviews.csv --slices source
      zoo evaluate mobilenetv2_100 --data pictures/ --json
      zoo evaluate all-MiniLM-L6-v2 --bias
    """
    from zoo.cli import evaluating

    columns = named(text=text_column, second=second_column, label=label_column, mask=mask_column, split=split_column)
    return evaluating.evaluate(
        model,
        data or folder_or_table,
        bias=bias,
        columns=columns,
        task=task,
        kind=kind,
        slices=slices or [],
        part=part,
        seed=seed,
        resamples=resamples,
        device=device,
        batch=batch,
        offline=offline,
        quiet=quiet,
        as_json=as_json,
    )
