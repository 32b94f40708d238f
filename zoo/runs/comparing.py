"""Runs side by side: what was set differently, whether they learnt and were judged on the same, and how they did."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from zoo.errors import BadInput
from zoo.runs.finding import RecordedRun
from zoo.runs.reproducing import settings_of

__all__ = ["RunComparison", "compared"]

_PARTS = ("train", "validation", "test", "all")
_ABSENT = "\0absent"


@dataclass(frozen=True, kw_only=True)
class RunComparison:
    """Runs side by side; every list has one value for each run, in their order, None where a run lacks it.

    Attributes:
        runs: ids.
        settings: hyperparameters (and model, method, seed …) that differ, by name.
        same_data: whether all learnt from the same rows, by the data's fingerprint; None where a run does not say.
        same_parts: the same of each part, by the contents of its rows.
        same_held_out: the same of the rows that the scores were measured on.
        metrics: rows `{metric, values: [{value, low, high}], best, overlap}`, the main metric first; `best` is the
            index of the best run by it, `overlap` whether all intervals share a point: False says that some differ more
            than chance alone would make likely. None where there are no intervals, or other held-out parts.
    """

    runs: tuple[str, ...]
    settings: Mapping[str, Sequence[Any]]
    same_data: bool | None
    same_parts: Mapping[str, bool | None]
    same_held_out: bool | None
    metrics: tuple[Mapping[str, Any], ...]

    def to_dict(self) -> dict[str, Any]:
        """JSON form."""
        return {
            "runs": list(self.runs),
            "settings": {name: list(values) for name, values in self.settings.items()},
            "same_data": self.same_data,
            "same_parts": dict(self.same_parts),
            "same_held_out": self.same_held_out,
            "metrics": [dict(row) for row in self.metrics],
        }


def compared(runs: Sequence[RecordedRun]) -> RunComparison:
    """Runs side by side; raises `BadInput` for fewer than two, or where one cannot be read."""
    if len({run.id for run in runs}) < 2:
        raise BadInput("a comparison needs two runs", "Name several: `zoo runs compare RUN RUN`.")
    for run in runs:
        if run.outcome == "unreadable":
            raise BadInput(f"the record of run {run.id} cannot be read", f"See {run.path / 'record.json'}.")
    records = [run.record for run in runs]
    held_out = _same(_split(record, _judged(record)) for record in records)
    return RunComparison(
        runs=tuple(run.id for run in runs),
        settings=_different([_settings(record) for record in records]),
        same_data=_same(_mapping(record.get("data")).get("fingerprint") for record in records),
        same_parts={part: _same(_split(record, part) for record in records) for part in _PARTS},
        same_held_out=held_out,
        metrics=tuple(_metrics(records, comparable=held_out is True)),
    )


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _split(record: Mapping[str, Any], part: str) -> str | None:
    return _mapping(_mapping(record.get("data")).get("split_ids")).get(part)


def _judged(record: Mapping[str, Any]) -> str:
    """The part that the scores are of: an evaluation names it."""
    return str(_mapping(record.get("data")).get("part") or "test")


def _same(values: Iterable[Any]) -> bool | None:
    found = list(values)
    return None if any(value is None for value in found) else len(set(found)) == 1


def _settings(record: Mapping[str, Any]) -> dict[str, Any]:
    """What was set, by name: the run's own facts, then its hyperparameters."""
    facts = {name: record.get(name) for name in ("kind", "model", "base", "base_revision", "task", "method", "seed")}
    made = {name: value for name, value in facts.items() if value is not None and name != "model"}
    if record.get("kind") == "evaluate":
        made["model"] = record.get("model")
    made["data"] = _mapping(record.get("data")).get("name")
    made |= {f"environment.{name}": value for name, value in _environment(record).items()}
    return made | settings_of(record)


def _environment(record: Mapping[str, Any]) -> dict[str, Any]:
    told = _mapping(record.get("environment"))
    made = {name: told[name] for name in ("python", "threads") if name in told}
    packages = _mapping(told.get("packages"))
    return made | {
        name: packages[name] for name in ("zoo-registry", "torch", "transformers", "peft") if name in packages
    }


def _different(settings: Sequence[Mapping[str, Any]]) -> dict[str, list[Any]]:
    names = dict.fromkeys(name for one in settings for name in one)
    rows = {name: [one.get(name, _ABSENT) for one in settings] for name in names}
    return {
        name: [None if value is _ABSENT else value for value in values]
        for name, values in rows.items()
        if len({json.dumps(value, sort_keys=True) for value in values}) > 1
    }


def _metrics(records: Sequence[Mapping[str, Any]], *, comparable: bool) -> Iterable[dict[str, Any]]:
    estimates = [_estimates(record) for record in records]
    judged = [_mapping(record.get("evaluation")) for record in records]
    names = dict.fromkeys(name for one in estimates for name in one)
    mains = {one.get("main") for one in judged}
    for name in sorted(names, key=lambda name: name not in mains):
        values = [one.get(name) for one in estimates]
        main = all(one.get("main") == name for one in judged)
        yield {
            "metric": name,
            "values": values,
            "best": _best(values, bool(judged[0].get("higher_is_better", True))) if main and comparable else None,
            "overlap": _overlap(values) if comparable else None,
        }


def _estimates(record: Mapping[str, Any]) -> dict[str, dict[str, float | None]]:
    told = _mapping(_mapping(record.get("evaluation")).get("metrics"))
    plain = {name: {"value": value} for name, value in _mapping(record.get("metrics")).items()}
    chosen = {name: _mapping(value) for name, value in (told or plain).items()}
    return {
        name: {part: value.get(part) for part in ("value", "low", "high")}
        for name, value in chosen.items()
        if isinstance(value.get("value"), int | float)
    }


def _best(values: Sequence[Mapping[str, Any] | None], higher: bool) -> int | None:
    known = [(value["value"], index) for index, value in enumerate(values) if value is not None]
    if len(known) < len(values):
        return None
    best = max(known)[0] if higher else min(known)[0]
    first = [index for value, index in known if value == best]
    return first[0] if len(first) == 1 else None


def _overlap(values: Sequence[Mapping[str, Any] | None]) -> bool | None:
    """Whether the intervals have a point in common."""
    if any(value is None or value["low"] is None or value["high"] is None for value in values):
        return None
    intervals = [value for value in values if value is not None]
    return bool(max(value["low"] for value in intervals) <= min(value["high"] for value in intervals))
