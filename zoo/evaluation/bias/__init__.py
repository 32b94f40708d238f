"""Bias diagnostics: associations between groups of people, or things, and attributes, with permutation tests.

A diagnostic, no certificate: it finds some associations, those of its word lists, and where it finds none that says
nothing about others (May et al. 2019, section 6; Gonen and Goldberg 2019).
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from zoo.errors import UnknownTask

if TYPE_CHECKING:
    from zoo.cards import ModelCard
    from zoo.evaluation.bias.affinity import Affinity
    from zoo.evaluation.bias.words import WordTest
    from zoo.evaluation.predicting import Report
    from zoo.registry import Pulled, Registry

__all__ = ["CAVEAT", "Association", "BiasDiagnosis", "bias_of", "measure_bias"]

CAVEAT = (
    "A diagnostic: a low p-value says that these words are associated so in the model. A high one does not say that "
    "the model is free of bias: other words, other groups and what the model is used for were not looked at."
)
FEWEST = 4  # words of a list that the model must know
_TASKS = {"feature-extraction", "fill-mask", "text-generation"}


@dataclass(frozen=True, kw_only=True)
class Association:
    """One test: the words `x` against `y`, by how much nearer they are to `a` than to `b`.

    Attributes:
        name, x, y, a, b: what is compared.
        effect: d, the difference of both groups in standard deviations; positive where x goes with a and y with b.
        p_value: of a difference at least as large by chance, one-sided; None where too few words are known.
        adjusted: corrected for the number of tests (Holm).
        exact: whether all ways to part the words were tried.
        n: how many words of x, y, a and b took part.
        left_out: words that the model does not know.
    """

    name: str
    x: str
    y: str
    a: str
    b: str
    effect: float | None
    p_value: float | None
    adjusted: float | None = None
    exact: bool = False
    n: tuple[int, int, int, int]
    left_out: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """All of it as JSON values, under the attributes' names."""
        return {**vars(self), "n": list(self.n), "left_out": list(self.left_out)}


@dataclass(frozen=True, kw_only=True)
class BiasDiagnosis:
    """The associations of a model, by which method they were measured, what that does not say, and the run's id."""

    model: str
    method: str
    seed: int
    associations: tuple[Association, ...]
    caveat: str = CAVEAT
    run: str | None = None

    def to_dict(self) -> dict[str, Any]:
        """All of it as JSON values, under the attributes' names."""
        return {**vars(self), "associations": [one.to_dict() for one in self.associations]}


def bias_of(
    registry: Registry,
    pulled: Pulled,
    *,
    task: str | None = None,
    seed: int = 0,
    device: str = "auto",
    batch: int | None = None,
    report: Report | None = None,
) -> BiasDiagnosis:
    """The associations that a model of words, sentences or language has.

    Args:
        registry, pulled: the model.
        task: `feature-extraction`, `fill-mask` or `text-generation`; its own by itself.
        seed: of the partitions that are drawn, where there are too many to try all.
        device, batch: as of `zoo.load`.
        report: is told of the progress.

    Raises:
        UnknownTask: it is no such model.
    """
    affinity = _affinity(pulled.card, task)(
        registry, pulled, device=device, batch=batch, report=report or (lambda what, done, total: None)
    )
    from zoo.evaluation.bias.words import read_tests

    tests = [test for test in read_tests() if affinity.most is None or _longest(test) <= affinity.most]
    affinity.learn(tests)
    return BiasDiagnosis(
        model=pulled.card.id,
        method=affinity.name,
        seed=seed,
        associations=tuple(_adjusted([_measured(affinity, test, seed) for test in tests])),
    )


def measure_bias(
    registry: Registry,
    ref: str,
    *,
    task: str | None = None,
    seed: int = 0,
    device: str = "auto",
    batch: int | None = None,
    report: Report | None = None,
) -> BiasDiagnosis:
    """As `bias_of`, of a model by its name; recorded as a run of kind `evaluate`."""
    from zoo.runs import begin

    pulled = registry.obtain(ref)
    _affinity(pulled.card, task)  # what cannot be measured is no run
    record: dict[str, Any] = {
        "kind": "evaluate",
        "model": pulled.card.id,
        "revision": pulled.manifest.revision,
        "task": task or pulled.card.task,
        "hyperparameters": {"bias": True},
        "seed": seed,
        "data": {"name": "word lists"},
    }
    with begin(registry, record):
        found = bias_of(registry, pulled, task=task, seed=seed, device=device, batch=batch, report=report)
        record["bias"] = found.to_dict()
    return dataclasses.replace(found, run=record["id"])


def _affinity(card: ModelCard, task: str | None) -> type[Affinity]:
    from zoo.evaluation.bias import affinity

    able = [known for known in card.all_tasks if known in _TASKS]
    if task is None and able:
        task = card.task if card.task in able else able[0]
    if task not in able:
        raise UnknownTask(
            f"{card.id} is no model of words, sentences or language, whose associations could be measured",
            f"`--bias` is for models that do {', '.join(sorted(_TASKS))}.",
        )
    if task == "fill-mask":
        return affinity.Masked
    if task == "text-generation":
        return affinity.Likelihoods
    return affinity.WordVectors if "word-analogy" in card.all_tasks else affinity.SentenceVectors


def _longest(test: WordTest) -> int:
    return max(len(terms.words) for terms in (test.x, test.y, test.a, test.b))


def _measured(affinity: Affinity, test: WordTest, seed: int) -> Association:
    import numpy as np

    from zoo.evaluation.bias.association import effect_size, permutation_p

    targets, attributes = (*test.x.words, *test.y.words), (*test.a.words, *test.b.words)
    near = affinity.of(test, targets, attributes)
    known = (~np.isnan(near).all(1), ~np.isnan(near).all(0))
    in_x, in_a = np.arange(len(targets)) < len(test.x.words), np.arange(len(attributes)) < len(test.a.words)
    chosen = (known[0] & in_x, known[0] & ~in_x, known[1] & in_a, known[1] & ~in_a)
    x, y, a, b = (int(marks.sum()) for marks in chosen)
    missing = zip((*targets, *attributes), np.concatenate(known), strict=True)
    effect: float | None = None
    p_value: float | None = None
    exact = False
    if min(x, y, a, b) >= FEWEST:
        lean = np.nanmean(near[known[0]][:, chosen[2]], axis=1) - np.nanmean(near[known[0]][:, chosen[3]], axis=1)
        effect = effect_size(lean[:x], lean[x:])
        p_value, exact = permutation_p(lean[:x], lean[x:], seed)
    return Association(
        name=test.name,
        x=test.x.name,
        y=test.y.name,
        a=test.a.name,
        b=test.b.name,
        effect=effect,
        p_value=p_value,
        exact=exact,
        n=(x, y, a, b),
        left_out=tuple(word for word, there in missing if not there),
    )


def _adjusted(found: Sequence[Association]) -> list[Association]:
    from zoo.evaluation.comparing import holm

    places = [i for i, one in enumerate(found) if one.p_value is not None]
    corrected = dict(zip(places, holm([float(found[i].p_value or 0.0) for i in places]), strict=True))
    return [dataclasses.replace(one, adjusted=corrected.get(i)) for i, one in enumerate(found)]
