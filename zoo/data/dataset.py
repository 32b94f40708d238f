"""What labelled data is once it has been read: parts with inputs and labels, known by their content."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from zoo.cards import digest
from zoo.data.contents import hashes_of, label_key
from zoo.tasks import TargetKind

__all__ = ["LabelledData", "Split", "joined"]


@dataclass(frozen=True, kw_only=True)
class Split:
    """Inputs with their labels, in order.

    Attributes:
        inputs: pictures: a path, encoded bytes, or what `read_image` takes; recordings: a path or bytes; texts: `str`;
            words to be tagged: a tuple of `str`; pairs: two `str`.
        labels: by the kind of the target. `single`: `str`; `multi`: a sorted tuple of `str`, possibly empty;
            `regression` and `scored`: `float`; `tags`: a tuple, one `str` a word; `pairs` and `text`: None; `mask`:
            what `read_mask` takes; `boxes`: a tuple of `LabelledBox`, possibly empty; `transcript`: `str`, as written.
        columns: the table's other columns, each as long as `inputs`; empty for folders.
        rows: where each is from: `reviews.csv:17` (the 17th row of data), `cat/1.jpg`.
        hashes: sha256 of each input's content, where they are known already.
    """

    inputs: tuple[Any, ...]
    labels: tuple[Any, ...]
    columns: Mapping[str, tuple[Any, ...]] = field(default_factory=dict)
    rows: tuple[str, ...] = ()
    hashes: tuple[str, ...] = field(default=(), repr=False, compare=False)

    def __len__(self) -> int:
        return len(self.inputs)

    def take(self, rows: Sequence[int]) -> Split:
        """The rows of these indices."""
        return Split(
            inputs=tuple(self.inputs[i] for i in rows),
            labels=tuple(self.labels[i] for i in rows),
            columns={name: tuple(values[i] for i in rows) for name, values in self.columns.items()},
            rows=tuple(self.rows[i] for i in rows) if self.rows else (),
            hashes=tuple(self.hashes[i] for i in rows) if self.hashes else (),
        )

    def hashed(self) -> Split:
        """The same with `hashes`, which are computed where they are not known; files are read once for it."""
        return self if len(self.hashes) == len(self) else replace(self, hashes=hashes_of(self.inputs))

    @property
    def identity(self) -> str:
        """sha256 over the contents of inputs and labels, in order."""
        known = self.hashed().hashes
        return digest([[one, label_key(label)] for one, label in zip(known, self.labels, strict=True)])


def joined(parts: Iterable[Split | None]) -> Split:
    """Several parts as one, in order; a column that a part lacks is None there."""
    given = [part.hashed() for part in parts if part is not None]
    if len(given) == 1:
        return given[0]
    names = dict.fromkeys(name for part in given for name in part.columns)
    return Split(
        inputs=tuple(value for part in given for value in part.inputs),
        labels=tuple(label for part in given for label in part.labels),
        columns={
            name: tuple(v for part in given for v in part.columns.get(name, (None,) * len(part))) for name in names
        },
        rows=tuple(row for part in given for row in part.rows),
        hashes=tuple(one for part in given for one in part.hashes),
    )


@dataclass(frozen=True, kw_only=True)
class LabelledData:
    """A data set as read, or as split.

    Attributes:
        name: of the file, folder or data set.
        task: `zoo.tasks.TASKS`.
        kind: the form of the labels.
        classes: the sorted labels of `train`; for masks the names of the indices, for boxes the
            categories in the order of their numbers; empty where there are no classes.
        train: what to learn from.
        validation: what choices are made by while learning, or None.
        test: what is held out, or None when it was not given and is still to be split off.
        fingerprint: sha256 over all inputs and labels.
        recipe: plain JSON from which `read_again` makes the same: source, columns, how it was split.
    """

    name: str
    task: str
    kind: TargetKind
    classes: tuple[str, ...]
    train: Split
    validation: Split | None = None
    test: Split | None = None
    fingerprint: str
    recipe: Mapping[str, Any] = field(default_factory=dict)

    @property
    def parts(self) -> dict[str, Split]:
        """The parts that there are, by name."""
        named = {"train": self.train, "validation": self.validation, "test": self.test}
        return {name: part for name, part in named.items() if part is not None}

    @property
    def split_ids(self) -> dict[str, str]:
        """sha256 of each part, over the contents of its rows in order."""
        return {name: part.identity for name, part in self.parts.items()}
