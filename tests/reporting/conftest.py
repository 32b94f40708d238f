"""What the tests here report on: runs of each kind, with real scores of real predictions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from tests.runs.conftest import record
from zoo.evaluation import Predictions, judge
from zoo.evaluation.judging import told

__all__ = ["Report"]

N = 90


def run_of(kind: str, evaluation: dict[str, Any], **changes: Any) -> dict[str, Any]:
    """A finished run's record."""
    made = {
        "id": "20260131-090000-1f3a9c",
        "started": "2026-01-31T09:00:00Z",
        "ended": "2026-01-31T09:01:00Z",
        "outcome": "done",
        "why": "90 examples are few",
        "target": {"kind": kind, "labels": evaluation["labels"]},
        "evaluation": evaluation,
        "revision": "cd" * 32,
        "timing": {"seconds": 60.5},
        "environment": {
            "argv": ["zoo", "finetune", "mobilenetv2_100", "pets/"],
            "python": "3.11.7",
            "threads": 2,
            "hardware": {"cpu": "a processor", "memory": 8_000_000_000, "cores": 2, "accelerators": []},
            "packages": {"torch": "2.15.0"},
        },
    }
    return record(**{**made, **changes})


def classes(kind: str = "single", count: int = 3) -> tuple[Predictions, dict[str, list[str]]]:
    """Predictions that are mostly right, and a column to slice by."""
    draw = np.random.default_rng(0)
    labels = tuple(f"kind {i}" for i in range(count))
    truth = [labels[i % count] for i in range(N)]
    scores = draw.dirichlet(np.ones(count), N)
    scores[np.arange(N), [i % count for i in range(N)]] += 1.5 / count
    scores = scores / scores.sum(1, keepdims=True)
    rows = tuple(f"pets/{i}.jpg" for i in range(N))
    many = [tuple(sorted({label, labels[0]})) for label in truth]
    made = Predictions(kind=kind, labels=labels, truth=truth if kind == "single" else many, scores=scores, rows=rows)
    return made, {"breed": ["big" if i % 4 else "small" for i in range(N)]}


def numbers() -> Predictions:
    truth = [float(i) for i in range(N)]
    scores = np.array(truth) + np.random.default_rng(0).normal(0, 5, N)
    return Predictions(kind="regression", labels=("age",), truth=truth, scores=scores)


def tagged() -> Predictions:
    truth = [("B-PER", "O", "B-LOC")] * N
    scores = [("B-PER", "O", "O") if i % 3 else ("O", "O", "B-LOC") for i in range(N)]
    return Predictions(kind="tags", labels=("B-LOC", "B-PER", "O"), truth=truth, scores=scores)


def language() -> Predictions:
    scores = np.stack([np.linspace(20, 40, N), np.full(N, 10.0)], axis=1)
    return Predictions(kind="text", labels=(), truth=[None] * N, scores=scores)


def masks() -> Predictions:
    draw = np.random.default_rng(0)
    scores = draw.integers(1, 100, (N, 2, 2)) + np.eye(2, dtype=int) * 500
    return Predictions(kind="mask", labels=("background", "horse"), truth=[None] * N, scores=scores)


CURVES = [
    *({"step": s, "epoch": s / 10, "loss": 2.0 / s, "learning_rate": 1e-3 / s} for s in range(1, 31)),
    *({"step": s, "epoch": s / 10, "validation_loss": 2.5 / s, "accuracy": s / 40} for s in (10, 20, 30)),
]

PICTURE = "data:image/jpeg;base64,/9j/4AAQSkZJRg=="
EXAMPLE = {"row": "pets/7.jpg", "truth": "kind 1", "predicted": "kind 2", "confidence": 0.9}

# Of each kind of run: what its report is made of.
Report = Callable[[str], dict[str, Any]]


def _of(kind: str) -> dict[str, Any]:
    if kind in {"single", "multi"}:
        predictions, columns = classes(kind)
        judged = judge(predictions, slices=columns, resamples=100).to_dict()
        told_of = {"record": run_of(kind, judged, curves={"best_step": 20}, method="full"), "curves": CURVES}
        return told_of | {"evaluation": judged, "examples": [{**EXAMPLE, "picture": PICTURE}]}
    if kind == "many":
        predictions, _ = classes(count=45)
        judged = judge(predictions, resamples=100).to_dict()
        return {"record": run_of("single", judged), "evaluation": judged}
    if kind == "regression":
        judged = judge(numbers(), resamples=100).to_dict()
        example = {"row": "a.csv:3", "truth": 3.0, "predicted": 9.5, "text": "a text"}
        made = {"record": run_of(kind, judged, task="text-classification"), "evaluation": judged}
        return made | {"examples": [example], "predictions": told(numbers())}
    if kind == "tags":
        words = [{"word": "Ada", "truth": "B-PER", "predicted": "O"}, {"word": "sat", "truth": "O", "predicted": "O"}]
        judged = judge(tagged(), resamples=100).to_dict()
        record_ = run_of(kind, judged, task="token-classification")
        return {"record": record_, "evaluation": judged, "examples": [{"row": "n:1", "words": words}]}
    if kind == "text":
        judged = judge(language(), resamples=100).to_dict()
        forgot = {"metric": "perplexity", "data": "wiki.txt", "before": 9.0, "after": 9.5}
        record_ = run_of(kind, judged, task="text-generation", method="lora", forgetting=forgot)
        return {"record": record_, "evaluation": judged, "examples": [{"row": "t:1", "text": "once upon"}]}
    if kind == "mask":
        judged = judge(masks(), resamples=100).to_dict()
        shown = {"row": "h.png", "picture": PICTURE, "true_mask": PICTURE, "predicted_mask": PICTURE}
        return {
            "record": run_of(kind, judged, task="image-segmentation"),
            "evaluation": judged,
            "examples": [shown],
        }
    return {"record": record(id="20260131-090000-1f3a9c", outcome="failed", error="no room"), "evaluation": None}


@pytest.fixture(scope="session")
def report() -> Report:
    """`report("single")`: the arguments of `report_text` for a run of that kind."""
    kept: dict[str, dict[str, Any]] = {}

    def make(kind: str) -> dict[str, Any]:
        if kind not in kept:
            kept[kind] = _of(kind)
        return dict(kept[kind])

    return make
