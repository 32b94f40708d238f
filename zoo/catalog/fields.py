"""The fields by which models are searched: their names and kinds, and how a typed value becomes one to compare.

The measures whose lower values are better are listed here too, because sorting and comparing both ask.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable

from zoo.errors import BadInput, nearest

__all__ = [
    "ALIASES",
    "DESCENDING",
    "FIELDS",
    "LOWER_IS_BETTER",
    "METRICS",
    "canonical",
    "date_bounds",
    "flag",
    "lower_is_better",
    "misspelt",
    "number",
    "rounded",
    "unknown_field",
]

# text and list fields hold words (a list several), numbers base units (pixels, bytes, multiply-accumulates).
FIELDS: dict[str, str] = {
    "arch": "text",
    "base": "text",
    "classes": "number",
    "dataset": "list",
    "deprecated": "flag",
    "downloads": "number",
    "family": "text",
    "feed": "text",
    "id": "text",
    "input": "number",
    "installed": "flag",
    "lang": "list",
    "library": "text",
    "licence": "text",
    "loader": "text",
    "macs": "number",
    "owner": "text",
    "params": "number",
    "published": "date",
    "size": "number",
    "tag": "list",
    "task": "list",
}
ALIASES = {
    "architecture": "arch",
    "author": "owner",
    "class": "classes",
    "data": "dataset",
    "datasets": "dataset",
    "date": "published",
    "gmacs": "macs",
    "here": "installed",
    "labels": "classes",
    "language": "lang",
    "languages": "lang",
    "lib": "library",
    "license": "licence",
    "model": "id",
    "name": "id",
    "org": "owner",
    "organisation": "owner",
    "organization": "owner",
    "parameters": "params",
    "pixels": "input",
    "resolution": "input",
    "tags": "tag",
    "tasks": "task",
    "year": "published",
}
# Names of metrics that cards use, lower case, by which one may filter and sort; a catalog may hold further ones.
METRICS = frozenset(
    [
        "accuracy",
        "bleu",
        "cer",
        "cider",
        "f1",
        "keypoint_map",
        "knn-top1",
        "linear-top1",
        "map",
        "map-rare",
        "mask_map",
        "miou",
        "ndcg",
        "pearson",
        "perplexity",
        "pixel_accuracy",
        "pq",
        "rouge1",
        "rouge2",
        "rougel",
        "spearman",
        "top1",
        "top5",
        "wer",
        "wer-other",
        "zero-shot-top1",
    ]
)
_METRIC_ALIASES = {
    "acc": "accuracy",
    "acc1": "top1",
    "acc5": "top5",
    "box_map": "map",
    "iou": "miou",
    "kp_map": "keypoint_map",
    "pixel_acc": "pixel_accuracy",
    "ppl": "perplexity",
    "top-1": "top1",
    "top-5": "top5",
}
# Less is better of these, and of variants of them such as `wer-other`.
LOWER_IS_BETTER = frozenset(
    [
        "abs_rel",
        "absrel",
        "cer",
        "der",
        "eer",
        "fid",
        "gflops",
        "loss",
        "mae",
        "mase",
        "mse",
        "perplexity",
        "rmse",
        "wer",
    ]
)
# What is asked for when somebody sorts by a field: the newest and the most used, but the smallest.
DESCENDING = frozenset(["downloads", "published"])
_FLOPS = ("flop", "flops", "gflop", "gflops")

# Patterns are compiled when a value needs them (`re` keeps what it compiled): plain words ask for none.
_NUMBER = r"(\d{1,3}(?:,\d{3})+|\d[\d_]*|(?=\.\d))(\.\d+)?(e[+-]?\d{1,3})?\s*([a-z%]*)"
_UNITS = {"": 1.0, "k": 1e3, "m": 1e6, "mio": 1e6, "g": 1e9, "b": 1e9, "bn": 1e9, "t": 1e12}
_BYTES = {"": 1.0, "b": 1.0, "k": 1e3, "m": 1e6, "g": 1e9, "t": 1e12}
_BYTES |= {f"{unit}b": scale for unit, scale in _BYTES.items() if unit not in {"", "b"}}
_BYTES |= {"kib": 2.0**10, "mib": 2.0**20, "gib": 2.0**30, "tib": 2.0**40}
_SQUARE = r"(\d+)x(\d+)"
_DATE = r"(\d{4})(?:-(\d{1,2})(?:-(\d{1,2}))?)?"
_YES = {"yes": True, "true": True, "1": True, "no": False, "false": False, "0": False}


def lower_is_better(metric: str) -> bool:
    """Whether less of a metric is better: `wer`, `wer-other`."""
    return metric.lower().partition("-")[0] in LOWER_IS_BETTER


def canonical(name: str, metrics: Iterable[str] = ()) -> str | None:
    """The field or metric that a typed name means, or None; `metrics` are those that only this catalog has."""
    name = name.lower()
    name = ALIASES.get(name, _METRIC_ALIASES.get(name, name))
    return name if name in FIELDS or name in METRICS or name in metrics else None


def misspelt(name: str, metrics: Iterable[str] = ()) -> bool:
    """Whether a name is so like a field's that a word with a colon in it is likely a slip."""
    known = [*FIELDS, *ALIASES, *METRICS, *metrics, *_FLOPS]
    return len(name) > 2 and bool(difflib.get_close_matches(name, known, n=1, cutoff=0.75))


def unknown_field(name: str, metrics: Iterable[str] = ()) -> BadInput:
    """The error for a name that is no field, with the nearest."""
    if name.lower() in _FLOPS:
        return BadInput(
            "the catalog counts multiply-accumulates, not floating-point operations",
            "Ask for macs: 1 GMAC is about 2 GFLOP, so macs<2G for less than 4 GFLOP.",
        )
    known = [*FIELDS, *ALIASES, *METRICS, *metrics]
    near = dict.fromkeys(canonical(near, metrics) or near for near in nearest(name.lower(), known))
    hint = f"Did you mean {', '.join(near)}?" if near else f"The fields are {', '.join(FIELDS)}, and metrics: top1, …"
    return BadInput(f"there is no field {name!r}", hint)


def number(field: str, text: str) -> float:
    """A typed number in base units: `30M` -> 3e7, `100MB` -> 1e8, `1.2G` -> 1.2e9; raises `BadInput`."""
    return _number(field, text)[0]


def rounded(field: str, text: str) -> tuple[float, float]:
    """The range of numbers that are written so when rounded to the digits typed: `25.6M` -> 25.55M up to 25.65M.

    Numbers without a unit and a point are meant exactly: `224` -> 224 up to 224.
    """
    value, step = _number(field, text)
    return (value - step / 2, value + step / 2) if step else (value, value)


def _number(field: str, text: str) -> tuple[float, float]:
    """The number, and the worth of its last digit, 0 when it is a plain whole number."""
    plain = text.lower().strip().removesuffix("px") if field == "input" else text.lower().strip()
    if field == "input" and (square := re.fullmatch(_SQUARE, plain)):
        plain = max(square[1], square[2], key=int)
    found = re.fullmatch(_NUMBER, plain)
    scale = _scale(field, found[4]) if found else None
    if found is None or scale is None:
        raise BadInput(f"{text!r} is no number for {field}", f"Write a number such as {_EXAMPLES.get(field, '80')}.")
    digits = found[1].replace(",", "").replace("_", "")
    value = float(f"{digits or 0}{found[2] or ''}{found[3] or ''}") * scale
    if value > 1e18:  # beyond what an integer column can hold
        raise BadInput(f"{text!r} is too large for {field}", "No model is that large.")
    if not found[2] and not found[3] and scale == 1.0:
        return value, 0.0
    places = len(found[2] or ".") - 1
    return value, scale * float(f"1{found[3] or ''}") * 10.0**-places


_EXAMPLES = {
    "classes": "1000",
    "downloads": "100k",
    "input": "224",
    "macs": "4.1G",
    "params": "30M, 1.5B or 20k",
    "size": "100MB or 4GB",
}


def _scale(field: str, unit: str) -> float | None:
    if field == "size":
        return _BYTES.get(unit)
    if field == "macs":
        unit = unit.removesuffix("macs").removesuffix("mac")
    if field not in FIELDS:
        return 1.0 if unit in {"", "%"} else None
    return _UNITS.get(unit)


def date_bounds(field: str, text: str) -> tuple[str, str]:
    """A typed day, month or year, and the one after it: `2022-5` -> `("2022-05", "2022-06")`; raises `BadInput`."""
    found = re.fullmatch(_DATE, text.strip())
    if found:
        year, month, day = (int(part) if part else None for part in found.groups())
        if year is not None and 1000 <= year < 9999 and (month is None or 1 <= month <= 12):
            if month is None:
                return f"{year:04}", f"{year + 1:04}"
            if day is None:
                return f"{year:04}-{month:02}", f"{year + month // 12:04}-{month % 12 + 1:02}"
            if 1 <= day <= 31:
                # "~" sorts behind every digit, so that the bound needs no calendar.
                return f"{year:04}-{month:02}-{day:02}", f"{year:04}-{month:02}-{day:02}~"
    raise BadInput(f"{text!r} is no date for {field}", "Write 2022, 2022-05 or 2022-05-31.")


def flag(field: str, text: str) -> bool | None:
    """Yes, no, or None for `any`; raises `BadInput`."""
    word = text.lower().strip()
    if word == "any":
        return None
    if word not in _YES:
        raise BadInput(f"{field} is yes or no, not {text!r}", f"Write {field}:yes, {field}:no or {field}:any.")
    return _YES[word]
