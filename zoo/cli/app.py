"""The application: which command is where, and how commands end."""

from __future__ import annotations

import functools
import importlib
import os
import sys
from collections.abc import Callable, Mapping
from typing import Annotated, Any

import typer

from zoo.cli.guard import guarded_call

__all__ = ["COMMANDS", "GROUPS", "USUAL", "make_app", "run_app"]

# Each command with its `module:function` in `zoo.cli.commands`, in the order of the help; imported when it is needed.
COMMANDS: Mapping[str, str] = {
    "search": "searching:search",
    "show": "models:show",
    "compare": "searching:compare",
    "lineage": "lineage:lineage",
    "pull": "models:pull",
    "list": "models:list_models",
    "rm": "models:rm",
    "predict": "using:predict",
    "finetune": "finetuning:finetune",
    "evaluate": "evaluating:evaluate",
    "recommend": "choosing:recommend",
    "fit": "fitting:fit",
    "devices": "running:devices",
    "ps": "running:ps",
    "deprecate": "naming:deprecate",
    "outdated": "locking:outdated",
    "lock": "locking:lock",
    "publish": "publishing:publish",
    "doctor": "checking:doctor",
}
GROUPS: Mapping[str, tuple[str, Mapping[str, str]]] = {
    "runs": (
        "What was done: fine-tuning and evaluations, their settings, curves and scores.",
        {
            "list": "runs:runs_list",
            "show": "runs:runs_show",
            "compare": "runs:runs_compare",
            "report": "runs:runs_report",
            "rm": "runs:runs_rm",
        },
    ),
    "data": (
        "Look through data before a model learns from it, and bring labelled boxes into another form.",
        {"doctor": "data:doctor", "convert": "data:convert"},
    ),
    "alias": (
        "Names of your own for revisions: my-model@prod.",
        {
            "set": "naming:alias_set",
            "unset": "naming:alias_unset",
            "list": "naming:alias_list",
            "history": "naming:alias_history",
        },
    ),
    "tag": (
        "Words of your own for models, which searches find.",
        {"add": "labelling:tag_add", "remove": "labelling:tag_remove", "list": "labelling:tag_list"},
    ),
    "note": (
        "Notes about models.",
        {"add": "labelling:note_add", "remove": "labelling:note_remove", "list": "labelling:note_list"},
    ),
    "catalog": (
        "Bring model cards in and out, and correct their facts.",
        {
            "sync": "catalog:sync",
            "add": "catalog:add",
            "remove": "catalog:remove",
            "template": "catalog:template",
            "import": "catalog:import_",
            "export": "catalog:export",
            "feeds": "catalog:feeds",
            "drop": "catalog:drop",
            "edit": "catalog:edit",
            "reset": "catalog:reset",
            "edits": "catalog:edits",
        },
    ),
    "plugin": (
        "See what supplies models, loaders and tasks.",
        {
            "list": "plugins:plugin_list",
            "sync": "plugins:plugin_sync",
            "enable": "plugins:plugin_enable",
            "disable": "plugins:plugin_disable",
            "approve": "plugins:plugin_approve",
            "policy": "plugins:plugin_policy",
            "check": "conformance:plugin_check",
            "new": "authoring:new",
            "add": "plugin_folders:add",
            "remove": "plugin_folders:remove",
        },
    ),
}
# What a group does when none of its commands is named.
USUAL: Mapping[str, str] = {"runs": "list"}


def _version(wanted: bool) -> None:
    if wanted:
        from zoo import __version__

        print(f"zoo {__version__}")
        raise typer.Exit


def _options(
    version: Annotated[
        bool, typer.Option("--version", help="Print the version and exit.", callback=_version, is_eager=True)
    ] = False,
) -> None:
    pass


def make_app(only: str | None = None) -> typer.Typer:
    """The application with the zoo's own commands, or with one command or group alone, which starts faster."""
    # Plain help: rich's rendering costs as much as everything else that `zoo --help` does.
    app = typer.Typer(
        name="zoo",
        help="A registry of pretrained models: find, fetch, verify, run and fine-tune them.",
        no_args_is_help=True,
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    app.callback()(_options)
    for name, where in COMMANDS.items():
        if only in {None, name}:
            app.command(name)(_command(where))
    for name, (text, commands) in GROUPS.items():
        if only in {None, name}:
            group = typer.Typer(help=text, no_args_is_help=True)
            for command, where in commands.items():
                group.command(command)(_command(where))
            app.add_typer(group, name=name)
    return app


def _command(where: str) -> Callable[..., None]:
    """The command, ending the process with the exit code that its function returns.

    It is guarded here already: Typer has ways of its own with Ctrl-C and with a closed pipe.
    """
    module, _, name = where.partition(":")
    run: Callable[..., int] = getattr(importlib.import_module(f"zoo.cli.commands.{module}"), name)

    @functools.wraps(run)
    def command(*args: Any, **options: Any) -> None:
        if code := guarded_call(lambda: run(*args, **options)):
            raise typer.Exit(code)

    return command


def run_app(args: list[str]) -> int:
    """Run the application; returns the exit code."""
    args = _in_full(args)
    first = args[0] if args else ""
    own = first in COMMANDS or first in GROUPS
    app = make_app(first if own and "_ZOO_COMPLETE" not in os.environ else None)
    if first and not first.startswith("-") and not own:
        _add_plugin_commands(app)
    try:
        app(args, prog_name="zoo")
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else int(end.code is not None)
    return 0


def _in_full(args: list[str]) -> list[str]:
    """The arguments with the command that a group alone stands for: `zoo runs` is `zoo runs list`."""
    usual = USUAL.get(args[0]) if args else None
    alone = usual and (len(args) == 1 or (args[1].startswith("-") and args[1] not in {"-h", "--help"}))
    return [args[0], str(usual), *args[1:]] if alone else args


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
