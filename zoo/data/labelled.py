"""`read_labelled`: a data set that can be learnt from, or the reasons why not."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from zoo.cards import digest
from zoo.data.dataset import LabelledData, Split
from zoo.data.masks import mask_classes
from zoo.data.raw import Columns, RawData, Row
from zoo.data.sets import read_raw
from zoo.data.splitting import split_data
from zoo.errors import BadData
from zoo.tasks import TargetKind

__all__ = ["checked", "read_again", "read_labelled", "sound"]

_CLASSED = {"single", "multi", "tags"}


def read_labelled(
    source: Any,
    task: str,
    *,
    kind: TargetKind | None = None,
    columns: Columns | None = None,
    cache: Path | None = None,
    offline: bool = False,
) -> LabelledData:
    """Read a data set to learn from; the page "Data to learn from" shows every form.

    Args:
        source: the path of a file or folder, `hf:owner/name[@config]`, or rows in Python (tuples, dicts, a data frame,
            a `datasets.Dataset`, a mapping of parts to such), or what `read_raw` has read already.
        task: one of `zoo.tasks.LEARNT`.
        kind: the form of the labels; as the data shows where None.
        columns: names of columns; found where not given.
        cache: folder for data sets of the hub.
        offline: fetch nothing.

    Raises:
        BadData: nothing there, a column that is missing, rows that cannot be used, too few classes or examples.
        UnknownTask, BadOption: nothing is learnt for this task, or not in this form.
        OfflineError, NetworkError, BadRef: of the hub.
    """
    if isinstance(source, RawData):
        return checked(source)
    return checked(read_raw(source, task, kind=kind, columns=columns, cache=cache, offline=offline))


def checked(raw: RawData) -> LabelledData:
    """The data set of rows that are all sound; raises `BadData` with the first reasons where they are not."""
    sound(raw)
    splits = {part: _split(rows).hashed() for part, rows in raw.parts.items()}
    train = splits.pop("all", None) or splits.pop("train", None)
    if train is None or not len(train):
        raise BadData(f"{raw.name} has no training part", "Add a part called train.")
    fingerprint = digest([raw.kind, *([part, split.identity] for part, split in (("train", train), *splits.items()))])
    data = LabelledData(
        name=raw.name,
        task=raw.task,
        kind=raw.kind,
        classes=_classes(raw, [train, *splits.values()]),
        train=train,
        validation=splits.get("validation"),
        test=splits.get("test"),
        fingerprint=fingerprint,
        recipe={**raw.recipe, "fingerprint": fingerprint, "splits": []},
    )
    _check_classes(data)
    return data


def sound(raw: RawData) -> RawData:
    """The same, where nothing is wrong with it or any of its rows.

    Raises:
        BadData: the first reasons.
    """
    if raw.problems:
        first = raw.problems[0]
        raise BadData(first.text, first.remedy)
    _check_rows(raw)
    return raw


def read_again(
    recipe: Mapping[str, Any], source: Any = None, *, cache: Path | None = None, offline: bool = False
) -> LabelledData:
    """The same data set, split in the same way, from what `LabelledData.recipe` says.

    Args:
        recipe: of the data set as it was.
        source: where it is now, if not where it was; needed for data from Python objects.
        cache, offline: as in `read_labelled`.

    Raises:
        BadData: it is not there any more, or is another now.
    """
    source = recipe.get("source") if source is None else source
    if source is None:
        raise BadData("the data came from Python objects, which nothing keeps", "Give the same data again.")
    data = read_labelled(
        source,
        recipe["task"],
        kind=recipe["kind"],
        columns=Columns(**recipe["columns"]),
        cache=cache,
        offline=offline,
    )
    if data.fingerprint != recipe["fingerprint"]:
        raise BadData(f"{data.name} is not as it was: its content has changed", "Restore it, or start anew.")
    for settings in recipe["splits"]:
        data = split_data(data, **settings)
    return data


def _check_rows(raw: RawData) -> None:
    odd = [row for rows in raw.parts.values() for row in rows if row.problem is not None]
    if odd:
        some = "; ".join(f"{row.where} {row.problem}" for row in odd[:3])
        more = f" and {len(odd) - 3} more" if len(odd) > 3 else ""
        total = sum(map(len, raw.parts.values()))
        raise BadData(f"{raw.name}: {len(odd)} of {total} rows cannot be used: {some}{more}", _remedy(raw))


def _remedy(raw: RawData) -> str:
    source = raw.recipe.get("source")
    if source is None or str(source).startswith("hf:"):
        return "Mend or remove them."
    return f"Mend or remove them; `zoo data doctor {source} --task {raw.task}` says more."


def _split(rows: Sequence[Row]) -> Split:
    names = tuple(dict.fromkeys(name for row in rows for name in row.columns))
    return Split(
        inputs=tuple(row.value for row in rows),
        labels=tuple(row.label for row in rows),
        columns={name: tuple(row.columns.get(name) for row in rows) for name in names},
        rows=tuple(row.where for row in rows),
    )


def _classes(raw: RawData, splits: Sequence[Split]) -> tuple[str, ...]:
    if raw.kind == "mask":
        return raw.classes or mask_classes([label for split in splits for label in split.labels])
    if raw.kind == "boxes":
        return raw.classes
    return tuple(sorted(_labels(splits[0], raw.kind))) if raw.kind in _CLASSED else ()


def _labels(split: Split, kind: TargetKind) -> Counter[str]:
    """How many examples have each label."""
    if kind == "single":
        return Counter(split.labels)
    return Counter(label for labels in split.labels for label in set(labels))


def _check_classes(data: LabelledData) -> None:
    if data.kind == "boxes" and not any(one for label in data.train.labels for one in label if not one.crowd):
        raise BadData(f"{data.name} has no objects to learn from", "Add pictures with boxes.")
    if data.kind not in _CLASSED:
        return
    needed = 1 if data.kind == "multi" else 2
    if len(data.classes) < needed:
        only = f"only {data.classes[0]!r}" if data.classes else "none"
        said = "at least two classes" if needed == 2 else "at least one class"
        raise BadData(f"{data.name} needs {said}, it has {only}", "Add examples of others.")
    if data.kind == "single" and data.test is None:
        rare = sorted(name for name, count in _labels(data.train, data.kind).items() if count < 2)
        if rare:
            named = ", ".join(rare[:5]) + (f" and {len(rare) - 5} more" if len(rare) > 5 else "")
            raise BadData(
                f"{data.name}: fewer than two examples of {named}, so none can be held out",
                "Add examples, or drop the class.",
            )
    for part in (data.validation, data.test):
        unknown = sorted(_labels(part, data.kind).keys() - set(data.classes)) if part else []
        if unknown:
            name = "test" if part is data.test else "validation"
            said = f"{data.name}: the {name} part has labels that the training part lacks: {', '.join(unknown[:5])}"
            raise BadData(said, "Add examples of them to the training part, or drop them.")
