"""What made a file of results: kept beside it, so that only the same can go on with it."""

from __future__ import annotations

import dataclasses
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from zoo.errors import BadInput
from zoo.outputs.faults import writing

if TYPE_CHECKING:
    from zoo.models import Model
    from zoo.outputs.records import Maker

__all__ = ["Origin", "state_file"]

_AGAIN = "Name another file, or start again with --overwrite (Python: resume=False)."


@dataclass(frozen=True, kw_only=True)
class Origin:
    """Everything on which the results depend, besides the inputs.

    Attributes:
        model, revision, task: what made them.
        options: of the task, all of them with their values.
        dtype: the model's floating-point type.
        on_error: what becomes of inputs that cannot be used.
        how: whatever else changes the numbers: engine, quantisation, autocast.
    """

    model: str
    revision: str
    task: str
    options: Mapping[str, Any] = field(default_factory=dict)
    dtype: str = ""
    on_error: str = "return"
    how: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def of(cls, model: Model, options: Any, on_error: str, how: Mapping[str, Any]) -> Origin:
        """What a loaded model with these options is going to make."""
        return cls(
            model=model.card.id,
            revision=model.revision,
            task=model.task,
            options=dataclasses.asdict(options),
            dtype=str(model.dtype).removeprefix("torch."),
            on_error=on_error,
            how=dict(how),
        )

    @property
    def maker(self) -> Maker:
        """The part that stands in every record."""
        from zoo.outputs.records import Maker

        return Maker(task=self.task, model=self.model, revision=self.revision)

    def facts(self) -> dict[str, Any]:
        """All of it, flat, as JSON gives it back."""
        made = vars(self) | {"options": dict(self.options), **self.how}
        del made["how"]
        facts: dict[str, Any] = json.loads(json.dumps(made, default=str))
        return facts

    def check(self, path: Path) -> None:
        """Raise `BadInput` when what is in a file of results was made by something else."""
        kept = read_state(path)
        for key, ours in self.facts().items():
            theirs = kept.get(key)
            if theirs != ours:
                raise BadInput(f"{path} was written with {_difference(key, theirs, ours)}", _AGAIN)

    def write(self, path: Path, **more: Any) -> None:
        """Keep it beside a file of results, with how far the file is; a reader sees all of it or nothing."""
        from zoo import __version__

        kept = {**self.facts(), **more, "zoo": __version__, "written": datetime.now(UTC).isoformat()}
        target = state_file(path)
        beside = target.with_name(f".{target.name}.{os.getpid()}")
        with writing(target):
            try:
                beside.write_text(json.dumps(kept, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
                beside.replace(target)
            except BaseException:  # whatever it was, the unfinished file is of no use
                beside.unlink(missing_ok=True)
                raise


def state_file(path: Path) -> Path:
    """The file beside a file of results that says what made it."""
    return path.with_name(f"{path.name}.state.json")


def read_state(path: Path) -> dict[str, Any]:
    """What is kept beside a file of results; raises `BadInput` when it is missing or damaged."""
    beside = state_file(path)
    try:
        kept = json.loads(beside.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise BadInput(f"{path} is there, without {beside.name}, which would say what made it", _AGAIN) from None
    except (OSError, ValueError) as error:
        raise BadInput(f"{beside} cannot be read: {error}", _AGAIN) from error
    if not isinstance(kept, dict):
        raise BadInput(f"{beside} does not say what made {path.name}", _AGAIN)
    return kept


def _difference(name: str, theirs: Any, ours: Any) -> str:
    if isinstance(theirs, dict) and isinstance(ours, dict):
        name = min(n for n in theirs.keys() | ours.keys() if theirs.get(n) != ours.get(n))
        theirs, ours = theirs.get(name), ours.get(name)
    return f"{name} {_shown(theirs)}, and now it is {_shown(ours)}"


def _shown(value: Any) -> str:
    text = "none" if value is None else str(value)
    return text if len(text) < 64 else f"{text[:12]}…"
