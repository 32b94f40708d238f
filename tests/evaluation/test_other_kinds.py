"""Numbers, tags, pairs, texts and masks: against scikit-learn, scipy, and by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats
from sklearn import metrics as reference

from zoo.evaluation import Predictions, judge
from zoo.evaluation.measures import measure_of, spans


def values(predictions: Predictions) -> dict[str, float]:
    found = judge(predictions, resamples=100)
    assert next(iter(found.metrics)) == found.main
    for one in found.metrics.values():
        assert one.low is None or one.low <= one.value <= one.high
    return {name: one.value for name, one in found.metrics.items()}


def numbers(kind: str = "regression", n: int = 150) -> tuple[Predictions, np.ndarray, np.ndarray]:
    draw = np.random.default_rng(0)
    truth = np.round(draw.normal(size=n), 1)  # with ties
    scores = np.round(truth + draw.normal(size=n), 1)
    return Predictions(kind=kind, labels=("y",), truth=list(truth), scores=scores), truth, scores


def test_numbers_as_scikit_learn_and_scipy_have_them() -> None:
    predictions, truth, scores = numbers()
    assert values(predictions) == pytest.approx(
        {
            "rmse": reference.root_mean_squared_error(truth, scores),
            "mae": reference.mean_absolute_error(truth, scores),
            "r2": reference.r2_score(truth, scores),
            "spearman": stats.spearmanr(truth, scores)[0],
            "pearson": stats.pearsonr(truth, scores)[0],
        }
    )
    found = judge(predictions, resamples=100)
    assert not found.higher_is_better
    assert found.worst[0]["index"] == int(np.abs(truth - scores).argmax())


def test_ranks_within_a_resample_are_those_of_the_repeated_rows() -> None:
    predictions, truth, scores = numbers("scored", 40)
    rows = np.random.default_rng(1).integers(0, 40, 40)
    weights = np.bincount(rows, minlength=40)[None].astype(float)
    measure = measure_of(predictions)
    expected = stats.spearmanr(truth[rows], scores[rows])[0]
    assert measure.finish(measure.parts, weights)[0] == pytest.approx(expected)


def test_similarities_have_errors_only_on_their_own_scale() -> None:
    predictions, truth, scores = numbers("scored")
    assert values(predictions).keys() == {"spearman", "pearson"}
    small = Predictions(kind="scored", labels=(), truth=list(truth / 10), scores=scores / 10)
    assert values(small).keys() == {"spearman", "pearson", "rmse", "mae", "r2"}


def test_a_constant_has_no_correlation() -> None:
    made = Predictions(kind="regression", labels=("y",), truth=[1.0, 2.0, 3.0], scores=np.ones(3))
    assert values(made).keys() == {"rmse", "mae", "r2"}


@pytest.mark.parametrize(
    ("tags", "found"),
    [
        ("B-PER I-PER O B-LOC", [("PER", 0, 1), ("LOC", 3, 3)]),
        ("I-PER I-PER O", [("PER", 0, 1)]),  # repaired: an I- after nothing begins
        ("B-PER I-LOC", [("PER", 0, 0), ("LOC", 1, 1)]),  # and one of another type
        ("B-PER B-PER", [("PER", 0, 0), ("PER", 1, 1)]),
        ("O I-LOC B-LOC I-LOC", [("LOC", 1, 1), ("LOC", 2, 3)]),
        ("B-PER L-PER U-LOC O", [("PER", 0, 1), ("LOC", 2, 2)]),  # BILOU
        ("B-PER E-PER S-LOC I-LOC", [("PER", 0, 1), ("LOC", 2, 2), ("LOC", 3, 3)]),  # BIOES
        ("O O", []),
        ("B-PART-OF I-PART-OF", [("PART-OF", 0, 1)]),
    ],
)
def test_stretches_as_the_conll_script_reads_them(tags: str, found: list[tuple[str, int, int]]) -> None:
    assert spans(tags.split()) == found


def test_tags_by_hand() -> None:
    truth = ["B-PER I-PER O B-LOC", "B-LOC O", "O O"]
    guess = ["B-PER I-PER O O", "B-PER O", "O B-LOC"]
    made = Predictions(
        kind="tags", labels=(), truth=[t.split() for t in truth], scores=[tuple(g.split()) for g in guess]
    )
    # Stretches: 3 true, 3 predicted, 1 of them right; words: 5 of 8.
    found = values(made)
    assert found == pytest.approx(
        {"f1": 1 / 3, "precision": 1 / 3, "recall": 1 / 3, "f1_macro": (2 / 3 + 0) / 2, "token_accuracy": 5 / 8}
    )
    rows = {row["label"]: row for row in judge(made, resamples=100).per_class}
    assert (rows["PER"]["precision"], rows["PER"]["recall"], rows["PER"]["n"]) == (0.5, 1.0, 1)
    assert (rows["LOC"]["f1"], rows["LOC"]["n"]) == (0.0, 2)


def test_tags_without_stretches_are_counted_by_words() -> None:
    made = Predictions(kind="tags", labels=(), truth=[("DET", "NOUN"), ("VERB",)], scores=[("DET", "VERB"), ("VERB",)])
    found = judge(made, resamples=100)
    assert (found.main, found.value) == ("accuracy", pytest.approx(2 / 3))
    assert {row["label"]: row["recall"] for row in found.per_class} == {"DET": 1.0, "NOUN": 0.0, "VERB": 1.0}


def test_pairs_by_hand() -> None:
    scores = np.array([[0.9, 0.1, 0.2], [0.8, 0.5, 0.6], [0.1, 0.2, 0.7]])  # ranks 1, 3, 1
    found = values(Predictions(kind="pairs", labels=(), truth=["x", "y", "z"], scores=scores))
    expected = {
        "mrr": (1 + 1 / 3 + 1) / 3,
        "recall_at_1": 2 / 3,
        "recall_at_5": 1.0,
        "recall_at_10": 1.0,
        "ndcg_at_10": (1 + 1 / math.log2(4) + 1) / 3,
        "in_batch_accuracy": 2 / 3,
    }
    assert found == pytest.approx(expected)


def test_ranking_as_scikit_learn_has_it() -> None:
    draw = np.random.default_rng(3)
    scores = draw.normal(size=(50, 50)) + np.eye(50)
    found = values(Predictions(kind="pairs", labels=(), truth=[str(i) for i in range(50)], scores=scores))
    assert found["ndcg_at_10"] == pytest.approx(reference.ndcg_score(np.eye(50), scores, k=10))
    assert found["mrr"] == pytest.approx(reference.label_ranking_average_precision_score(np.eye(50), scores))


def test_in_batch_accuracy_is_what_drawing_gives() -> None:
    draw = np.random.default_rng(4)
    scores = draw.normal(size=(100, 100)) + 2 * np.eye(100)
    hits = []
    for _ in range(300):
        for row in range(0, 100, 10):
            others = draw.choice(np.delete(np.arange(100), row), 31, replace=False)
            hits.append(scores[row, row] > scores[row, others].max())
    rows = Predictions(kind="pairs", labels=(), truth=[None] * 100, scores=scores)
    exact = measure_of(rows)._in_batch()[::10].mean()
    assert exact == pytest.approx(np.mean(hits), abs=0.03)


def test_one_vector_for_all_finds_nothing_and_equal_texts_are_no_rivals() -> None:
    same = Predictions(kind="pairs", labels=(), truth=["x", "y", "z", "w"], scores=np.ones((4, 4)))
    assert values(same)["mrr"] == 0.25
    twins = Predictions(kind="pairs", labels=(), truth=["x", "x"], scores=np.ones((2, 2)))
    assert values(twins)["mrr"] == 1.0


def test_perplexity_is_over_all_tokens() -> None:
    losses = np.array([[10.0, 5], [2.0, 10]])
    found = values(Predictions(kind="text", labels=(), truth=[None, None], scores=losses))
    assert found == pytest.approx(
        {"perplexity": math.exp(12 / 15), "loss": 12 / 15, "bits_per_token": 12 / 15 / math.log(2)}
    )
    uniform = Predictions(kind="text", labels=(), truth=[None] * 3, scores=np.array([[math.log(50) * 4, 4]] * 3))
    assert values(uniform)["perplexity"] == pytest.approx(50)


def test_masks_as_scikit_learn_has_them() -> None:
    draw = np.random.default_rng(5)
    truth = draw.integers(0, 3, (6, 8, 8))
    guess = np.where(draw.random(truth.shape) < 0.7, truth, draw.integers(0, 3, truth.shape))
    counts = np.stack(
        [reference.confusion_matrix(t.ravel(), g.ravel(), labels=[0, 1, 2]) for t, g in zip(truth, guess, strict=True)]
    )
    made = Predictions(kind="mask", labels=("background", "cat", "dog"), truth=[None] * 6, scores=counts)
    flat = (truth.ravel(), guess.ravel())
    each = reference.jaccard_score(*flat, average=None)
    assert values(made) == pytest.approx(
        {
            "mean_iou": each.mean(),
            "foreground_iou": each[1:].mean(),
            "dice": reference.f1_score(*flat, average="macro"),
            "pixel_accuracy": reference.accuracy_score(*flat),
        }
    )
    rows = judge(made, resamples=100).per_class
    assert [row["iou"] for row in rows] == pytest.approx(each.tolist())
    assert all(row["metric"] == "iou" and row["low"] <= row["iou"] <= row["high"] for row in rows)


def test_classes_that_are_neither_there_nor_predicted_do_not_count() -> None:
    counts = np.zeros((2, 3, 3))
    counts[:, 0, 0], counts[:, 1, 1] = 50, 10
    made = Predictions(kind="mask", labels=("background", "cat", "dog"), truth=[None] * 2, scores=counts)
    assert values(made)["mean_iou"] == 1.0
