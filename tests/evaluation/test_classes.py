"""Scores of classes against scikit-learn's, and what must hold of any."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn import metrics as reference

from zoo.errors import BadInput, BadOption
from zoo.evaluation import Predictions, judge
from zoo.evaluation.measures import measure_of

LABELS = tuple(f"class {i}" for i in range(7))


def single(n: int = 400, classes: int = 7, seed: int = 0) -> tuple[Predictions, np.ndarray, np.ndarray]:
    """Predictions that are calibrated, with the true indices and the probabilities."""
    draw = np.random.default_rng(seed)
    scores = draw.dirichlet(np.full(classes, 0.7), n)
    truth = np.array([draw.choice(classes, p=row) for row in scores])
    made = Predictions(kind="single", labels=LABELS[:classes], truth=[LABELS[i] for i in truth], scores=scores)
    return made, truth, scores


def multi(n: int = 300, classes: int = 5) -> tuple[Predictions, np.ndarray, np.ndarray]:
    draw = np.random.default_rng(1)
    truth = draw.random((n, classes)) < 0.3
    scores = np.clip(truth * 0.3 + draw.random((n, classes)) * 0.7, 0, 1)
    names = [tuple(LABELS[i] for i in np.flatnonzero(row)) for row in truth]
    return Predictions(kind="multi", labels=LABELS[:classes], truth=names, scores=scores), truth, scores


def test_one_class_of_several_as_scikit_learn_has_it() -> None:
    predictions, truth, scores = single()
    guess = scores.argmax(1)
    found = {name: one.value for name, one in judge(predictions, resamples=100).metrics.items()}
    expected = {
        "accuracy": reference.accuracy_score(truth, guess),
        "balanced_accuracy": reference.balanced_accuracy_score(truth, guess),
        "precision_macro": reference.precision_score(truth, guess, average="macro"),
        "recall_macro": reference.recall_score(truth, guess, average="macro"),
        "f1_macro": reference.f1_score(truth, guess, average="macro"),
        "f1_micro": reference.f1_score(truth, guess, average="micro"),
        "auroc": reference.roc_auc_score(truth, scores, multi_class="ovr"),
        "top_5_accuracy": reference.top_k_accuracy_score(truth, scores, k=5),
        "log_loss": reference.log_loss(truth, scores),
        "brier": reference.brier_score_loss(truth, scores),
        "baseline_accuracy": np.bincount(truth).max() / len(truth),
    }
    assert {name: found[name] for name in expected} == pytest.approx(expected)


def test_two_classes_as_scikit_learn_has_them() -> None:
    predictions, truth, scores = single(classes=2)
    found = judge(predictions, resamples=100).metrics
    assert found["auroc"].value == pytest.approx(reference.roc_auc_score(truth, scores[:, 1]))
    assert found["brier"].value == pytest.approx(reference.brier_score_loss(truth, scores[:, 1]))
    assert "top_5_accuracy" not in found


def test_scores_of_each_class_and_the_confusion() -> None:
    predictions, truth, scores = single()
    guess = scores.argmax(1)
    found = judge(predictions, resamples=100)
    precision, recall, f1, support = reference.precision_recall_fscore_support(truth, guess)
    for i, row in enumerate(found.per_class):
        assert (row["label"], row["n"]) == (LABELS[i], support[i])
        assert [row["precision"], row["recall"], row["f1"]] == pytest.approx([precision[i], recall[i], f1[i]])
        assert row["low"] <= row["f1"] <= row["high"]
    assert found.confusion == reference.confusion_matrix(truth, guess).tolist()
    assert found.labels == LABELS


def test_several_classes_at_once_as_scikit_learn_has_them() -> None:
    predictions, truth, scores = multi()
    guess = scores >= 0.5
    found = {name: one.value for name, one in judge(predictions, resamples=100).metrics.items()}
    expected = {
        "f1_micro": reference.f1_score(truth, guess, average="micro"),
        "precision_micro": reference.precision_score(truth, guess, average="micro"),
        "recall_micro": reference.recall_score(truth, guess, average="micro"),
        "f1_macro": reference.f1_score(truth, guess, average="macro"),
        "f1_samples": reference.f1_score(truth, guess, average="samples", zero_division=1),
        "subset_accuracy": reference.accuracy_score(truth, guess),
        "auroc_macro": reference.roc_auc_score(truth, scores),
        "average_precision_macro": reference.average_precision_score(truth, scores),
    }
    assert {name: found[name] for name in expected} == pytest.approx(expected)
    assert next(iter(found)) == "f1_micro"


def test_areas_under_curves_with_ties() -> None:
    draw = np.random.default_rng(2)
    truth = draw.integers(0, 2, 200)
    first = np.round(draw.random(200) * 0.6 + truth * 0.4, 1)
    scores = np.stack([1 - first, first], axis=1)
    made = Predictions(kind="single", labels=("no", "yes"), truth=[("no", "yes")[i] for i in truth], scores=scores)
    assert judge(made, resamples=100).metrics["auroc"].value == pytest.approx(reference.roc_auc_score(truth, first))


def test_a_resample_counts_like_repeated_rows() -> None:
    """What the bootstrap rests on: weights mean what drawing rows several times means."""
    predictions, truth, scores = single(60, 3)
    rows = np.random.default_rng(3).integers(0, 60, 60)
    repeated = Predictions(
        kind="single", labels=LABELS[:3], truth=[LABELS[truth[i]] for i in rows], scores=scores[rows]
    )
    weights = np.bincount(rows, minlength=60)[None].astype(float)
    drawn = measure_of(predictions).metrics(weights)
    plain = measure_of(repeated).metrics(np.ones((1, 60)))
    assert {name: one[0] for name, one in drawn.items()} == pytest.approx({n: one[0] for n, one in plain.items()})


def test_calibration_by_hand() -> None:
    scores = np.array([[0.9, 0.1]] * 4 + [[0.3, 0.7]] * 2)
    truth = ["no", "no", "no", "yes", "yes", "no"]
    found = judge(Predictions(kind="single", labels=("no", "yes"), truth=truth, scores=scores), resamples=100)
    # Four said .9 and three were right; two said .7 and one was: (4 * .15 + 2 * .2) / 6.
    assert found.metrics["ece"].value == pytest.approx((4 * 0.15 + 2 * 0.2) / 6)
    assert found.calibration is not None
    assert [(row["n"], row["confidence"], row["accuracy"]) for row in found.calibration] == [
        (2, pytest.approx(0.7), 0.5),
        (4, pytest.approx(0.9), 0.75),
    ]


def test_intervals_hold_their_value_and_follow_the_seed() -> None:
    for made in (single()[0], single(classes=2)[0], multi()[0]):
        first, again, other = (judge(made, resamples=200, seed=seed) for seed in (1, 1, 2))
        assert first == again
        assert first.metrics["f1_macro"] != other.metrics["f1_macro"]
        for one in first.metrics.values():
            assert one.low is None or one.low <= one.value <= one.high


def test_intervals_cover_the_truth_about_as_often_as_they_say() -> None:
    draw = np.random.default_rng(4)
    covered = 0
    for seed in range(100):
        right = draw.random(120) < 0.8
        scores = np.where(right[:, None], [0.9, 0.1], [0.1, 0.9])
        made = judge(Predictions(kind="single", labels=("a", "b"), truth=["a"] * 120, scores=scores), seed=seed)
        one = made.metrics["accuracy"]
        covered += one.low <= 0.8 <= one.high
    assert 88 <= covered <= 100  # 95 expected


def test_the_order_of_rows_changes_no_value() -> None:
    predictions, truth, scores = single()
    order = np.random.default_rng(5).permutation(len(truth))
    turned = Predictions(kind="single", labels=LABELS, truth=[LABELS[truth[i]] for i in order], scores=scores[order])
    first, second = (judge(one, resamples=100) for one in (predictions, turned))
    assert {n: one.value for n, one in first.metrics.items()} == pytest.approx(
        {n: one.value for n, one in second.metrics.items()}
    )


def test_all_right_is_not_certain() -> None:
    scores = np.tile([0.9, 0.1], (20, 1))
    one = judge(Predictions(kind="single", labels=("a", "b"), truth=["a"] * 20, scores=scores)).metrics["accuracy"]
    assert (one.value, one.high) == (1.0, 1.0)
    assert one.low == pytest.approx(0.8389, abs=1e-4)  # Wilson's interval for 20 of 20


def test_classes_that_never_occur_are_left_out_of_means() -> None:
    made, truth, scores = single(classes=3)
    wider = Predictions(
        kind="single", labels=LABELS[:5], truth=made.truth, scores=np.hstack([scores, np.zeros((len(truth), 2))])
    )
    first, second = (judge(one, resamples=100) for one in (made, wider))
    assert second.metrics["f1_macro"].value == pytest.approx(first.metrics["f1_macro"].value)
    assert [row["label"] for row in second.per_class] == list(LABELS[:3])


def test_the_worst_are_those_that_were_surest() -> None:
    scores = np.array([[0.9, 0.1], [0.2, 0.8], [0.45, 0.55], [0.99, 0.01]])
    made = Predictions(kind="single", labels=("a", "b"), truth=["a", "a", "a", "b"], scores=scores, rows=tuple("pqrs"))
    worst = judge(made, resamples=100).worst
    assert [row["row"] for row in worst] == ["s", "q", "r"]
    assert worst[0] == {"index": 3, "row": "s", "truth": "b", "predicted": "a", "confidence": 0.99}


@pytest.mark.parametrize("options", [{"resamples": 3}, {"confidence": 1.5}])
def test_numbers_that_make_no_sense(options: dict[str, float]) -> None:
    with pytest.raises(BadOption):
        judge(single()[0], **options)


def test_nothing_to_measure() -> None:
    with pytest.raises(BadInput, match="no predictions"):
        judge(Predictions(kind="single", labels=("a",), truth=[], scores=np.zeros((0, 1))))
    with pytest.raises(BadInput, match="2 predictions for 1 examples"):
        Predictions(kind="single", labels=("a",), truth=["a"], scores=np.ones((2, 1)))
