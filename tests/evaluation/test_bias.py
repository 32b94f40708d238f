"""Association tests: planted effects, exact p-values, the word lists, and real vectors."""

from __future__ import annotations

import itertools
import json
import math
from pathlib import Path

import numpy as np
import pytest

from tests.tiny_fixtures import Cli
from zoo import Zoo
from zoo.errors import UnknownTask
from zoo.evaluation.bias import CAVEAT, bias_of, measure_bias
from zoo.evaluation.bias.affinity import WordVectors
from zoo.evaluation.bias.association import cosines, effect_size, permutation_p
from zoo.evaluation.bias.words import read_tests


def test_effect_size_by_hand() -> None:
    first, second = np.array([3.0, 5.0]), np.array([1.0, 1.0])
    assert effect_size(first, second) == pytest.approx(3.0 / np.std([3, 5, 1, 1], ddof=1))
    assert effect_size(np.ones(3), np.ones(3)) == 0.0


def test_the_exact_p_value_counts_all_partitions() -> None:
    assert permutation_p(np.array([3.0, 4.0, 5.0]), np.array([0.0, 1.0, 2.0]), 0) == (1 / math.comb(6, 3), True)
    assert permutation_p(np.array([0.0, 1.0, 2.0]), np.array([3.0, 4.0, 5.0]), 0) == (1.0, True)
    draw = np.random.default_rng(0).normal(size=9)
    sums = [sum(part) for part in itertools.combinations(draw, 4)]
    expected = np.mean([one >= sum(draw[:4]) - 1e-9 for one in sums])
    assert permutation_p(draw[:4], draw[4:], 0) == (pytest.approx(expected), True)


def test_drawn_partitions_agree_with_all_of_them() -> None:
    draw = np.random.default_rng(1)
    first, second = draw.normal(0.4, 1, 12), draw.normal(0, 1, 12)  # 2.7 million ways
    drawn, exact = permutation_p(first, second, 0)
    assert not exact
    both = np.concatenate([first, second])
    spread = both.std(ddof=1) * np.sqrt(2 / 12)  # of the difference of means under permutation
    normal = 0.5 * math.erfc((first.mean() - second.mean()) / spread / math.sqrt(2))
    assert drawn == pytest.approx(normal, abs=0.02)
    assert permutation_p(first, second, 0) == permutation_p(first, second, 0)


def test_random_words_have_uniform_p_values() -> None:
    draw = np.random.default_rng(2)
    found = [permutation_p(draw.normal(size=5), draw.normal(size=5), 0)[0] for _ in range(200)]
    assert np.mean(np.array(found) < 0.1) == pytest.approx(0.1, abs=0.06)


def test_cosines_of_zeros_are_zero() -> None:
    found = cosines([[0.0, 0.0], [3.0, 4.0]], [[6.0, 8.0], [-4.0, 3.0]])
    assert found == pytest.approx(np.array([[0.0, 0.0], [1.0, 0.0]]))


def test_the_word_lists_are_the_papers() -> None:
    tests = {test.name: test for test in read_tests()}
    assert len(tests) == 6
    career = tests["male and female names: career and family"]
    assert career.x.words == ("John", "Paul", "Mike", "Kevin", "Steve", "Greg", "Jeff", "Bill")
    assert career.b.words[0] == "home"
    sizes = [[len(one.words) for one in (test.x, test.y, test.a, test.b)] for test in read_tests()]
    assert sizes == [[25] * 4, [25] * 4, [32, 32, 25, 25], [8] * 4, [8] * 4, [8] * 4]
    for test in read_tests():
        assert not set(test.x.words) & set(test.y.words)
        for terms in (test.x, test.y, test.a, test.b):
            assert len(set(terms.words)) == len(terms.words)
            assert terms.forms.keys() == set(terms.words)


def test_sentences_fit_the_words() -> None:
    tests = read_tests()
    assert tests[0].sentences("iris")[:2] == ["This is an iris.", "That is an iris."]
    assert tests[0].sentences("honest") == ["This is honest.", "That is honest.", "They are honest."]
    assert tests[0].sentences("kill")[0] == "This can kill."
    assert tests[3].sentences("John")[4] == "John is here."
    assert tests[3].sentences("children")[4] == "The children are here."
    assert tests[4].sentences("he")[0] == "He is here."
    assert tests[4].joined("math", "him")[0] == "Math goes with him."


class Planted(WordVectors):
    """Vectors in which names of men stand with careers, those of women with the family, and nothing else is so."""

    def learn(self, tests) -> None:
        draw = np.random.default_rng(0)
        for test in tests:
            for place, terms in enumerate((test.x, test.y, test.a, test.b)):
                for word in terms.words:
                    vector = draw.normal(size=50)
                    if test.name.startswith("male and female names"):
                        vector[0] += 8 if place % 2 == 0 else -8
                    self._vectors.setdefault(word, vector)


def test_a_planted_association_is_found_and_no_other(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("zoo.evaluation.bias.affinity.SentenceVectors", Planted)
    zoo = Zoo(home, quiet=True)
    found = bias_of(zoo, zoo.obtain("texts"))
    by_name = {one.name: one for one in found.associations}
    planted = by_name.pop("male and female names: career and family")
    assert planted.effect > 1.7
    assert planted.p_value == pytest.approx(1 / math.comb(16, 8))
    assert planted.exact
    assert planted.adjusted < 0.01
    assert all(one.adjusted > 0.05 for one in by_name.values())


def test_a_sentence_model_is_measured_and_recorded(home: Path) -> None:
    zoo = Zoo(home, quiet=True)
    found = measure_bias(zoo, "texts", seed=1)
    assert found.method.startswith("SEAT")
    assert len(found.associations) == 6
    assert found.caveat == CAVEAT
    record = json.loads((home / "runs" / found.run / "record.json").read_text(encoding="utf-8"))
    assert (record["kind"], record["model"], record["outcome"]) == ("evaluate", "local/texts", "done")
    assert record["bias"]["associations"][0]["name"] == "flowers and insects"
    again = bias_of(zoo, zoo.obtain("texts"), seed=1)
    assert again.associations == found.associations


def test_masked_models_leave_out_attributes_of_several_tokens(home: Path, tmp_path: Path) -> None:
    from tests.tiny import write_text_model

    write_text_model(tmp_path / "guesser", "BertForMaskedLM")
    zoo = Zoo(home, quiet=True)
    found = bias_of(zoo, zoo.obtain(str(tmp_path / "guesser")))
    assert found.method == "log-probability of the masked attribute"
    assert all(one.effect is None and one.p_value is None for one in found.associations)
    assert "freedom" in found.associations[0].left_out
    assert "aster" not in found.associations[0].left_out or found.associations[0].n[2:] == (0, 0)


def test_likelihoods_are_of_whole_sentences(home: Path, tmp_path: Path) -> None:
    from tests.evaluation.test_predicting import write_causal

    zoo = Zoo(home, quiet=True)
    found = bias_of(zoo, zoo.obtain(str(write_causal(tmp_path / "writer"))))
    assert found.method == "log-likelihood of sentences"
    assert [one.n for one in found.associations] == [(8, 8, 8, 8)] * 3


def test_models_of_pictures_have_no_such_associations(home: Path) -> None:
    zoo = Zoo(home, quiet=True)
    with pytest.raises(UnknownTask, match="no model of words, sentences or language"):
        measure_bias(zoo, "pics")
    assert not (home / "runs").exists()


def test_the_command_needs_no_data(cli: Cli, home: Path) -> None:
    done = cli("evaluate", "texts", "--bias")
    assert done.code == 0, done.err
    assert done.out.startswith("associations of local/texts (SEAT")
    assert "A diagnostic:" in done.out
    assert len(cli("evaluate", "texts", "--bias", "--json").json["bias"]["associations"]) == 6


@pytest.mark.real
def test_glove_has_the_associations_of_the_paper(real_zoo) -> None:
    """Caliskan et al. found d = 1.50, 1.53, 1.41, 1.81, 1.06, 1.24 in GloVe vectors of 840 billion words."""
    real_zoo.pull("glove-6b-50d")
    found = bias_of(real_zoo.zoo, real_zoo.zoo.obtain("glove-6b-50d"))
    assert found.method.startswith("WEAT")
    assert all(one.effect > 0.9 and one.adjusted < 0.01 for one in found.associations)
    assert found.associations[0].left_out == ("gladiola",)
