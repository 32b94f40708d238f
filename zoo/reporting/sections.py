"""What the sections of a report say: plain values made from a run's record and its evaluation, for the template."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from zoo.licences import obligations
from zoo.reporting import charts
from zoo.reporting.svg import short

__all__ = [
    "BASELINE",
    "as_list",
    "calibration",
    "confusion",
    "curves",
    "data",
    "headline",
    "is_number",
    "lineage",
    "mapping",
    "metrics",
    "per_class",
    "precision_recall",
    "regression",
    "slices",
]

BASELINE = "baseline_"  # begins the names of metrics of whoever gives one answer to everything
_MOST_CLASSES = 30
_MOST_ROWS = 60
_MOST_PAIRS = 20
_FEW = 30
_OF_CLASSES = ("precision", "recall", "f1", "iou", "ap", "ap50", "auroc")
_CURVES = {"IoU .5": "precision_50", "IoU .75": "precision_75", "mean of .5 to .95": "precision"}

Row = Mapping[str, Any]


def mapping(value: Any) -> Mapping[str, Any]:
    """The value, or an empty mapping where it is none: records come from disks."""
    return value if isinstance(value, Mapping) else {}


def as_list(value: Any) -> Sequence[Any]:
    """The value, or nothing where it is no list."""
    return value if isinstance(value, list | tuple) else ()


def metrics(judged: Row) -> list[dict[str, Any]]:
    """Rows `{name, value, low, high}`, the main one first."""
    main = judged.get("main")
    told = mapping(judged.get("metrics"))
    names = sorted(told, key=lambda name: (name != main, name))
    rows = [{"name": name, **mapping(told[name])} for name in names]
    return [row for row in rows if is_number(row.get("value"))]


def headline(record: Row, judged: Row) -> dict[str, Any] | None:
    """The main metric, with what it is to be measured against; None where nothing was judged."""
    rows = metrics(judged)
    if not rows:
        return None
    first = rows[0]
    bounds = (0.0, 1.0) if 0 <= first["value"] <= 1 else None
    return {
        **first,
        "n": judged.get("n"),
        "confidence": judged.get("confidence", 0.95),
        "higher": judged.get("higher_is_better", True),
        "bar": charts.interval(first["value"], first.get("low"), first.get("high")) if bounds else None,
        "baseline": _baseline(record, judged, first),
    }


def _baseline(record: Row, judged: Row, main: Row) -> dict[str, Any] | None:
    """What the record says of before the training, or the score of one who always gives the best constant answer."""
    told = mapping(record.get("baseline"))
    if is_number(told.get("value")):
        return {"name": told.get("name") or "before the training", "value": told["value"]}
    plain = mapping(mapping(judged.get("metrics")).get(f"{BASELINE}{main['name']}"))
    return (
        {"name": "one constant answer would score", "value": plain["value"]} if is_number(plain.get("value")) else None
    )


def curves(points: Sequence[Row], record: Row) -> list[str]:
    """Charts of the losses, of the validation scores and of the learning rate, by step."""
    best = mapping(record.get("curves")).get("best_step")
    known = ("step", "epoch", "loss", "learning_rate", "examples_per_second", "validation_loss", "seconds", "grad_norm")
    others = sorted({name for point in points for name, value in point.items() if is_number(value)} - set(known))
    groups = {
        "loss": {"training": "loss", "validation": "validation_loss"},
        "validation score": {name: name for name in others},
        "learning rate": {"learning rate": "learning_rate"},
    }
    steps = [point["step"] for point in points if is_number(point.get("step"))]
    span = (min(steps), max(steps)) if steps else None
    made = []
    for title, names in groups.items():
        series = {shown: _series(points, name) for shown, name in names.items()}
        series = {shown: values for shown, values in series.items() if len(values) > 1}
        if series:
            alt = f"{title} by step of training: {_told(series)}"
            mark = best if is_number(best) else None
            made.append(charts.lines(series, alt=alt, x_label="step", y_label=title, span=span, best=mark))
    return made


def _series(points: Sequence[Row], name: str) -> list[tuple[float, float]]:
    return [(p["step"], p[name]) for p in points if is_number(p.get("step")) and is_number(p.get(name))]


def _told(series: Mapping[str, Sequence[tuple[float, float]]]) -> str:
    return "; ".join(f"{name} from {short(made[0][1])} to {short(made[-1][1])}" for name, made in series.items())


def confusion(judged: Row) -> dict[str, Any] | None:
    """A heat map, or with many classes the pairs that are most often taken for each other."""
    matrix, labels = as_list(judged.get("confusion")), [str(label) for label in as_list(judged.get("labels"))]
    if not labels or len(matrix) != len(labels):
        return None
    right = sum(row[index] for index, row in enumerate(matrix))
    total = sum(map(sum, matrix))
    off = [
        {"truth": labels[i], "predicted": labels[j], "n": n, "of": sum(row)}
        for i, row in enumerate(matrix)
        for j, n in enumerate(row)
        if i != j and n
    ]
    small = len(labels) <= _MOST_CLASSES
    ranked = sorted(off, key=lambda pair: (-pair["n"], pair["truth"], pair["predicted"]))
    pairs = ranked[: _MOST_PAIRS // 2 if small else _MOST_PAIRS]
    alt = f"Confusion matrix of {len(labels)} classes: {right} of {total} are on the diagonal"
    return {"chart": charts.heatmap(matrix, labels, alt=alt) if small else None, "pairs": pairs, "classes": len(labels)}


def per_class(judged: Row) -> dict[str, Any] | None:
    """Rows by class; with very many, those that are recognised worst."""
    rows = [mapping(row) for row in as_list(judged.get("per_class"))]
    if not rows:
        return None
    ranked = [row for row in rows if is_number(row.get("n"))]
    of = next((row["metric"] for row in rows if row.get("metric")), "f1")
    kept = sorted(ranked, key=lambda row: (_number(row.get(of)), str(row.get("label"))))[:_MOST_ROWS]
    shown = rows if len(rows) <= _MOST_ROWS else kept
    names = [name for name in _OF_CLASSES if any(is_number(row.get(name)) for row in shown)]
    made = [{**row, "few": _number(row.get("n")) < _FEW, "bar": _bar(row)} for row in shown]
    return {"rows": made, "names": names, "left": len(rows) - len(shown), "of": of}


def _bar(row: Row) -> str | None:
    name = row.get("metric") or "f1"
    value = row.get(name)
    return charts.interval(value, row.get("low"), row.get("high")) if is_number(value) else None  # type: ignore[arg-type]


def slices(judged: Row) -> dict[str, Any] | None:
    """Rows by slice, and the gaps between the best and the worst one of each column."""
    rows = [dict(mapping(row)) for row in as_list(judged.get("slices"))]
    if not rows:
        return None
    for row in rows:
        score = row.get("value_of", row.get("score"))
        row["score"] = score if is_number(score) else None
        row["few"] = bool(row.get("too_few")) or _number(row.get("n")) < _FEW
        within = row["score"] is not None and 0 <= row["score"] <= 1
        row["bar"] = charts.interval(row["score"], row.get("low"), row.get("high")) if within else None
    return {
        "rows": rows[:200],
        "left": max(0, len(rows) - 200),
        "gaps": [mapping(g) for g in as_list(judged.get("gaps"))],
    }


def precision_recall(judged: Row) -> str | None:
    """Precision by recall of boxes; None where none were to be found."""
    rows = [mapping(row) for row in as_list(judged.get("precision_recall"))]
    series = {
        shown: [(row["recall"], row[name]) for row in rows if is_number(row.get("recall")) and is_number(row.get(name))]
        for shown, name in _CURVES.items()
    }
    series = {shown: points for shown, points in series.items() if points}
    areas = ", ".join(f"{shown}: {short(sum(y for _, y in points) / len(points))}" for shown, points in series.items())
    return charts.precision_recall(series, alt=f"Precision by recall; areas {areas}") if series else None


def calibration(judged: Row) -> dict[str, Any] | None:
    """The calibration diagram with its error, and the histogram of confidences."""
    bins = [mapping(one) for one in as_list(judged.get("calibration"))]
    counted = [one for one in bins if is_number(one.get("n")) and one["n"]]
    if not counted:
        return None
    error = mapping(mapping(judged.get("metrics")).get("ece"))
    value = error.get("value")
    told = f", expected calibration error {short(value)}" if is_number(value) and value is not None else ""
    heights = [
        (one["low"], one["high"], one["n"]) for one in bins if is_number(one.get("low")) and is_number(one.get("n"))
    ]
    return {
        "chart": charts.calibration(counted, alt=f"Calibration in {len(counted)} bins{told}"),
        "histogram": charts.histogram(heights, alt="How many examples had which confidence", x_label="confidence"),
        "error": error if is_number(value) else None,
    }


def regression(judged: Row, predictions: Sequence[Row]) -> str | None:
    """True against predicted numbers; None where numbers were not what was learnt."""
    if judged.get("kind") not in {"regression", "scored"}:
        return None
    points = [(row["truth"], row["predicted"]) for row in predictions if _both(row)]
    alt = f"True and predicted values of {len(points)} examples"
    return charts.scatter(points, alt=alt, x_label="true", y_label="predicted") if points else None


def _both(row: Row) -> bool:
    return is_number(row.get("truth")) and is_number(row.get("predicted"))


def data(record: Row) -> dict[str, Any] | None:
    """How much there was of what, what the doctor found, and by what the data is known."""
    told = mapping(record.get("data"))
    if not told:
        return None
    parts = [name for name in ("train", "validation", "test", "all") if is_number(told.get(name))]
    counts = {name: mapping(made) for name, made in mapping(told.get("counts")).items()}
    labels = sorted({str(label) for made in counts.values() for label in made})
    rows = [[label, *(counts.get(part, {}).get(label, 0) for part in parts)] for label in labels[:_MOST_ROWS]]
    return {
        "name": told.get("name"),
        "parts": [(name, told[name], mapping(told.get("split_ids")).get(name)) for name in parts],
        "classes": len(as_list(told.get("classes"))),
        "names": parts,
        "counts": rows,
        "left": max(0, len(labels) - _MOST_ROWS),
        "findings": [mapping(found) for found in as_list(told.get("findings"))],
        "fingerprint": told.get("fingerprint"),
    }


def lineage(record: Row, card: Row) -> dict[str, Any]:
    """From what the model was made, under which licence, and what that asks for."""
    licence = mapping(card.get("licence"))
    weights = licence.get("weights") or "not stated"
    return {
        "base": record.get("base"),
        "base_revision": record.get("base_revision"),
        "revision": record.get("revision"),
        "licence": weights,
        "source": licence.get("source"),
        "duties": obligations(str(weights)),
        "conflicts": [mapping(found) for found in as_list(record.get("licence_conflicts"))],
    }


def is_number(value: Any) -> bool:
    """Whether a value is a number (and no truth value)."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def _number(value: Any) -> float:
    return float(value) if is_number(value) else 0.0
