"""A run's papers: `report.html`, and `README.md` for a model that it made; from what lies in the run's folder."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from zoo.reporting.examples import worst_examples
from zoo.reporting.model_card import card_text
from zoo.reporting.report import write_report
from zoo.reporting.sections import as_list, mapping
from zoo.tasks import TASKS

if TYPE_CHECKING:
    from zoo.cards import ModelCard
    from zoo.data import Split

__all__ = ["papers"]


def papers(
    folder: Path,
    *,
    record: Mapping[str, Any],
    card: ModelCard | None = None,
    split: Split | None = None,
    masks: Callable[[Sequence[int]], Iterable[tuple[Any, Any]]] | None = None,
) -> list[Path]:
    """Write the papers of a run into its folder, again and again if need be; returns their paths.

    Besides the record, `curves.jsonl`, `predictions.jsonl` and `examples.json` are read where they are there.

    Args:
        folder: of the run.
        record: what is in its `record.json`, with `evaluation`.
        card: of the model.
        split: the part that was judged: its most wrong examples are put into `examples.json`.
        masks: for segmentation, gives the true and the predicted mask of examples by their places in `split`.

    Raises:
        ResourceError: the disk refuses.
    """
    from zoo.rebuild import write_json
    from zoo.store.disk import write_text, writing

    judged = mapping(record.get("evaluation"))
    task = TASKS.get(str(record.get("task")))
    if split is not None and task is not None:
        worst = [row for row in as_list(judged.get("worst")) if isinstance(row, Mapping)]
        write_json(folder / "examples.json", worst_examples(worst, split, task.input, masks=masks))
    known = card.to_dict() if card is not None else None
    made = [folder / "report.html"]
    write_report(
        made[0],
        record=record,
        evaluation=judged,
        curves=_lines(folder / "curves.jsonl"),
        examples=_list(folder / "examples.json"),
        card=known,
        predictions=_lines(folder / "predictions.jsonl") if judged.get("kind") in {"regression", "scored"} else (),
    )
    if record.get("revision") and record.get("kind") != "evaluate":
        made.append(folder / "README.md")
        with writing(folder):
            write_text(made[1], card_text(record, judged, known))
    return made


def _lines(path: Path) -> list[dict[str, Any]]:
    """The rows of a file of JSON lines, without those that cannot be read; none where there is no file."""
    rows = []
    for line in _text(path).splitlines():
        try:
            row = json.loads(line)
        except (ValueError, RecursionError):
            continue
        if isinstance(row, dict):
            rows.append(row)
    return rows


def _list(path: Path) -> list[dict[str, Any]]:
    try:
        found = json.loads(_text(path) or "[]")
    except (ValueError, RecursionError):
        return []
    return [row for row in as_list(found) if isinstance(row, dict)]


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
