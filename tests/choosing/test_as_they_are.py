"""`recommend` where no linear head can learn: models are run as they are, and judged by the task's own measure."""

from __future__ import annotations

import importlib
from pathlib import Path

import numpy as np
import pytest

from tests.tiny_fixtures import cli
from tests.tiny_speech import noises, write_listener
from zoo.choosing.ranking import gap_of_resamples

__all__ = ["cli"]


@pytest.fixture(scope="module")
def heard(tmp_path_factory: pytest.TempPathFactory):
    """A zoo with a model that always says A and one that says nothing, and their ids."""
    from zoo import Zoo

    folder = tmp_path_factory.mktemp("heard")
    zoo = Zoo(folder / "zoo", offline=True, quiet=True)
    ids = {n: zoo.pull(str(write_listener(folder / n, s))).card.id for n, s in (("says-a", "A"), ("mute", "<pad>"))}
    return zoo, ids


@pytest.fixture(scope="module")
def clips(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Twelve recordings in which A is said to be said, and in two of them more."""
    said = {f"clip{number}": "a b" if number < 2 else "a" for number in range(12)}
    return noises(tmp_path_factory.mktemp("clips"), said)


def test_models_are_ranked_as_they_are(heard, clips: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    zoo, ids = heard
    found = zoo.recommend(clips)
    assert (found.task, found.kind, found.metric) == ("automatic-speech-recognition", "transcript", "wer")
    assert (found.how, found.higher_is_better, found.baseline) == ("as it is", False, None)
    best, worst = found.candidates
    assert (best.model, worst.model, worst.score) == (ids["says-a"], ids["mute"], 1)
    said = sum(2 if text == "a b" else 1 for text in _sample(zoo, clips))
    assert best.score == pytest.approx((said - found.sampled) / said)
    assert (worst.low, worst.high, worst.error) == (None, None, 0)
    assert worst.gap == pytest.approx(1 - best.score)
    assert worst.gap_error == pytest.approx(best.error, rel=1e-3)
    assert not worst.equal
    assert best.dominated_by is None
    assert best.neighbours is best.logme is None
    assert "measured as they are" in found.statement
    assert found.to_dict()["how"] == "as it is"

    def broken(*args: object, **kwargs: object) -> None:
        raise AssertionError("loaded again")

    monkeypatch.setattr(importlib.import_module("zoo.models.load"), "Builder", broken)
    again = zoo.recommend(clips)
    assert [one.to_dict() | {"seconds": 0} for one in again.candidates] == [
        one.to_dict() | {"seconds": 0} for one in found.candidates
    ]
    limited = zoo.recommend(clips, max_params=100)
    assert limited.candidates == ()
    assert all("more than 100" in one.reason for one in limited.skipped)
    assert (limited.metric, limited.higher_is_better) == ("wer", False)


def _sample(zoo, clips: Path) -> tuple[str, ...]:
    from zoo.choosing.sampling import read_sample

    return read_sample(zoo, clips, None, kind=None, columns={}, count=1000, seed=0).split.labels


def test_the_command_says_what_the_scores_are(heard, clips: Path, cli, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ZOO_HOME", str(heard[0].home))
    done = cli("recommend", clips, "--offline")
    assert done.code == 0, done.err
    lines = done.out.splitlines()
    assert lines[1] == "WER of each model as it is now, not predicted of a tuned one; less is better"
    assert lines[3].split()[:4] == ["model", "WER", "±", "ms"]
    assert "k-NN" not in done.out


def test_a_model_that_fails_on_some_recordings_is_left_out(heard, tmp_path: Path) -> None:
    zoo, ids = heard
    table = noises(tmp_path, {f"clip{number}": "a" for number in range(14)})
    table.write_text(table.read_text() + "".join(f"short{n}.wav,a\n" for n in range(6)))
    noises(tmp_path / "short", {f"short{n}": "a" for n in range(6)}, seconds=0.001)
    for path in (tmp_path / "short").glob("*.wav"):
        path.rename(tmp_path / path.name)
    found = zoo.recommend(table, candidates=[ids["says-a"]])
    assert found.candidates == ()
    assert "it cannot use" in found.skipped[0].reason


def test_the_paired_bootstrap_is_surer_than_each_score() -> None:
    shared = np.random.default_rng(0).normal(0, 0.1, 500)
    gap, error = gap_of_resamples(list(0.3 + shared), list(0.2 + shared * 1.1))
    assert gap == pytest.approx(0.1, abs=0.01)
    assert error == pytest.approx(0.01, rel=0.1)
