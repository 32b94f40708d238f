"""The linear head: right, folded, and as good as scikit-learn says."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.datasets import load_digits
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler

from zoo.finetuning.probe import fit_probe


def digits(classes: int) -> tuple[np.ndarray, list[str]]:
    pixels, truth = load_digits(n_class=classes, return_X_y=True)
    return pixels.astype(np.float32), [f"digit {t}" for t in truth]


@pytest.mark.parametrize("classes", [2, 3, 10])
def test_the_head_predicts_what_the_solver_on_scaled_features_predicts(classes: int) -> None:
    features, labels = digits(classes)
    half = len(features) // 2
    probe = fit_probe(features[:half], labels[:half])
    scaler = StandardScaler().fit(features[:half])
    peer = LogisticRegression(C=probe.strength, max_iter=300, tol=1e-3)
    peer.fit(scaler.transform(features[:half]), labels[:half])
    theirs = peer.predict(scaler.transform(features[half:]))
    ours = probe.predict(features[half:])
    assert np.mean(theirs == np.asarray(ours)) > 0.99
    assert probe.weight.shape == (classes, 64)
    assert probe.weight.dtype == probe.bias.dtype == np.float32


def test_two_classes_give_softmax_probabilities_of_the_solver() -> None:
    features, labels = digits(2)
    features += np.random.default_rng(0).normal(0, 8, features.shape).astype(np.float32)
    probe = fit_probe(features, labels)
    logits = features @ probe.weight.T + probe.bias
    ours = np.exp(logits[:, 1]) / np.exp(logits).sum(axis=1)
    scaler = StandardScaler().fit(features)
    peer = LogisticRegression(C=probe.strength, max_iter=300, tol=1e-3).fit(scaler.transform(features), labels)
    assert np.abs(ours - peer.predict_proba(scaler.transform(features))[:, 1]).max() < 1e-3


def test_digits_are_learnt() -> None:
    features, labels = digits(10)
    probe = fit_probe(features[:1200], labels[:1200])
    accuracy = np.mean(np.asarray(probe.predict(features[1200:])) == np.asarray(labels[1200:]))
    assert accuracy > 0.9
    assert len(probe.scores) == 6
    assert probe.scores[str(probe.strength)] == pytest.approx(max(probe.scores.values()))


def test_the_same_seed_gives_the_same_head() -> None:
    features, labels = digits(3)
    one, two = fit_probe(features, labels, seed=3), fit_probe(features, labels, seed=3)
    assert (one.weight == two.weight).all()


def test_constant_features_and_few_examples() -> None:
    features = np.zeros((4, 3), dtype=np.float32)
    features[:2, 0] = 1
    probe = fit_probe(features, ["a", "a", "b", "b"])
    assert probe.predict(features) == ["a", "a", "b", "b"]
    assert np.isfinite(probe.weight).all()
    single = fit_probe(features[1:3], ["a", "b"])
    assert single.scores == {}
    assert single.predict(features[1:3]) == ["a", "b"]
