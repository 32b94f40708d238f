"""A model card in the hub's format: facts as YAML with a `model-index` of the held-out scores, then text for people."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from zoo.cards import NOT_STATED
from zoo.licences import obligations
from zoo.reporting.markdown import code, inline, plain, table
from zoo.reporting.sections import BASELINE, as_list, is_number, mapping, metrics
from zoo.reporting.svg import short
from zoo.runs.reproducing import command, settings_of, using

__all__ = ["card_text"]

# What the hub calls our metrics (its list of metrics), with the arguments that say which one it is.
_METRICS: Mapping[str, tuple[str, Mapping[str, str]]] = {
    "f1_macro": ("f1", {"average": "macro"}),
    "f1_micro": ("f1", {"average": "micro"}),
    "precision_macro": ("precision", {"average": "macro"}),
    "precision_micro": ("precision", {"average": "micro"}),
    "recall_macro": ("recall", {"average": "macro"}),
    "recall_micro": ("recall", {"average": "micro"}),
    "auroc": ("roc_auc", {}),
    "pearson": ("pearsonr", {}),
    "spearman": ("spearmanr", {}),
}
# The hub's words for licences that are not the SPDX identifier in small letters need none here; others are "other".
_LICENCES = frozenset(
    [
        "apache-2.0",
        "mit",
        "afl-3.0",
        "artistic-2.0",
        "bsl-1.0",
        "bsd-2-clause",
        "bsd-3-clause",
        "cc0-1.0",
        "cc-by-2.0",
        "cc-by-2.5",
        "cc-by-3.0",
        "cc-by-4.0",
        "cc-by-sa-3.0",
        "cc-by-sa-4.0",
        "cc-by-nc-2.0",
        "cc-by-nc-3.0",
        "cc-by-nc-4.0",
        "cc-by-nd-4.0",
        "cc-by-nc-nd-3.0",
        "cc-by-nc-nd-4.0",
        "cc-by-nc-sa-2.0",
        "cc-by-nc-sa-3.0",
        "cc-by-nc-sa-4.0",
        "ecl-2.0",
        "epl-1.0",
        "epl-2.0",
        "eupl-1.1",
        "agpl-3.0",
        "gpl-2.0",
        "gpl-3.0",
        "lgpl-2.1",
        "lgpl-3.0",
        "isc",
        "lppl-1.3c",
        "ms-pl",
        "mpl-2.0",
        "odc-by",
        "odbl",
        "ofl-1.1",
        "osl-3.0",
        "postgresql",
        "ncsa",
        "unlicense",
        "zlib",
        "pddl",
        "wtfpl",
    ]
)
_LIBRARIES = ("timm", "transformers", "torchvision", "sentence-transformers", "onnx")
_FEW = 30
_MOST_ROWS = 30


def card_text(
    record: Mapping[str, Any], evaluation: Mapping[str, Any] | None, card: Mapping[str, Any] | None = None
) -> str:
    """The model card of a run's model.

    Args:
        record: what is in `record.json`.
        evaluation: `Evaluation.to_dict()`, or None.
        card: the zoo's own card of the model as JSON (`ModelCard.to_dict()`).

    Returns:
        the text of `README.md`, which `huggingface_hub.ModelCard` reads. Facts that nobody stated are "not stated".
    """
    judged, known = mapping(evaluation), mapping(card)
    body = "\n\n".join(_sections(record, judged, known))
    return f"---\n{_facts(record, judged, known)}\n---\n\n{body}\n"


def _facts(record: Mapping[str, Any], judged: Mapping[str, Any], card: Mapping[str, Any]) -> str:
    from huggingface_hub import ModelCardData

    model, base, data = str(record.get("model") or "model"), record.get("base"), mapping(record.get("data"))
    source = str(data.get("source") or "")
    library = str(card.get("library") or "")
    on_hub = isinstance(base, str) and "/" in base
    results = _results(record, judged)
    made = ModelCardData(
        model_name=model,
        base_model=base if on_hub else None,
        base_model_relation=("adapter" if record.get("method") == "lora" else "finetune") if on_hub else None,
        library_name=library if library in _LIBRARIES else None,
        pipeline_tag=record.get("task"),
        datasets=[source.removeprefix("hf:").partition("@")[0]] if source.startswith("hf:") else None,
        language=[word for word in as_list(card.get("languages")) if re.fullmatch(r"[a-z]{2,3}", str(word))] or None,
        metrics=sorted({result.metric_type for result in results}) or None,
        tags=sorted({*map(str, as_list(card.get("tags"))), "fine-tuned", *_method(record)}),
        eval_results=results or None,
    )
    for name, word in _licence(str(mapping(card.get("licence")).get("weights") or NOT_STATED)).items():
        made[name] = word
    if not results:
        made.pop("model_name")
    return str(made.to_yaml())


def _method(record: Mapping[str, Any]) -> list[str]:
    return [str(record["method"])] if record.get("method") else []


def _licence(weights: str) -> dict[str, str]:
    if weights == NOT_STATED:
        return {"license": "unknown"}
    word = weights.lower().removesuffix("-only").removesuffix("-or-later")
    return {"license": word} if word in _LICENCES else {"license": "other", "license_name": word.replace(" ", "-")}


def _results(record: Mapping[str, Any], judged: Mapping[str, Any]) -> list[Any]:
    """The held-out scores, as the hub's leaderboards read them."""
    from huggingface_hub import EvalResult

    data = mapping(record.get("data"))
    name = str(data.get("name") or NOT_STATED)
    source = str(data.get("source") or "")
    identity = mapping(data.get("split_ids")).get("test")
    made = []
    for row in (row for row in metrics(judged) if not _is_setting(row["name"])):
        kind, arguments = _METRICS.get(row["name"], (row["name"], {}))
        made.append(
            EvalResult(
                task_type=str(record.get("task") or NOT_STATED),
                dataset_type=source.removeprefix("hf:").partition("@")[0] if source.startswith("hf:") else name,
                dataset_name=name,
                dataset_split="test",
                dataset_args={"rows": identity} if identity else None,
                metric_type=kind,
                metric_name=f"{row['name']}{_interval(row, judged)}",
                metric_value=round(float(row["value"]), 6),
                metric_args=dict(arguments) or None,
            )
        )
    return made


def _is_setting(metric: str) -> bool:
    """Whether a metric says how something was measured, and not how well the model does."""
    return metric.startswith(BASELINE) or metric.endswith("_threshold")


def _interval(row: Mapping[str, Any], judged: Mapping[str, Any]) -> str:
    if not is_number(row.get("low")) or not is_number(row.get("high")):
        return ""
    share = 100 * float(judged.get("confidence") or 0.95)
    return f" ({share:.0f} % interval {short(row['low'])} to {short(row['high'])})"


def _sections(record: Mapping[str, Any], judged: Mapping[str, Any], card: Mapping[str, Any]) -> Iterator[str]:
    model = str(record.get("model") or "model")
    yield f"# {plain(model)}"
    yield _what(record, card)
    yield f"## Intended use and limits\n\n{_limits(record, judged)}"
    yield f"## Training data\n\n{_data(record)}"
    yield f"## Training procedure\n\n{_procedure(record)}"
    yield f"## Results\n\n{_scores(record, judged)}"
    yield f"## Licence and lineage\n\n{_lineage(record, card)}"
    ways = using(model, record.get("task"))
    yield f"## How to use\n\n{code(ways['python'], 'python')}\n\n{code(ways['shell'], 'bash')}"
    yield f"## Environment\n\n{_environment(record)}"


def _what(record: Mapping[str, Any], card: Mapping[str, Any]) -> str:
    base, data = record.get("base") or NOT_STATED, mapping(record.get("data")).get("name") or NOT_STATED
    words = f"{plain(base)}, fine-tuned for {plain(record.get('task') or NOT_STATED)} on {plain(data)}"
    labels = [str(label) for label in as_list(mapping(record.get("target")).get("labels"))]
    shown = ", ".join(f"`{inline(label)}`" for label in labels[:_MOST_ROWS])
    more = f" and {len(labels) - _MOST_ROWS} more" if len(labels) > _MOST_ROWS else ""
    return f"{words}.{f' It tells {len(labels)} labels apart: {shown}{more}.' if len(labels) > 1 else ''}"


def _limits(record: Mapping[str, Any], judged: Mapping[str, Any]) -> str:
    n, name = judged.get("n"), plain(mapping(record.get("data")).get("name") or NOT_STATED)
    lines = [
        f"It was measured on the held-out part of {name}{f', {n} examples' if n else ''}, and on nothing else: of data "
        "of another kind or origin nothing is known.",
        "Intended uses, and uses out of scope: not stated. Limits and biases of the base model are its own card's "
        "matter, and are likely to live on.",
    ]
    few = [row for row in as_list(judged.get("per_class")) if _is_few(mapping(row))]
    if few:
        labels = ", ".join(f"`{inline(str(row.get('label')))}`" for row in few[:10])
        lines.append(f"Classes with fewer than {_FEW} held-out examples, whose scores say little: {labels}.")
    return "\n\n".join(lines)


def _is_few(row: Mapping[str, Any]) -> bool:
    return is_number(row.get("n")) and row["n"] < _FEW


def _data(record: Mapping[str, Any]) -> str:
    data = mapping(record.get("data"))
    rows = [[part, str(data[part])] for part in ("train", "validation", "test") if is_number(data.get(part))]
    parts = [f"Data set: {plain(data.get('name') or NOT_STATED)}. Its licence and how it was collected: not stated."]
    if rows:
        parts.append(table(["part", "examples"], rows))
    if data.get("fingerprint"):
        parts.append(f"Fingerprint of all inputs and labels: `{data['fingerprint']}`.")
    return "\n\n".join(parts)


def _procedure(record: Mapping[str, Any]) -> str:
    why = f" ({plain(record['why'])})" if record.get("why") else ""
    settings = settings_of(record)
    rows = [[plain(name), plain(_shown(value))] for name, value in settings.items() if value is not None]
    listed = f"\n\n{table(['setting', 'value'], rows)}" if rows else ""
    return f"Method: {plain(record.get('method') or NOT_STATED)}{why}.{listed}\n\n{code(command(record), 'bash')}"


def _shown(value: Any) -> str:
    if isinstance(value, list | tuple):
        return ", ".join(map(_shown, value))
    if isinstance(value, Mapping):
        return ", ".join(f"{name}: {_shown(inner)}" for name, inner in value.items())
    return short(value) if isinstance(value, float) else str(value)


def _scores(record: Mapping[str, Any], judged: Mapping[str, Any]) -> str:
    rows = metrics(judged)
    if not rows:
        return "Not measured."
    made = [[plain(row["name"]), short(row["value"]), _interval(row, judged).strip(" ()") or "–"] for row in rows]
    parts = [f"On the held-out part, n = {judged.get('n', NOT_STATED)}.", table(["metric", "value", "interval"], made)]
    if judged.get("slices"):
        parts += ["By slice:", _slices([mapping(row) for row in as_list(judged["slices"])])]
    return "\n\n".join(parts)


def _slices(rows: Sequence[Mapping[str, Any]]) -> str:
    made = []
    for row in rows[:_MOST_ROWS]:
        score = row.get("value_of", row.get("score"))
        told = short(score) if is_number(score) and isinstance(score, int | float) else "–"
        few = " (too few)" if row.get("too_few") else ""
        where = f"{row.get('column')} = {row.get('value')}"
        interval = f"{short(row['low'])} to {short(row['high'])}" if is_number(row.get("low")) else "–"
        made.append([plain(where), f"{row.get('n')}{few}", plain(row.get("metric")), told, interval])
    return table(["slice", "n", "metric", "score", "interval"], made)


def _lineage(record: Mapping[str, Any], card: Mapping[str, Any]) -> str:
    licence = mapping(card.get("licence"))
    weights = str(licence.get("weights") or NOT_STATED)
    revision = f", revision `{str(record['base_revision'])[:12]}`" if record.get("base_revision") else ""
    lines = [
        f"- made from: {plain(record.get('base') or NOT_STATED)}{revision}",
        f"- licence of the weights, inherited: {plain(weights)}",
        *(f"- it asks you to {plain(duty)}" for duty in obligations(weights)),
        *(f"- {plain(mapping(found).get('text'))}" for found in as_list(record.get("licence_conflicts"))),
    ]
    return "\n".join(lines)


def _environment(record: Mapping[str, Any]) -> str:
    told = mapping(record.get("environment"))
    hardware = mapping(told.get("hardware"))
    packages = ", ".join(f"{name} {version}" for name, version in sorted(mapping(told.get("packages")).items()))
    lines = [
        f"- Python {told.get('python') or NOT_STATED} on {told.get('system') or NOT_STATED}",
        f"- processor: {plain(hardware.get('cpu') or NOT_STATED)}, threads: {told.get('threads') or NOT_STATED}",
        f"- packages: {packages or NOT_STATED}",
        f"- run {record.get('id') or NOT_STATED}, {record.get('started') or NOT_STATED}",
    ]
    return "\n".join(lines)
