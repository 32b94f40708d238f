"""The linear head: the optimum that scikit-learn finds, folded, chosen well, and sound where examples are few."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.datasets import load_diabetes, load_digits
from sklearn.linear_model import LogisticRegression, Ridge, RidgeCV
from sklearn.multiclass import OneVsRestClassifier
from sklearn.preprocessing import StandardScaler

from zoo.errors import BadData
from zoo.finetuning.probe import fit_probe
from zoo.finetuning.probing.folds import deal, error_of
from zoo.finetuning.probing.losses import Sigmoid, Softmax
from zoo.finetuning.probing.ridge import choose_ridge, fit_ridge
from zoo.finetuning.probing.selecting import STRENGTHS, Tried, best_of, choose, fit
from zoo.finetuning.probing.space import space_of


def digits(classes: int, *, noise: float = 0.0) -> tuple[np.ndarray, list[str]]:
    pixels, truth = load_digits(n_class=classes, return_X_y=True)
    pixels = pixels + np.random.default_rng(0).normal(0, noise, pixels.shape) if noise else pixels
    return pixels.astype(np.float32), [f"digit {t}" for t in truth]


def scaled(features: np.ndarray) -> np.ndarray:
    return StandardScaler().fit_transform(features.astype(np.float64))


def peer(features: np.ndarray, labels: list[str], strength: float) -> LogisticRegression:
    return LogisticRegression(C=strength, max_iter=5000, tol=1e-8).fit(scaled(features), labels)


@pytest.mark.parametrize("classes", [2, 3, 10])
@pytest.mark.parametrize("strength", [1e-4, 0.1, 10.0])
def test_the_optimum_is_scikit_learns(classes: int, strength: float) -> None:
    features, labels = digits(classes, noise=6)
    codes = np.unique(labels, return_inverse=True)[1]
    loss = (
        Sigmoid(truth=codes[:, None].astype(np.float32), outputs=1)
        if classes == 2
        else Softmax(truth=codes, outputs=classes)
    )
    space = space_of(features)
    weight, bias = space.unfold(*fit(space, loss, strength))
    theirs = peer(features, labels, strength)
    ours = features @ weight.T + bias
    if classes > 2:  # softmax leaves what all classes share open
        ours -= ours.mean(axis=1, keepdims=True)
    else:
        ours = ours[:, 0]
    wanted = theirs.decision_function(scaled(features))
    wanted = wanted - wanted.mean(axis=1, keepdims=True) if classes > 2 else wanted
    assert np.abs(ours - wanted).max() < 2e-3 * np.abs(wanted).max()


def test_more_dimensions_than_examples_are_solved_exactly() -> None:
    generator = np.random.default_rng(0)
    features = generator.normal(size=(60, 300)).astype(np.float32)
    labels = [f"c{n % 3}" for n in range(60)]
    features[:, :3] += 2 * np.eye(3, dtype=np.float32)[[n % 3 for n in range(60)]]
    space = space_of(features)
    assert space.rows.shape == (60, 59)  # centred, so that one example is no more than minus the others
    probe = fit_probe(features, labels)
    likely = peer(features, labels, probe.strength).predict_proba(scaled(features))
    assert np.abs(probe.scores(features) - likely).max() < 1e-3


def test_turning_does_not_change_the_head(monkeypatch: pytest.MonkeyPatch) -> None:
    features, labels = digits(4, noise=6)
    turned = fit_probe(features, labels)
    monkeypatch.setattr("zoo.finetuning.probing.space.MOST_TURNED", 10)
    plain = fit_probe(features, labels)
    assert space_of(features).axes is None
    assert plain.strength == turned.strength
    assert np.abs(plain.scores(features) - turned.scores(features)).max() < 1e-3


def test_several_labels_at_once_are_a_logistic_regression_each() -> None:
    features, _ = digits(10, noise=6)
    numbers = load_digits().target
    labels = [tuple(n for n, on in (("even", t % 2 == 0), ("large", t > 4)) if on) for t in numbers]
    probe = fit_probe(features, labels, kind="multi")
    assert probe.classes == ("even", "large")
    assert probe.metric == "f1_micro"
    truth = np.array([[t % 2 == 0, t > 4] for t in numbers]).astype(int)
    theirs = OneVsRestClassifier(LogisticRegression(C=probe.strength, max_iter=5000, tol=1e-8))
    likely = theirs.fit(scaled(features), truth).predict_proba(scaled(features))
    assert np.abs(probe.scores(features) - likely).max() < 1e-3
    assert probe.predict(features)[0] == tuple(n for n, p in zip(probe.classes, likely[0], strict=True) if p > 0.5)


def test_a_number_is_learnt_by_ridge_regression_and_judged_by_leaving_one_out() -> None:
    features, truth = load_diabetes(return_X_y=True)
    probe = fit_probe(features.astype(np.float32), list(truth), kind="regression")
    theirs = Ridge(alpha=1 / probe.strength).fit(scaled(features), truth)
    assert np.abs(probe.scores(features) - theirs.predict(scaled(features))).max() < 0.05
    assert probe.metric == "r2"
    assert 0.4 < probe.score < 0.6
    assert probe.weight.shape == (1, 10)
    peers = RidgeCV(alphas=[1 / s for s in STRENGTHS], store_cv_results=True).fit(scaled(features), truth)
    squares = peers.cv_results_.mean(axis=0)
    # Scikit-learn's leaves the example in the mean; ours does not.
    ours = np.array([one.loss for one in probe.tried]) * truth.var()
    assert np.abs(ours / squares - 1).max() < 0.01


def test_leaving_one_out_is_what_leaving_each_out_gives() -> None:
    generator = np.random.default_rng(1)
    features = generator.normal(size=(25, 4)).astype(np.float32)
    truth = features[:, 0] * 2 + generator.normal(size=25)
    space = space_of(features, always=True)
    choice = choose_ridge(space, truth)
    slow = []
    for left in range(25):
        kept = np.arange(25) != left
        model = Ridge(alpha=1 / choice.strength).fit(space.rows[kept], truth[kept])
        slow.append(truth[left] - model.predict(space.rows[left : left + 1])[0])
    assert choice.shares == pytest.approx(1 - np.square(slow) / truth.var(), abs=1e-4)
    weight, bias = fit_ridge(space, truth, choice.strength)
    assert weight[0] @ space.rows[0] + bias[0] == pytest.approx(
        Ridge(alpha=1 / choice.strength).fit(space.rows, truth).predict(space.rows[:1])[0], abs=1e-4
    )


def test_the_score_is_that_of_heads_which_did_not_see_the_examples() -> None:
    features, labels = digits(5, noise=8)
    probe = fit_probe(features, labels, seed=7)
    folds = deal(labels, 7)
    truth, right = np.asarray(labels), np.zeros(len(labels))
    whole = scaled(features)
    for fold in range(5):
        held = folds == fold
        model = LogisticRegression(C=probe.strength, max_iter=5000, tol=1e-6).fit(whole[~held], truth[~held])
        right[held] = model.predict(whole[held]) == truth[held]
    assert probe.score == pytest.approx(right.mean(), abs=0.003)
    assert probe.error == pytest.approx(error_of(right), rel=0.05)
    assert (probe.shares == right).mean() > 0.99


def test_digits_are_learnt_and_probabilities_are_honest() -> None:
    features, labels = digits(10)
    probe = fit_probe(features[:1200], labels[:1200])
    held = np.asarray(labels[1200:])
    scores = probe.scores(features[1200:])
    accuracy = np.mean(np.asarray(probe.predict(features[1200:])) == held)
    assert accuracy > 0.9
    assert scores.shape == (597, 10)
    assert np.abs(scores.sum(axis=1) - 1).max() < 1e-6
    assert abs(scores.max(axis=1).mean() - accuracy) < 0.06
    assert probe.weight.dtype == probe.bias.dtype == np.float32
    chosen = next(one for one in probe.tried if one.strength == probe.strength)
    assert chosen.score >= max(one.score for one in probe.tried) - chosen.error


def test_features_that_say_nothing_get_the_strongest_regularisation() -> None:
    generator = np.random.default_rng(0)
    features = generator.normal(size=(300, 40)).astype(np.float32)
    labels = [f"c{n % 3}" for n in range(300)]
    probe = fit_probe(features, labels)
    assert probe.strength <= 1e-4
    assert len(probe.tried) < len(STRENGTHS)  # the path ends where it only gets worse
    assert probe.score < 0.45


def test_of_equally_good_strengths_the_one_with_the_most_honest_probabilities_is_taken() -> None:
    def tried(strength: float, score: float, loss: float) -> Tried:
        return Tried(strength=strength, score=score, error=0.02, loss=loss)

    assert best_of([tried(0.1, 0.90, 0.4), tried(1, 0.905, 0.3), tried(10, 0.906, 0.5)]).strength == 1
    assert best_of([tried(0.1, 0.80, 0.2), tried(1, 0.90, 0.3)]).strength == 1
    assert best_of([tried(0.1, 0.90, 0.3), tried(1, 0.90, 0.3)]).strength == 0.1


@pytest.mark.parametrize("shots", [1, 2, 5])
def test_a_few_examples_of_each_class_are_enough_for_something(shots: int) -> None:
    features, labels = digits(10)
    truth = np.asarray(labels)
    rows = np.concatenate([np.flatnonzero(truth == name)[:shots] for name in sorted(set(labels))])
    probe = fit_probe(features[rows], [labels[row] for row in rows])
    assert (np.asarray(probe.predict(features)) == truth).mean() > {1: 0.35, 2: 0.5, 5: 0.7}[shots]
    assert (probe.score is None) == (shots == 1)  # the only example of a class cannot be held out
    assert np.isfinite(probe.weight).all()


def test_folds_share_each_class_evenly_and_never_hold_its_only_example_out() -> None:
    groups = ["a"] * 23 + ["b"] * 7 + ["c"]
    folds = deal(groups, 0)
    assert folds[-1] == -1
    for name, least, most in (("a", 4, 5), ("b", 1, 2)):
        counts = np.bincount(folds[[g == name for g in groups]], minlength=5)
        assert least <= counts.min() <= counts.max() <= most
    assert (deal(groups, 0) == folds).all()
    assert (deal(groups, 1) != folds).any()
    assert set(deal(["a", "b", "c"], 0)) == {-1}
    assert sorted(deal([("a",), ("b",), ("a", "b")], 0, alone=True)) == [0, 1, 2]


def test_the_same_seed_gives_the_same_head() -> None:
    features, labels = digits(3)
    one, two = fit_probe(features, labels, seed=3), fit_probe(features, labels, seed=3)
    assert (one.weight == two.weight).all()
    assert one.tried == two.tried


def test_constant_features_and_two_examples() -> None:
    features = np.full((4, 3), 7.1, dtype=np.float32)
    features[:2, 0] += 1
    probe = fit_probe(features, ["a", "a", "b", "b"])
    assert probe.predict(features) == ["a", "a", "b", "b"]
    assert np.isfinite(probe.weight).all()
    single = fit_probe(features[1:3], ["a", "b"])
    assert single.score is None
    assert single.tried == ()
    assert single.predict(features[1:3]) == ["a", "b"]
    blind = fit_probe(np.ones((6, 3), dtype=np.float32), ["a", "a", "a", "a", "b", "b"])
    assert blind.scores(features)[0].argmax() == 0


def test_what_cannot_be_learnt_is_refused() -> None:
    features = np.ones((4, 3), dtype=np.float32)
    with pytest.raises(BadData, match="nothing to tell apart"):
        fit_probe(features, ["a"] * 4)
    features[0, 0] = np.nan
    with pytest.raises(BadData, match="not finite"):
        fit_probe(features, ["a", "a", "b", "b"])
    with pytest.raises(BadData, match="not finite"):
        fit_probe(np.ones((2, 2), dtype=np.float32), [1.0, float("inf")], kind="regression")


def test_few_logits_at_a_time_choose_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    features, labels = digits(4, noise=8)
    together = fit_probe(features, labels)
    monkeypatch.setattr("zoo.finetuning.probing.selecting._MOST_LOGITS", 1)
    monkeypatch.setattr("zoo.finetuning.probing.solver._NUMBERS", 100)
    alone = fit_probe(features, labels)
    assert alone.strength == together.strength
    assert alone.score == pytest.approx(together.score, abs=0.003)
    assert np.abs(alone.scores(features) - together.scores(features)).max() < 1e-3


def test_steps_are_few() -> None:
    """What makes it quick: the path of a thousand examples needs few passes over them."""
    from zoo.finetuning.probing.solver import Solver

    features, labels = digits(10, noise=4)
    codes = np.unique(labels, return_inverse=True)[1]
    space, loss = space_of(features), Softmax(truth=codes, outputs=10)
    taken = 0
    solver = Solver(space.rows, space.scale, loss, np.ones((len(codes), 1)), np.float32)
    state = solver.start()
    for strength in STRENGTHS:
        taken += solver.solve(state, strength, tolerance=1e-4, steps=100)
    assert taken < 25 * len(STRENGTHS)
    assert choose(space, loss, deal(labels, 0)).tried[0].strength == STRENGTHS[0]
