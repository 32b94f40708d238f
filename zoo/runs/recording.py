"""The record of a run, kept while it runs: `$ZOO_HOME/runs/ID/record.json`, and its line in the catalog."""

from __future__ import annotations

import contextlib
import math
import os
import secrets
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from zoo.errors import BadInput, NotFound, ZooError
from zoo.runs.environment import environment, hardware, plugin_versions, threads
from zoo.runs.process import is_here, lives, own_process

if TYPE_CHECKING:
    from zoo.registry import Registry

__all__ = ["begin", "environment", "folder_of", "new_run_id", "reopen", "update"]

_LONGEST_CAUSE = 2_000
_WAIT_S = 60


def new_run_id() -> str:
    """A name that sorts by time (to 1/256 of a second) and does not collide: `20260131-090000-1f3a9c`."""
    now = time.time()
    return f"{time.strftime('%Y%m%d-%H%M%S', time.gmtime(now))}-{int(now % 1 * 256):02x}{secrets.token_hex(2)}"


def folder_of(registry: Registry, run_id: str) -> Path:
    """The folder of a run."""
    return registry.home / "runs" / run_id


@contextmanager
def begin(registry: Registry, record: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Record a run: as running while the block runs, and, whatever happens inside, as how it ended.

    Args:
        registry: the zoo.
        record: what is known at the start; `id`, `started`, `environment` and `plugins` are added where they lack. It
            is changed in place: what the block enters into it is written by `update` and at the end. A record from
            `reopen` goes on.

    Yields:
        the record.

    Raises:
        ResourceError: the disk refuses. (At the end of a run that failed already, its own error comes through.)
    """
    if not _is_own(record):
        _start(registry, record)
    try:
        yield record
    except BaseException as error:
        record["error"] = _cause(error)
        # What ended the run matters more than that a full disk cannot take the note of it as well: the record says
        # "running" then, and as its process is gone, it is shown as stopped and can be resumed.
        with contextlib.suppress(ZooError):
            _end(registry, record, "interrupted" if isinstance(error, KeyboardInterrupt) else "failed")
        raise
    record.pop("error", None)
    _end(registry, record, "done")


def update(registry: Registry, record: dict[str, Any]) -> None:
    """Write the record as it is now, whole or not at all, and wait until it is on the disk; adds the time so far."""
    from zoo.rebuild import write_json

    process = record.get("process")
    if process and "since" in process:
        took = process.get("before", 0.0) + max(0.0, time.time() - process["since"])
        record["timing"] = {**record.get("timing", {}), "seconds": round(took, 3)}
    path = folder_of(registry, record["id"]) / "record.json"
    try:
        write_json(path, _plain(record))
    except BaseException:
        path.with_name(f".{path.name}.{os.getpid()}").unlink(missing_ok=True)
        raise


def reopen(registry: Registry, run: str) -> dict[str, Any]:
    """The record of a run that was stopped, set to running again; hand it to `begin`.

    Args:
        registry: the zoo.
        run: id of the run, its unique beginning, or `last`.

    Raises:
        NotFound: no such run.
        BadInput: it is done, or another process works on it.
    """
    from filelock import FileLock

    from zoo.rebuild import run_record
    from zoo.runs.finding import found
    from zoo.store.disk import writing

    folder = found(registry, run).path
    with writing(folder), FileLock(folder / "lock", timeout=_WAIT_S):
        record = dict(found(registry, folder.name).record)
        _check_can_go_on(record)
        now = {"when": _now(), "after": record.get("outcome"), "threads": threads(), "hardware": hardware()}
        record["resumed"] = [*record.get("resumed", ()), now]
        record["process"] = _process(record)
        record |= {"outcome": "running", "ended": None}
        record.pop("error", None)
        update(registry, record)
    try:
        registry.catalog.resume_run(record["id"])
    except NotFound:  # the database was lost since
        registry.catalog.start_run(run_record(record))
    return record


def _start(registry: Registry, record: dict[str, Any]) -> None:
    from zoo.rebuild import run_record

    record.setdefault("id", new_run_id())
    record.setdefault("started", _now())
    record.setdefault("environment", environment())
    record.setdefault("plugins", dict(plugin_versions(registry)))
    record |= {"outcome": "running", "process": _process(record)}
    # The catalog first: it refuses a second run of the same name, whose folder must stay as it is.
    registry.catalog.start_run(run_record(_plain(record)))
    update(registry, record)


def _end(registry: Registry, record: dict[str, Any], outcome: str) -> None:
    # torch was hardly there at the start, so that only now all can be told.
    record["environment"] = {**record.get("environment", {}), "hardware": hardware()}
    update(registry, record)
    record.pop("process", None)
    record |= {"outcome": outcome, "ended": _now()}
    update(registry, record)
    metrics = _plain(record["metrics"]) if record.get("metrics") else None
    registry.catalog.finish_run(
        record["id"], outcome, metrics=metrics, model=record.get("model"), ended=record["ended"]
    )


def _process(record: Mapping[str, Any]) -> dict[str, Any]:
    before = float(record.get("timing", {}).get("seconds", 0.0))
    return {**own_process(), "since": round(time.time(), 3), "before": before}


def _is_own(record: Mapping[str, Any]) -> bool:
    process = record.get("process")
    return process is not None and process["pid"] == os.getpid() and is_here(process)


def _check_can_go_on(record: Mapping[str, Any]) -> None:
    run, process = record["id"], record.get("process")
    if record.get("outcome") == "done":
        raise BadInput(f"run {run} is done", f"`zoo runs show {run}` shows what came of it.")
    if record.get("outcome") != "running" or not lives(process):
        return
    if process and not is_here(process):
        raise BadInput(
            f"run {run} was begun on {process.get('host')}, and may still run there",
            f"Resume it there; or end it there first, and remove `process` from its record.json in runs/{run}.",
        )
    pid = process["pid"] if process else "?"
    raise BadInput(f"run {run} still runs (process {pid})", "Wait for its end, or end it first.")


def _cause(error: BaseException) -> str:
    if isinstance(error, KeyboardInterrupt):
        return "interrupted with Ctrl-C"
    text = error.cause if isinstance(error, ZooError) else f"{type(error).__name__}: {error}"
    return text[:_LONGEST_CAUSE]


def _now() -> str:
    from zoo.catalog.database import utc_now

    return utc_now()


def _plain(value: Any) -> Any:
    """A value as JSON can say it: NaN and infinities are null, numbers of numpy and torch numbers, paths texts."""
    if value is None or isinstance(value, (str, bool, int)):
        return value
    if isinstance(value, float):
        return float(value) if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {str(name): _plain(inner) for name, inner in value.items()}
    if hasattr(value, "tolist"):
        return _plain(value.tolist())
    if isinstance(value, (Sequence, set, frozenset)) and not isinstance(value, (bytes, bytearray)):
        return [_plain(inner) for inner in (sorted(value) if isinstance(value, (set, frozenset)) else value)]
    return str(value)
