"""How to do a run again, go on with it, and use what it made: as commands and as Python."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from zoo.tasks import TASKS

if TYPE_CHECKING:
    from zoo.runs.finding import RecordedRun

__all__ = ["command", "continuing", "settings_of", "using"]

_INPUTS = {
    "image": "picture.jpg",
    "text": "A sentence.",
    "audio": "recording.wav",
    "video": "film.mp4",
    "pair": "A sentence.",
    "series": "series.csv",
}


# What is told of elsewhere, or is a result.
_NO_SETTINGS = frozenset({"error", "method", "name", "score", "task", "tried", "weights_sha256"})


def settings_of(record: Mapping[str, Any]) -> dict[str, Any]:
    """The hyperparameters of a run by name, as they were asked for and as they were found or filled in."""
    told = {**_mapping(record.get("hyperparameters")), **_mapping(record.get("chosen"))}
    return {name: told[name] for name in sorted(told) if name not in _NO_SETTINGS and not _is_log(told[name])}


def _is_log(value: Any) -> bool:
    """Whether a value is a list of records, such as what a search has tried."""
    return isinstance(value, list | tuple) and any(isinstance(one, Mapping) for one in value)


def command(record: Mapping[str, Any]) -> str:
    """The command, or the line of Python, that does the same again."""
    environment = _mapping(record.get("environment"))
    argv = environment.get("argv")
    if isinstance(argv, list) and argv and argv[0] == "zoo" and len(argv) > 1 and "--resume" not in argv:
        return shlex.join(map(str, argv))
    return _python(record)


def _python(record: Mapping[str, Any]) -> str:
    """A call with what the record says; settings that were left to the zoo are left to it again."""
    data = _mapping(record.get("data"))
    given = data.get("source") or _mapping(data.get("recipe")).get("source")
    source = repr(given) if given else "data"  # what Python gave has no name that can be typed
    evaluates = record.get("kind") == "evaluate"
    model = record.get("model") if evaluates else record.get("base")
    first = repr(model) if model else "model"
    names = ("task",) if evaluates else ("task", "method", "seed")
    settings = {name: record[name] for name in names if record.get(name) is not None}
    settings |= {name: value for name, value in _mapping(record.get("hyperparameters")).items() if value is not None}
    told = "".join(f", {name}={value!r}" for name, value in settings.items() if str(name).isidentifier())
    return f"zoo.{'evaluate' if evaluates else 'finetune'}({first}, {source}{told})"


def continuing(run: RecordedRun) -> str | None:
    """The command that goes on with a run that was stopped; None where there is nothing to go on with."""
    return f"zoo finetune --resume {run.id}" if run.can_go_on else None


def using(model: str, task: str | None) -> dict[str, str]:
    """`{"shell", "python"}`: how to run a model on one input."""
    known = TASKS.get(task or "")
    example = _INPUTS[known.input if known else "text"]
    return {
        "shell": shlex.join(["zoo", "predict", model, example]),
        "python": f"import zoo\n\nmodel = zoo.load({model!r})\nprint(model.predict({example!r}))",
    }


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}
