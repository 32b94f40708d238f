"""What a run will do, settled before anything is trained: task, data, what is learnt, under which name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from zoo.cards import ModelCard, check_name
from zoo.data import Columns, LabelledData, RawData, read_labelled, read_raw, split_data
from zoo.data.doctor import Diagnosis, examine
from zoo.errors import BadData, BadInput, BadOption, UnknownTask, ZooError
from zoo.infer import UNKNOWN
from zoo.plugin import FineTuner, Target
from zoo.tasks import TASKS, TargetKind

if TYPE_CHECKING:
    from zoo.finetuning.job import Settings
    from zoo.registry import Pulled, Registry

__all__ = ["Plan", "how_to_read", "plan", "read_again", "taken_by"]

# Which task is meant when none is named: the first for which the data has what it needs; all texts could be learnt by
# heart, so that comes last.
_ORDER = (
    "image-segmentation",
    "object-detection",
    "image-classification",
    "token-classification",
    "text-classification",
    "automatic-speech-recognition",
    "audio-classification",
    "feature-extraction",
    "fill-mask",
    "text-generation",
)


@dataclass(frozen=True, kw_only=True)
class Plan:
    """A run before it begins.

    Attributes:
        pulled: the base.
        task, name: of the new model.
        target, adapter: what is learnt, and how the base's modules are trained.
        data: read, examined and split.
        diagnosis: what the data doctor found.
    """

    pulled: Pulled
    task: str
    name: str
    target: Target
    adapter: type[FineTuner]
    data: LabelledData
    diagnosis: Diagnosis


def plan(registry: Registry, ref: str, data: Any, settings: Settings) -> Plan:
    """Settle all that can be settled before training; nothing is fetched before the data is known to be usable.

    Raises:
        UnknownTask: the model cannot learn this.
        BadData: the doctor's blocking findings.
        BadInput: the name is taken.
    """
    card = registry.resolve(ref).card
    if card.loader == UNKNOWN:  # only its files say what it is
        card = registry.obtain(ref).card
    task, raw = _task_and_data(registry, card, data, settings)
    adapter = registry.plugins.finetuner(card.loader, task)
    _check_kind(card, task, raw, adapter)
    name = _name(registry, card, data, settings.name)
    diagnosis = examine(raw)
    diagnosis.raise_if_broken()
    read = _split(read_labelled(raw, task), settings)
    return Plan(
        pulled=registry.obtain(ref),
        task=task,
        name=name,
        target=Target(kind=read.kind, labels=_labels(read, raw)),
        adapter=adapter,
        data=read,
        diagnosis=diagnosis,
    )


def read_again(registry: Registry, record: Mapping[str, Any], settings: Settings, data: Any = None) -> LabelledData:
    """The data of a run that goes on; raises `BadData` when it is not what it was.

    Args:
        registry: the zoo.
        record: of the run.
        settings: of the run.
        data: where the data was given from Python and has to be given again.
    """
    known = record["data"]
    source = data if data is not None else known["source"]
    if source is None:
        raise BadData(f"run {record['id']} learns from data that was given from Python", "Give the data again too.")
    read = read_labelled(source, record["task"], kind=record["target"]["kind"], **how_to_read(registry, settings))
    read = _split(read, settings)
    if read.fingerprint != known["fingerprint"] or dict(read.split_ids) != known["split_ids"]:
        raise BadData(
            f"the data of run {record['id']} ({known['name']}) has changed since it began",
            "Put it back as it was, or start a new run.",
        )
    return read


def how_to_read(registry: Registry, settings: Settings) -> dict[str, Any]:
    """What the readers of data are told beside source, task and kind."""
    return {
        "columns": Columns.of(settings.columns),
        "cache": registry.cache / "datasets",
        "offline": registry.settings.offline,
    }


def _split(read: LabelledData, settings: Settings) -> LabelledData:
    return split_data(
        read,
        test_size=settings.test_size,
        validation_size=settings.validation_size,
        seed=settings.seed,
        limit=settings.limit,
        shots=settings.shots,
    )


def _task_and_data(registry: Registry, card: ModelCard, data: Any, settings: Settings) -> tuple[str, RawData]:
    """The task to learn, and the data read for it."""
    able = [task for task in _ORDER if (card.loader, task) in registry.plugins.table("zoo_finetuners")]
    wanted = settings.task
    if wanted is not None and wanted not in able:
        raise _cannot(card, wanted, able)
    if not able:
        raise _cannot(card, None, able)
    kind = cast("TargetKind | None", settings.kind)  # what it is not, the reader says
    found: dict[str, RawData] = {}
    errors: dict[str, ZooError] = {}
    for task in [wanted] if wanted else able:
        try:
            found[task] = read_raw(data, task, kind=kind, **how_to_read(registry, settings))
        except (BadData, BadOption) as error:  # is not data of this task at all
            errors[task] = error
            continue
        if _fits(found[task]) and (wanted or _starts_from(card, task)):
            return task, found[task]
    usual = next((task for task in (*found, *errors) if task.endswith("classification")), None) or [*found, *errors][0]
    if usual in errors:
        raise errors[usual]
    return usual, found[usual]  # the doctor says what is wrong with it


def _fits(raw: RawData) -> bool:
    """Whether data has what a task needs, be it ever so odd."""
    whole = not any(problem.check == "column" for problem in raw.problems)
    return whole and any(row.problem is None for rows in raw.parts.values() for row in rows)


def _starts_from(card: ModelCard, task: str) -> bool:
    """Whether a model may be meant for a task that nobody named: any text could be learnt by heart."""
    return task not in {"fill-mask", "text-generation"} or task in card.all_tasks


def _cannot(card: ModelCard, wanted: str | None, able: Sequence[str]) -> UnknownTask:
    can = f"It can learn: {', '.join(able)}." if able else "`zoo search` lists others."
    return UnknownTask(f"{card.id} cannot be fine-tuned{f' for {wanted}' if wanted else ''}", can)


def _check_kind(card: ModelCard, task: str, raw: RawData, adapter: type[FineTuner]) -> None:
    if raw.kind in adapter.kinds:
        return
    raise BadOption(
        f"{card.id} cannot learn {raw.kind!r} for {task}",
        f"It learns: {', '.join(adapter.kinds)} ({TASKS[task].summary}).",
    )


def _labels(read: LabelledData, raw: RawData) -> tuple[str, ...]:
    """The classes; for a number what the table calls it."""
    return (raw.columns.get("label", "value"),) if read.kind == "regression" else read.classes


def _name(registry: Registry, card: ModelCard, data: Any, wanted: str | None) -> str:
    """The new model's name: the given one if it is free, else one made from base and data."""
    if wanted is not None:
        if taken := taken_by(registry, check_name(wanted)):
            raise BadInput(f"there is already a model {taken}", f"Choose another --name, or `zoo rm {taken}` first.")
        return wanted
    of = Path(data).stem if isinstance(data, str | Path) else "data"
    stem = "".join(c if c.isalnum() or c in "._+-" else "-" for c in of).strip(".-_+") or "data"
    first = f"{card.id.rpartition('/')[2]}-{stem}"[:90]
    tries = (first, *(f"{first}-{number}" for number in range(2, 10_000)))
    learning = {run.model for run in registry.catalog.runs(kind="finetune") if run.outcome == "running"}
    return check_name(next(name for name in tries if name not in learning and taken_by(registry, name) is None))


def taken_by(registry: Registry, name: str) -> str | None:
    """The model that has a name already, in this spelling or with other capitals; or None."""
    from zoo.catalog import hot

    return next((near for near in hot.near(registry.ready(), name) if near.lower() == name.lower()), None)
