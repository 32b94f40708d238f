"""`zoo evaluate`: how good is a model on data of your own?"""

from __future__ import annotations

from typing import Annotated

import typer

from zoo.cli.options import Batch, Device, Json, Model, Offline, Quiet

__all__ = ["evaluate"]


def evaluate(
    model: Model,
    folder_or_table: Annotated[
        str | None,
        typer.Argument(
            help="Folder with one sub-folder per class, a CSV, TSV, JSONL or Parquet file, or hf:owner/data-set.",
            metavar="DATA",
            show_default=False,
        ),
    ] = None,
    data: Annotated[str | None, typer.Option(help="The same as an option.", metavar="DATA")] = None,
    task: Annotated[str | None, typer.Option(help="What the model is run for; its own by itself.")] = None,
    kind: Annotated[
        str | None,
        typer.Option(help="Form of the labels: single, multi, regression, tags, pairs, scored, text, mask."),
    ] = None,
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
    text_column: Annotated[str | None, typer.Option(help="Column of the texts, for tables.")] = None,
    second_column: Annotated[str | None, typer.Option(help="Column of the second texts, for pairs.")] = None,
    label_column: Annotated[str | None, typer.Option(help="Column of the labels, for tables.")] = None,
    mask_column: Annotated[str | None, typer.Option(help="Column of the masks' paths, for tables.")] = None,
    split_column: Annotated[str | None, typer.Option(help="Column that says train, validation or test.")] = None,
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

    columns = {
        "text": text_column,
        "second": second_column,
        "label": label_column,
        "mask": mask_column,
        "split": split_column,
    }
    return evaluating.evaluate(
        model,
        data or folder_or_table,
        bias=bias,
        columns={role: name for role, name in columns.items() if name is not None},
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
