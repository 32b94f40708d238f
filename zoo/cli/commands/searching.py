"""`zoo search`: find models; `zoo compare`: side by side."""

from __future__ import annotations

from typing import Annotated

import typer

from zoo.cli.fast import MOST
from zoo.cli.options import Batch, Device, Json, LabelColumn, Offline, Quiet, TextColumn, model_names, named

__all__ = ["compare", "search"]


def search(
    words: Annotated[
        list[str] | None,
        typer.Argument(
            help="Words and fields, such as vit 'params<30M' licence:permissive; - before one excludes.",
            metavar="QUERY",
            show_default=False,
        ),
    ] = None,
    task: Annotated[str | None, typer.Option(help="Only this task, such as image-classification.")] = None,
    library: Annotated[str | None, typer.Option(help="Only this library, such as timm.")] = None,
    licence: Annotated[str | None, typer.Option(help="Only weights with this licence, such as Apache-2.0.")] = None,
    installed: Annotated[bool, typer.Option("--installed", help="Only models whose files are here.")] = False,
    sort: Annotated[
        str | None,
        typer.Option(help="By params, size, macs, published, top1 …; - before it turns the order.", metavar="FIELD"),
    ] = None,
    columns: Annotated[
        str | None, typer.Option(help="What to show: model,params,top1 …", metavar="NAMES", show_default=False)
    ] = None,
    limit: Annotated[int, typer.Option(help="At most so many.", min=1, max=MOST)] = 20,
    page: Annotated[
        int | None, typer.Option(help="Which page of so many.", min=1, max=MOST, show_default=False)
    ] = None,
    offset: Annotated[
        int | None, typer.Option(help="Leave out the first so many.", min=0, max=MOST, show_default=False)
    ] = None,
    facets: Annotated[
        bool, typer.Option("--facets", help="Count by task, licence, library, or the facets named after it.")
    ] = False,
    similar_to: Annotated[
        str | None, typer.Option(help="Models like this one instead.", metavar="MODEL", autocompletion=model_names)
    ] = None,
    as_json: Json = False,
) -> int:
    """Find models in the catalog, best first.

    Fields: task library licence lang dataset family arch owner tag feed loader base id, params macs size input
    classes downloads published, installed deprecated, and any metric such as top1. Quote < and > from the shell.

    \b
    Examples:
      zoo search resnet
      zoo search speech to text lang:de
      zoo search task:image-classification 'params<30M' 'top1>80' licence:permissive --sort top1
      zoo search vit --facets
      zoo search --similar-to resnet50
    """
    from zoo.cli import searching

    return searching.search(
        words or [],
        task=task,
        library=library,
        licence=licence,
        installed=installed,
        sort=sort,
        columns=columns,
        limit=limit,
        page=page,
        offset=offset,
        facets=facets,
        similar_to=similar_to,
        as_json=as_json,
    )


def compare(
    models: Annotated[
        list[str] | None,
        typer.Argument(
            help="Names of 2 to 20 models.", autocompletion=model_names, metavar="MODEL", show_default=False
        ),
    ] = None,
    query: Annotated[
        str | None, typer.Option(help="Compare what `zoo search` finds for this instead.", metavar="TEXT")
    ] = None,
    limit: Annotated[int, typer.Option(help="With --query, at most so many.", min=2, max=20)] = 10,
    plot: Annotated[bool, typer.Option("--plot", help="Draw score against size with characters.")] = False,
    data: Annotated[
        str | None,
        typer.Option(help="Run them all on this labelled data, and say which differ for certain.", metavar="DATA"),
    ] = None,
    task: Annotated[str | None, typer.Option(help="With --data, what the models are run for.")] = None,
    part: Annotated[
        str, typer.Option(help="With --data: auto (what was held out), test, validation, train, all.")
    ] = "auto",
    seed: Annotated[int, typer.Option(help="With --data, of resamples and permutations.", min=0)] = 0,
    text_column: TextColumn = None,
    label_column: LabelColumn = None,
    device: Device = "auto",
    batch: Batch = None,
    offline: Offline = False,
    quiet: Quiet = False,
    as_json: Json = False,
) -> int:
    """Set models side by side, the best of each number marked; with --data, on the same examples.

    Without data, what the catalog knows is compared, and nothing is run.

    Scores are compared only where the same measure was taken on the same data. Of models with such a score it says
    which of them are beaten by another that is no larger and no worse.

    \b
    Examples:
      zoo compare resnet50 mobilenetv2_100
      zoo compare --query "task:image-classification top1>80 params<30M" --plot
      zoo compare my-reviews my-reviews-full --data reviews.csv
    """
    if data is not None:
        from zoo.cli.evaluating import compare_on

        if query is not None or plot:
            raise typer.BadParameter("models that are run on data are named", param_hint="--query, --plot")
        columns = named(text=text_column, label=label_column)
        return compare_on(
            models or [],
            data,
            task=task,
            part=part,
            seed=seed,
            columns=columns,
            device=device,
            batch=batch,
            offline=offline,
            quiet=quiet,
            as_json=as_json,
        )
    from zoo.cli import comparing

    return comparing.compare(models or [], query=query, limit=limit, plot=plot, as_json=as_json)
