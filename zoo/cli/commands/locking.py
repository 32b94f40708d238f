"""`zoo outdated`, `zoo lock` and `zoo pull --locked`: what moved upstream, and the same revisions elsewhere."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from zoo.cli.options import Json, Offline, Quiet, model_names
from zoo.cli.render import emit_json, number, print_error, print_table, safe, size, when

if TYPE_CHECKING:
    from zoo.lockfile import Lock
    from zoo.registry import Registry
    from zoo.upstream import Finding

__all__ = ["LOCK_FILE", "lock", "outdated", "pull_locked"]

LOCK_FILE = "zoo.lock"
MOVED = 1
UNASKED = 6

Chosen = Annotated[
    list[str] | None,
    typer.Argument(
        help="Names of models, each with @REV for another than the newest revision; all if not given.",
        autocompletion=model_names,
        metavar="MODEL",
        show_default=False,
    ),
]


def outdated(models: Chosen = None, offline: Offline = False, quiet: Quiet = False, as_json: Json = False) -> int:
    """Show which installed models moved upstream.

    Asked are the hub, web servers, folders and the catalog, wherever the files came from.

    Ends with exit code 0 when all are current, 1 when one moved, and 6 when none is known to have moved, but an origin
    could not be asked. A later release of a package is shown, and changes nothing: packages are pinned.

    \b
    Examples:
      zoo outdated
      zoo outdated mobilenetv2_100 --json
    """
    from zoo.upstream import outdated as survey

    zoo = _registry(offline)
    with _bar(quiet) as report:
        findings = survey(zoo, models or (), report=report)
    if as_json:
        emit_json([finding.to_dict() for finding in findings])
    else:
        _print_findings(findings)
    states = {finding.state for finding in findings}
    return MOVED if "moved" in states else UNASKED if "unknown" in states else 0


def _print_findings(findings: Sequence[Finding]) -> None:
    shown = [finding for finding in findings if finding.state in {"moved", "newer"}]
    if shown:
        rows = [[f.model, f.installed, f.upstream, when(f.since), f.how or "pinned by its card", f.why] for f in shown]
        columns = ("model", "installed", "upstream", "since", "how to get it", "why")
        print_table(columns, rows, least=("why", "since"))
    for finding in findings:
        if finding.state == "unknown":
            print(f"zoo: {finding.model} was not compared: {safe(finding.why)}", file=sys.stderr)
    counted = {state: sum(finding.state == state for finding in findings) for state in ("current", "local", "unknown")}
    parts = [f"{counted['current']} of {len(findings)} current"]
    parts += [f"{counted['local']} made here"] if counted["local"] else []
    parts += [f"{counted['unknown']} not compared"] if counted["unknown"] else []
    print(", ".join(parts) if findings else "nothing is installed yet", file=sys.stderr)


@contextmanager
def _bar(quiet: bool) -> Iterator[Callable[[int, int], None]]:
    """How far the survey is, on standard error, on a terminal only."""
    if quiet or not sys.stderr.isatty():
        yield lambda done, total: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("asking the origins", total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)


def lock(
    models: Chosen = None,
    output: Annotated[
        Path, typer.Option("--output", "-o", help="The lock file; - writes to standard output.", metavar="FILE")
    ] = Path(LOCK_FILE),
    check: Annotated[bool, typer.Option("--check", help="Compare what is installed with the file instead.")] = False,
    as_json: Json = False,
) -> int:
    """Write down the exact revisions that are installed.

    They are told down to each file's sha256, so that `zoo pull --locked` has them elsewhere.

    The same models give the same file: there is no time in it. With --check it ends with exit code 1 when what the file
    says is not here.

    \b
    Examples:
      zoo lock
      zoo lock mobilenetv2_100 my-model@prod -o prod.lock
      zoo lock --check
    """
    from zoo import lockfile

    zoo = _registry()
    if check:
        return _check(zoo, lockfile.Lock.read(output), models or [], output, as_json)
    made, left = lockfile.make_lock(zoo, models or ())
    for out in left:
        print(f"zoo: {out.model} is left out: {safe(out.why)}", file=sys.stderr)
    for locked in made.models:
        if "file" in locked.schemes:
            print(
                f"zoo: {locked.model} comes from a folder of this machine, and can be had only there", file=sys.stderr
            )
    if str(output) == "-":
        sys.stdout.write(made.text())
        return 0
    changed = made.write(output)
    if as_json:
        facts = [{"model": m.model, "revision": m.revision} for m in made.models]
        emit_json({"file": str(output), "changed": changed, "models": facts, "left_out": [vars(out) for out in left]})
    else:
        print(f"{output}: {_count(made)}{'' if changed else ', as before'}")
    return 0


def _count(made: Lock) -> str:
    return "1 model" if len(made.models) == 1 else f"{len(made.models)} models"


def _check(zoo: Registry, held: Lock, models: list[str], path: Path, as_json: bool) -> int:
    from zoo.lockfile import differences

    found = differences(zoo, held, models)
    fails = [difference for difference in found if difference.fails]
    if as_json:
        emit_json([difference.to_dict() for difference in found])
    else:
        for difference in found:
            stream = sys.stdout if difference.fails else sys.stderr
            print(f"{difference.model}: {safe(difference.text)}", file=stream)
        if fails:
            print(f"`zoo pull --locked {path}` brings them here, `zoo lock` locks what is here", file=sys.stderr)
        else:
            print(f"{path}: {_count(held)}, all here as locked")
    return 1 if fails else 0


def pull_locked(arguments: list[str], *, dry_run: bool, force: bool, offline: bool, quiet: bool, as_json: bool) -> int:
    """`zoo pull --locked [FILE] [MODEL]...`: fetch the locked revisions; the exit code is that of the first failure.

    Args:
        arguments: of the command: the lock file, if the first names one, and models of it.
        dry_run, force, offline, quiet, as_json: as of `zoo pull`.
    """
    from zoo.lockfile import Lock, fetch_locked
    from zoo.store import terminal_progress

    path, models = _split(arguments)
    zoo, held = _registry(offline), Lock.read(path)
    if dry_run:
        return _plan(zoo, held, models, as_json)
    made: list[dict[str, Any]] = []
    code = 0
    for fetched in fetch_locked(zoo, held, models, force=force, progress=None if quiet else terminal_progress()):
        made.append(fetched.to_dict())
        if fetched.error is not None:
            code = code or fetched.error.exit_code
            print_error(fetched.error)
        elif not as_json:
            print(f"{fetched.model}@{fetched.revision[:12]}  {size(fetched.size)}  {fetched.path}", flush=True)
        for note in fetched.notes:
            print(f"zoo: {fetched.model}: {safe(note)}", file=sys.stderr)
    if as_json:
        emit_json(made)
    return code


def _split(arguments: list[str]) -> tuple[Path, list[str]]:
    """The lock file and the models that a command line names."""
    if arguments and (arguments[0].endswith(".lock") or Path(arguments[0]).is_file()):
        return Path(arguments[0]), arguments[1:]
    return Path(LOCK_FILE), arguments


def _plan(zoo: Registry, held: Lock, models: list[str], as_json: bool) -> int:
    from zoo.lockfile import plan_locked

    plans = [(locked, plan) for locked, plan in plan_locked(zoo, held, models)]
    if as_json:
        emit_json([{**plan.to_dict(), "revision": locked.revision} for locked, plan in plans])
        return 0
    rows = [
        [locked.model, locked.revision[:12], size(plan.download) or "", number(len(plan.files)), _here(plan.installed)]
        for locked, plan in plans
    ]
    print_table(("model", "revision", "to fetch", "files", "here"), rows, right=("to fetch", "files"))
    return 0


def _here(installed: str | None) -> str:
    return "yes" if installed else ""


def _registry(offline: bool = False) -> Registry:
    from zoo.registry import Registry

    return Registry(offline=True if offline else None)
