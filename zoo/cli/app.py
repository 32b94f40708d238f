"""The full application: every command with its options and help. Each calls one function and prints what it gives."""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import typer

from zoo.cli.fast import MOST
from zoo.cli.guard import guarded_call
from zoo.cli.options import Batch, Device, Json, Model, Models, Offline, Quiet

__all__ = ["make_app", "run_app"]


def search(
    words: Annotated[list[str] | None, typer.Argument(help="Words, each matched by its beginning.")] = None,
    task: Annotated[str | None, typer.Option(help="Only this task, such as image-classification.")] = None,
    library: Annotated[str | None, typer.Option(help="Only this library, such as timm.")] = None,
    licence: Annotated[str | None, typer.Option(help="Only weights with this licence, such as Apache-2.0.")] = None,
    installed: Annotated[bool, typer.Option("--installed", help="Only models whose files are here.")] = False,
    limit: Annotated[int, typer.Option(help="At most so many.", min=1, max=MOST)] = 20,
    as_json: Json = False,
) -> int:
    """Find models in the catalog, best first.

    \b
    Examples:
      zoo search resnet
      zoo search sentence --task feature-extraction --json
    """
    from zoo.cli import reading

    return reading.search(
        words or [], task=task, library=library, licence=licence, installed=installed, limit=limit, as_json=as_json
    )


def show(
    model: Model,
    as_json: Json = False,
    options: Annotated[
        bool, typer.Option("--options", help="List the options of its tasks too (imports its plugin).")
    ] = False,
) -> int:
    """Show all facts about a model and where it is from.

    The card, the licences of weights and package, the origin with its hashes, the files that are here, and the lineage.

    \b
    Example:
      zoo show mobilenetv2_100
    """
    from zoo.cli import reading, working

    return working.show_options(model, as_json=as_json) if options else reading.show(model, as_json=as_json)


def list_models(as_json: Json = False) -> int:
    """List the models whose files are here."""
    from zoo.cli import reading

    return reading.list_models(as_json=as_json)


def pull(
    models: Models,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Print files and sizes, and fetch nothing.")] = False,
    force: Annotated[bool, typer.Option("--force", help="Ask the origin again although a revision is here.")] = False,
    offline: Offline = False,
    quiet: Quiet = False,
    as_json: Json = False,
) -> int:
    """Fetch models: resumed, verified, whole or not at all.

    \b
    Examples:
      zoo pull mobilenetv2_100
      zoo pull whisper-base --dry-run
    """
    from zoo.cli import working

    return working.pull(models, dry_run=dry_run, force=force, offline=offline, quiet=quiet, as_json=as_json)


def rm(models: Models, as_json: Json = False) -> int:
    """Remove the files of models.

    Bytes that other models share stay. The card stays too, unless the model was made here.

    \b
    Example:
      zoo rm mobilenetv2_100
    """
    from zoo.cli import working

    return working.remove(models, as_json=as_json)


def predict(
    model: Model,
    inputs: Annotated[
        list[str] | None,
        typer.Argument(
            help="Files, folders, globs or texts; - reads them from standard input, one per line.",
            metavar="INPUT",
            show_default=False,
        ),
    ] = None,
    task: Annotated[str | None, typer.Option(help="One of the model's tasks; its main one when not given.")] = None,
    settings: Annotated[
        list[str] | None,
        typer.Option(
            "--set", help="An option of the task, repeatable; `zoo show --options` lists them.", metavar="N=V"
        ),
    ] = None,
    save: Annotated[Path | None, typer.Option(help="Write pictures of the results here.", metavar="DIR")] = None,
    url: Annotated[bool, typer.Option("--url", help="Fetch inputs that are https:// URLs.")] = False,
    device: Device = "auto",
    dtype: Annotated[str, typer.Option(help="Floating-point type: auto, float32, float16, bfloat16.")] = "auto",
    batch: Batch = None,
    offline: Offline = False,
    quiet: Quiet = False,
    as_json: Json = False,
) -> int:
    """Run a model on pictures, texts or recordings.

    One line per input on standard output, one JSON object per line with --json. An input that cannot be used is named
    on standard error, the others go on, and the exit code tells.

    \b
    Examples:
      zoo predict mobilenetv2_100 cat.jpg pictures/ --save out
      zoo predict all-MiniLM-L6-v2 "A cat sat." --json
      ls *.jpg | zoo predict mobilenetv2_100 -
    """
    from zoo.cli import predicting

    return predicting.predict(
        model,
        inputs or [],
        task=task,
        settings=settings or [],
        save=save,
        url=url,
        device=device,
        dtype=dtype,
        batch=batch,
        offline=offline,
        quiet=quiet,
        as_json=as_json,
    )


def finetune(
    model: Model,
    folder_or_table: Annotated[
        str | None,
        typer.Argument(
            help="Folder with one sub-folder of pictures per class, or a CSV, TSV, JSONL or Parquet file.",
            metavar="DATA",
            show_default=False,
        ),
    ] = None,
    data: Annotated[str | None, typer.Option(help="The same as an option.", metavar="DATA")] = None,
    name: Annotated[
        str | None, typer.Option(help="Name of the new model; made from base and data if not given.")
    ] = None,
    task: Annotated[str | None, typer.Option(help="image-classification or text-classification.")] = None,
    method: Annotated[str, typer.Option(help="auto, or probe: a linear head on fixed features.")] = "auto",
    test_size: Annotated[float, typer.Option(help="Share of the data that is held out.")] = 0.2,
    limit: Annotated[int | None, typer.Option(help="Use only so many examples, stratified.", min=1)] = None,
    seed: Annotated[int, typer.Option(help="Of the split and the folds.")] = 0,
    text_column: Annotated[str | None, typer.Option(help="Column of the texts, for tables.")] = None,
    label_column: Annotated[str | None, typer.Option(help="Column of the labels, for tables.")] = None,
    device: Device = "auto",
    batch: Batch = None,
    offline: Offline = False,
    quiet: Quiet = False,
    as_json: Json = False,
) -> int:
    """Adapt a model to labelled data.

    The result is a new model with its lineage; it can be used at once.

    \b
    Examples:
      zoo finetune mobilenetv2_100 pets/ --name my-pets
      zoo finetune all-MiniLM-L6-v2 --data reviews.csv
    """
    from zoo.cli import working

    if (folder_or_table is None) == (data is None):
        raise typer.BadParameter("name the data once: as `zoo finetune MODEL DATA`, or with --data", param_hint="DATA")
    return working.finetune(
        model,
        folder_or_table or data or "",
        offline=offline,
        quiet=quiet,
        as_json=as_json,
        name=name,
        task=task,
        method=method,
        test_size=test_size,
        limit=limit,
        seed=seed,
        text_column=text_column,
        label_column=label_column,
        device=device,
        batch=batch,
    )


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


def plugin_list(as_json: Json = False) -> int:
    """List the plugins, the broken ones with their reason."""
    from zoo.cli import checking

    return checking.plugin_list(as_json=as_json)


def plugin_sync(as_json: Json = False) -> int:
    """Read the cards of all plugins again, although no package changed."""
    from zoo.cli import checking

    return checking.plugin_sync(as_json=as_json)


def _version(wanted: bool) -> None:
    if wanted:
        from zoo import __version__

        print(f"zoo {__version__}")
        raise typer.Exit


def make_app() -> typer.Typer:
    """The application with the zoo's own commands."""
    # Plain help: rich's rendering costs as much as everything else that `zoo --help` does.
    app = typer.Typer(
        name="zoo",
        help="A registry of pretrained models: find, fetch, verify, run and fine-tune them.",
        no_args_is_help=True,
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"]},
    )

    def options(
        version: Annotated[
            bool, typer.Option("--version", help="Print the version and exit.", callback=_version, is_eager=True)
        ] = False,
    ) -> None:
        pass

    app.callback()(options)
    commands: dict[str, Callable[..., int]] = {
        "search": search,
        "show": show,
        "pull": pull,
        "list": list_models,
        "rm": rm,
        "predict": predict,
        "finetune": finetune,
        "doctor": doctor,
    }
    for name, run in commands.items():
        app.command(name)(_ending(run))
    plugins = typer.Typer(help="See what supplies models, loaders and tasks.", no_args_is_help=True)
    plugins.command("list")(_ending(plugin_list))
    plugins.command("sync")(_ending(plugin_sync))
    app.add_typer(plugins, name="plugin")
    return app


def _ending(run: Callable[..., int]) -> Callable[..., None]:
    """The command, ending the process with the exit code that it returns.

    It is guarded here already: Typer has ways of its own with Ctrl-C and with a closed pipe.
    """

    @functools.wraps(run)
    def command(*args: Any, **options: Any) -> None:
        if code := guarded_call(lambda: run(*args, **options)):
            raise typer.Exit(code)

    return command


OWN_COMMANDS = frozenset({"search", "show", "pull", "list", "rm", "predict", "finetune", "doctor", "plugin"})


def run_app(args: list[str]) -> int:
    """Run the application; returns the exit code."""
    app = make_app()
    if args and not args[0].startswith("-") and args[0] not in OWN_COMMANDS:
        _add_plugin_commands(app)
    try:
        app(args, prog_name="zoo")
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else int(end.code is not None)
    return 0


def _add_plugin_commands(app: typer.Typer) -> None:
    """Let plugins add commands; one that fails is named and left out."""
    from zoo.registry import Registry

    for name, add in Registry().plugins.each_command():
        try:
            add(app)
        except Exception as error:  # a plugin may raise anything, and must not take the command line down
            print(f"zoo: plugin {name} could not add its commands: {error}", file=sys.stderr)


def run() -> None:
    """Entry point for tests of the full application without the short cut."""
    sys.exit(guarded_call(lambda: run_app(sys.argv[1:])))
