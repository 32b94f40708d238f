"""The runs of a zoo, read from their folders: the newest first, one by its name, and what is in each."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from zoo.errors import BadInput, NotFound, nearest
from zoo.runs.process import lives

if TYPE_CHECKING:
    from zoo.registry import Registry

__all__ = ["RecordedRun", "Score", "curves", "found", "listed"]

CAN_GO_ON = ("stopped", "interrupted", "failed")


@dataclass(frozen=True, kw_only=True)
class Score:
    """A run's main metric, with its interval where it was measured with one."""

    name: str
    value: float
    low: float | None = None
    high: float | None = None

    def __str__(self) -> str:
        if self.low is None or self.high is None:
            return f"{self.name} {self.value:.4g}"
        return f"{self.name} {self.value:.4g} ({self.low:.4g} to {self.high:.4g})"


@dataclass(frozen=True, kw_only=True)
class RecordedRun:
    """A run as its folder tells of it.

    Attributes:
        id: names the folder.
        path: the folder.
        record: what is in `record.json`; empty where that cannot be read.
        outcome: `running`, `done`, `failed`, `interrupted`; `stopped` where the record says that it runs and its
            process is gone (killed, or the machine went down); `unreadable` where there is no sound record.
    """

    id: str
    path: Path
    record: Mapping[str, Any] = field(repr=False)
    outcome: str

    def _text(self, name: str) -> str | None:
        value = self.record.get(name)
        return value if isinstance(value, str) else None

    @property
    def kind(self) -> str | None:
        """`finetune` or `evaluate`."""
        return self._text("kind")

    @property
    def model(self) -> str | None:
        """The model that it made, or judged."""
        return self._text("model")

    @property
    def base(self) -> str | None:
        """The model that it began with."""
        return self._text("base")

    @property
    def method(self) -> str | None:
        """`probe`, `head`, `lora` or `full`."""
        return self._text("method")

    @property
    def data(self) -> str | None:
        """The name of the data set."""
        name = _mapping(self.record.get("data")).get("name")
        return name if isinstance(name, str) else None

    @property
    def started(self) -> str | None:
        """UTC, ISO 8601."""
        return self._text("started")

    @property
    def seconds(self) -> float | None:
        """How long it ran: as it was clocked, else from its start to its end; None where it is not known."""
        clocked = _mapping(self.record.get("timing")).get("seconds")
        if isinstance(clocked, int | float):
            return float(clocked)
        begun, ended = _time(self.record.get("started")), _time(self.record.get("ended"))
        return (ended - begun).total_seconds() if begun and ended else None

    @property
    def score(self) -> Score | None:
        """The main metric, on the held-out part."""
        return _score(self.record)

    @property
    def can_go_on(self) -> bool:
        """Whether `zoo finetune --resume` can continue it."""
        return self.kind == "finetune" and self.outcome in CAN_GO_ON

    def to_dict(self) -> dict[str, Any]:
        """The line of a list, as JSON."""
        score = self.score
        return {
            "id": self.id,
            "kind": self.kind,
            "model": self.model,
            "base": self.base,
            "task": self._text("task"),
            "method": self.method,
            "data": self.data,
            "score": None if score is None else dict(vars(score)),
            "outcome": self.outcome,
            "started": self.started,
            "seconds": self.seconds,
        }


def listed(
    registry: Registry, *, model: str | None = None, kind: str | None = None, limit: int | None = None
) -> list[RecordedRun]:
    """The runs of a zoo, the newest first.

    Args:
        registry: the zoo.
        model: only those that made, judged or began with it; the last part of its name will do.
        kind: only those of a kind: `finetune`, `evaluate`.
        limit: at most so many.
    """
    made: list[RecordedRun] = []
    for folder in _folders(registry):
        if limit is not None and len(made) >= limit:
            break
        run = _read(folder)
        if (kind is None or run.kind == kind) and (model is None or _is_about(run, model)):
            made.append(run)
    return made


def found(registry: Registry, run: str) -> RecordedRun:
    """One run.

    Args:
        registry: the zoo.
        run: its id, the beginning of an id that no other has, or `last`.

    Raises:
        NotFound: none.
        BadInput: several.
    """
    folders = {folder.name: folder for folder in _folders(registry)}
    if run in folders:
        return _read(folders[run])
    if run == "last" and folders:
        return _read(next(iter(folders.values())))
    fitting = [name for name in folders if run and name.startswith(run)]
    if len(fitting) > 1:
        raise BadInput(f"{len(fitting)} runs begin with {run!r}", f"Write more of one: {', '.join(fitting[:5])}.")
    if not fitting:
        near = nearest(run, folders)
        hint = f"Did you mean {', '.join(near)}? " if near else ""
        raise NotFound(f"there is no run {run!r}", f"{hint}`zoo runs` lists them.")
    return _read(folders[fitting[0]])


def curves(run: RecordedRun) -> list[dict[str, Any]]:
    """The points of a run's `curves.jsonl`, in order; a line that a crash cut short is left out."""
    points = []
    try:
        lines = (run.path / "curves.jsonl").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return []
    for line in lines:
        try:
            point = json.loads(line)
        except (ValueError, RecursionError):
            continue
        if isinstance(point, dict):
            points.append(point)
    return points


def _folders(registry: Registry) -> Iterator[Path]:
    """The folders of runs; their names begin with the time, so that the newest comes first."""
    root = registry.home / "runs"
    if root.is_dir():
        yield from (path for path in sorted(root.iterdir(), reverse=True) if path.is_dir() and path.name[0] != ".")


def _read(folder: Path) -> RecordedRun:
    try:
        record = json.loads((folder / "record.json").read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        record = None
    if not isinstance(record, dict):
        return RecordedRun(id=folder.name, path=folder, record={}, outcome="unreadable")
    return RecordedRun(id=folder.name, path=folder, record=record, outcome=_outcome(record))


def _outcome(record: Mapping[str, Any]) -> str:
    told = record.get("outcome", "running")
    process = record.get("process")
    if told == "running" and not lives(process if isinstance(process, Mapping) else None):
        return "stopped"
    return told if isinstance(told, str) else "unreadable"


def _is_about(run: RecordedRun, model: str) -> bool:
    wanted = model.lower()
    names = [name.lower() for name in (run.model, run.base) if name]
    return any(wanted in {name, name.rpartition("/")[2]} for name in names)


def _score(record: Mapping[str, Any]) -> Score | None:
    judged = _mapping(record.get("evaluation"))
    metrics = _mapping(judged.get("metrics"))
    name = judged.get("main")
    told = _mapping(metrics.get(name)) if isinstance(name, str) else {}
    if isinstance(name, str) and _is_number(told.get("value")):
        return Score(name=name, value=told["value"], low=told.get("low"), high=told.get("high"))
    plain = {key: value for key, value in _mapping(record.get("metrics")).items() if _is_number(value)}
    first = next(iter(sorted(plain, key=lambda key: (key != "accuracy", key in {"n", "examples"}))), None)
    return None if first is None else Score(name=first, value=plain[first])


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _time(value: Any) -> datetime | None:
    try:
        return datetime.strptime(value, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)
    except (TypeError, ValueError):
        return None
