"""The report of a run: one HTML file that needs nothing else, to be read, printed and passed on."""

from __future__ import annotations

import functools
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from zoo.errors import MissingDependency
from zoo.reporting import sections
from zoo.reporting.sections import as_list, is_number, mapping
from zoo.reporting.svg import clean, short
from zoo.runs.reproducing import command, settings_of, using

if TYPE_CHECKING:
    from jinja2 import Template

__all__ = ["report_text", "write_report"]

_PICTURE = re.compile(r"data:image/jpeg;base64,[A-Za-z0-9+/]+={0,2}")
_MOST_EXAMPLES = 24
_PICTURES = ("picture", "true_mask", "predicted_mask")


def write_report(
    path: Path,
    *,
    record: Mapping[str, Any],
    evaluation: Mapping[str, Any] | None,
    curves: Sequence[Mapping[str, Any]] = (),
    examples: Sequence[Mapping[str, Any]] = (),
    card: Mapping[str, Any] | None = None,
    predictions: Sequence[Mapping[str, Any]] = (),
) -> None:
    """Write the report of a run, whole or not at all; what does not apply to the run is not in it.

    Args:
        path: of the HTML file.
        record: what is in `record.json`.
        evaluation: `Evaluation.to_dict()`, or None where nothing was judged.
        curves: the points of `curves.jsonl`.
        examples: the most wrong examples, as `worst_examples` makes them.
        card: the model's card as JSON (`ModelCard.to_dict()`).
        predictions: rows `{truth, predicted}` of `predictions.jsonl`, for a regression.

    Raises:
        MissingDependency: jinja2 is not installed.
        ResourceError: the disk refuses.
    """
    from zoo.store.disk import write_text, writing

    text = report_text(
        record=record, evaluation=evaluation, curves=curves, examples=examples, card=card, predictions=predictions
    )
    with writing(path.parent):
        write_text(path, text)


def report_text(
    *,
    record: Mapping[str, Any],
    evaluation: Mapping[str, Any] | None,
    curves: Sequence[Mapping[str, Any]] = (),
    examples: Sequence[Mapping[str, Any]] = (),
    card: Mapping[str, Any] | None = None,
    predictions: Sequence[Mapping[str, Any]] = (),
) -> str:
    """The report as HTML; the arguments are those of `write_report`. The same arguments give the same text."""
    judged, known = mapping(evaluation), mapping(card)
    model = str(record.get("model") or "model")
    text = _template().render(
        run=record,
        model=model,
        headline=sections.headline(record, judged),
        metrics=sections.metrics(judged),
        confidence=judged.get("confidence", 0.95),
        curves=sections.curves(curves, record),
        confusion=sections.confusion(judged),
        per_class=sections.per_class(judged),
        slices=sections.slices(judged),
        precision_recall=sections.precision_recall(judged),
        calibration=sections.calibration(judged),
        scatter=sections.regression(judged, predictions),
        examples=[_example(mapping(example)) for example in examples][:_MOST_EXAMPLES],
        failed=[mapping(row) for row in as_list(judged.get("failed"))][:_MOST_EXAMPLES],
        data=sections.data(record),
        forgetting=_forgetting(record),
        lineage=sections.lineage(record, known),
        notes=[str(note) for name in ("notes", "warnings") for note in as_list(record.get(name))],
        settings=list(settings_of(record).items()),
        environment=_environment(record),
        command=command(record),
        using=using(model, record.get("task")) if record.get("revision") else None,
    )
    return "".join(c if c in "\n\t" or c.isprintable() or c.isspace() else "\ufffd" for c in text)


@functools.cache
def _template() -> Template:
    try:
        from jinja2 import Environment, FileSystemLoader
    except ImportError as error:
        raise MissingDependency("a report needs jinja2", "Run `pip install jinja2`.") from error
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        autoescape=True,  # labels, texts and file names come from strangers
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"number": _number, "percent": _percent, "shown": _shown, "svg": _markup}
    return environment.get_template("report.html.j2")


def _markup(chart: str) -> Any:
    """A chart as markup: `zoo.reporting.svg` has escaped what is in it."""
    from markupsafe import Markup

    return Markup(chart)  # noqa: S704


def _number(value: Any) -> str:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return "–"
    if isinstance(value, int):
        return f"{value:,}"
    return f"{value:.3f}" if 0.001 <= abs(value) <= 1 else short(value)


def _percent(value: Any) -> str:
    return f"{100 * value:.0f} %" if is_number(value) else "–"


def _shown(value: Any) -> str:
    """A label, or several, or a setting, as a person would write it."""
    if not isinstance(value, str | int | float | list | tuple | Mapping) or value == "":
        return "–"  # None, or not in the record
    if isinstance(value, float):
        return short(value)
    if isinstance(value, list | tuple):
        return ", ".join(map(_shown, value)) or "none"
    if isinstance(value, Mapping):
        return ", ".join(f"{name}: {_shown(inner)}" for name, inner in value.items())
    return clean(value)


def _example(example: Mapping[str, Any]) -> dict[str, Any]:
    """An example whose pictures are pictures: `examples.json` is a file that anybody may have written to."""
    sound = {name: value for name, value in example.items() if name not in _PICTURES}
    for name in _PICTURES:
        value = example.get(name)
        sound[name] = value if isinstance(value, str) and _PICTURE.fullmatch(value) else None
    for name in ("words", "said", "heard"):
        sound[name] = [mapping(word) for word in as_list(example.get(name))]
    return {"text": None, "second": None, "name": None, "truth": None, "predicted": None, "confidence": None} | sound


def _forgetting(record: Mapping[str, Any]) -> dict[str, Any] | None:
    """The base task's score before and after; None where it was not measured."""
    told = mapping(record.get("forgetting"))
    if not is_number(told.get("before")) or not is_number(told.get("after")):
        return None
    return {**told, "change": told["after"] - told["before"]}


def _environment(record: Mapping[str, Any]) -> list[tuple[str, Any]]:
    """What the run ran on, as rows."""
    told = mapping(record.get("environment"))
    hardware = mapping(told.get("hardware"))
    packages = mapping(told.get("packages"))
    memory = hardware.get("memory")
    accelerators = [mapping(one) for one in as_list(hardware.get("accelerators"))]
    rows = [
        ("zoo", told.get("zoo")),
        ("Python", told.get("python")),
        ("system", told.get("system")),
        ("processor", hardware.get("cpu")),
        ("cores", hardware.get("cores")),
        ("threads", told.get("threads")),
        ("memory", f"{memory / 1e9:.1f} GB" if is_number(memory) and memory else None),
        ("accelerators", ", ".join(f"{one.get('name')}: {one.get('model')}" for one in accelerators)),
        ("packages", ", ".join(f"{name} {version}" for name, version in sorted(packages.items()))),
        ("plugins", ", ".join(f"{name} {found}" for name, found in sorted(mapping(record.get("plugins")).items()))),
    ]
    return [(name, value) for name, value in rows if value]
