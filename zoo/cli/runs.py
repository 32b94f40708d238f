"""How the commands of `zoo runs` do their work, and how lists of runs are written."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

from zoo.cli.render import emit_json, print_table, safe, size, when

if TYPE_CHECKING:
    from zoo.registry import Registry
    from zoo.runs import RecordedRun

__all__ = ["compare", "lasted", "list_runs", "report", "rm", "show"]


def list_runs(*, model: str | None, kind: str | None, limit: int, as_json: bool) -> int:
    """Print the runs, the newest first."""
    from zoo.runs import listed

    found = listed(_registry(), model=model, kind=kind, limit=limit)
    if as_json:
        emit_json([run.to_dict() for run in found])
    elif not found:
        print("no runs; `zoo finetune` and `zoo evaluate` make them", file=sys.stderr)
    else:
        print_table(
            ("run", "kind", "model", "method", "data", "score", "outcome", "started", "took"),
            [_row(run) for run in found],
            right=("took",),
            least=("kind", "took", "data", "started", "method"),
        )
    return 0


def _row(run: RecordedRun) -> list[str]:
    score = run.score
    return [
        run.id,
        run.kind or "",
        run.model or "",
        run.method or "",
        run.data or "",
        f"{score.name} {score.value:.3g}" if score else "",
        run.outcome,
        when(run.started.removesuffix("Z")) if run.started else "",
        lasted(run.seconds),
    ]


def lasted(seconds: float | None) -> str:
    """A duration, short: `0.4 s`, `12 s`, `3 min 04 s`, `1 h 05 min`; empty when not known."""
    if seconds is None:
        return ""
    if seconds < 10:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    minutes, rest = divmod(whole, 60)
    return f"{minutes} min {rest:02} s" if minutes < 60 else f"{minutes // 60} h {minutes % 60:02} min"


def show(name: str, *, as_json: bool) -> int:
    """Print all that is known of a run."""
    from zoo.cli.run_card import as_dict, print_run
    from zoo.runs import curves, found

    run = found(_registry(), name)
    if as_json:
        emit_json(as_dict(run))
    else:
        print_run(run, curves(run))
    return 0


def compare(names: Sequence[str], *, as_json: bool) -> int:
    """Print runs side by side."""
    from zoo.cli.run_card import print_comparison
    from zoo.runs import compared, found

    registry = _registry()
    made = compared([found(registry, name) for name in names])
    if as_json:
        emit_json(made.to_dict())
    else:
        print_comparison(made)
    return 0


def report(name: str, *, as_json: bool) -> int:
    """Write a run's papers again."""
    from zoo.reporting import papers_again
    from zoo.runs import found

    registry = _registry()
    run = found(registry, name)
    made = papers_again(registry, run)
    if as_json:
        emit_json({"run": run.id, "files": [str(path) for path in made]})
    else:
        for path in made:
            print(safe(str(path)))
    return 0


def rm(names: Sequence[str], *, checkpoints: bool, as_json: bool) -> int:
    """Remove runs, or their checkpoints."""
    from zoo.runs import found, listed, remove, remove_checkpoints

    registry = _registry()
    runs = [found(registry, name) for name in dict.fromkeys(names)]
    if checkpoints and not names:
        # Of runs that were stopped they are what lets them go on: those are named one by one.
        runs = [run for run in listed(registry) if run.outcome == "done"]
    freed = {run.id: remove_checkpoints(run) if checkpoints else remove(registry, run) for run in runs}
    if as_json:
        emit_json([{"run": run, "freed": count} for run, count in freed.items()])
    elif checkpoints:
        print(f"removed the checkpoints of {sum(map(bool, freed.values()))} runs, {size(sum(freed.values()))}")
    else:
        print(f"removed {', '.join(freed)}, {size(sum(freed.values()))}")
    return 0


def _registry() -> Registry:
    from zoo.registry import Registry

    return Registry(offline=True, quiet=True)
