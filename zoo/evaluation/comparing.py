"""Two models on the same examples: how large the difference is, and whether it can be told from chance."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from zoo.errors import BadInput
from zoo.evaluation.predictions import Predictions

if TYPE_CHECKING:
    from zoo.evaluation.measures import Floats, Measure

__all__ = ["PairedComparison", "aligned", "compare", "corrected", "holm", "mcnemar"]

MCNEMAR = "exact McNemar test"
PERMUTATION = "paired permutation test"
# Metrics between 0 and 1 are told in points of a hundred; these are not.
OWN_UNIT = frozenset({"perplexity", "rmse"})


@dataclass(frozen=True, kw_only=True)
class PairedComparison:
    """How two models differ on the same examples.

    Attributes:
        first, second: what they are called.
        metric: what is compared.
        higher_is_better: of the metric.
        a, b: the metric's value of each.
        difference: `a - b`.
        low, high: the paired bootstrap interval of the difference.
        p_value: of no difference at all, two-sided.
        adjusted: the p-value corrected for several comparisons (Holm); None where there is only one.
        test: name of the test that `p_value` is from.
        n: how many examples.
        confidence: of the interval; a difference is told where the p-value is below 1 less this.
        statement: in plain words.
    """

    first: str
    second: str
    metric: str
    higher_is_better: bool
    a: float
    b: float
    difference: float
    low: float
    high: float
    p_value: float
    adjusted: float | None = None
    test: str
    n: int
    confidence: float = 0.95
    statement: str = ""

    @property
    def better(self) -> str | None:
        """The name of the better model; None where no difference can be told."""
        p = self.p_value if self.adjusted is None else self.adjusted
        if p >= 1 - self.confidence or not self.difference:
            return None
        return self.first if (self.difference > 0) == self.higher_is_better else self.second

    def to_dict(self) -> dict[str, Any]:
        """All of it as JSON values, under the attributes' names, and `better`."""
        return {**vars(self), "better": self.better}

    def __str__(self) -> str:
        return self.statement


def compare(
    a: Predictions,
    b: Predictions,
    *,
    names: tuple[str, str] = ("A", "B"),
    seed: int = 0,
    resamples: int = 1000,
    confidence: float = 0.95,
) -> PairedComparison:
    """Compare the main metric of two models on the same examples.

    The interval is the paired bootstrap's: both models on the same resamples. The p-value is McNemar's exact test's
    where examples are right or wrong (Dietterich, Neural Computation 10, 1998), else that of a permutation test, which
    exchanges the two models' predictions of an example at random (Noreen 1989; Yeh, COLING 2000).

    Args:
        a, b: of the same examples in the same order; see `aligned`.
        names: of the two models.
        seed: of resamples and exchanges.
        resamples: how many of each.
        confidence: of the interval.

    Raises:
        BadInput: they are not of the same examples.
    """
    import numpy as np

    from zoo.evaluation.bootstrap import resamples_of
    from zoo.evaluation.measures import measure_of

    _check_same(a, b)
    first, second = measure_of(a), measure_of(b)
    if first.parts.shape != second.parts.shape or first.main != second.main:
        raise BadInput("the two models were not measured in the same way", "Evaluate both on the same task and labels.")
    parts = np.concatenate([first.parts, second.parts])
    values = [float(one.finish(one.parts, np.ones((1, one.n)))[0]) for one in (first, second)]
    drawn = np.concatenate(
        [
            first.finish(first.parts, weights) - first.finish(second.parts, weights)
            for weights in resamples_of(first.n, resamples, seed)
        ]
    )
    tail = (1 - confidence) / 2
    difference = values[0] - values[1]
    low, high = np.nanquantile(drawn, [tail, 1 - tail])
    exact = a.kind == "single"
    p_value = (
        mcnemar(first.parts[:, 0] > 0, second.parts[:, 0] > 0) if exact else _permuted(first, parts, resamples, seed)
    )
    return _stated(
        PairedComparison(
            first=names[0],
            second=names[1],
            metric=first.main,
            higher_is_better=first.higher,
            a=values[0],
            b=values[1],
            difference=difference,
            low=min(float(low), difference),
            high=max(float(high), difference),
            p_value=p_value,
            test=MCNEMAR if exact else PERMUTATION,
            n=first.n,
            confidence=confidence,
        )
    )


def aligned(predictions: Sequence[Predictions]) -> list[Predictions]:
    """Predictions of one split by several models, cut down to the examples that all of them could predict."""
    kept = set.intersection(*({p.place(i) for i in range(len(p))} for p in predictions))
    return [_taken(p, [i for i in range(len(p)) if p.place(i) in kept]) for p in predictions]


def _taken(predictions: Predictions, places: list[int]) -> Predictions:
    import numpy as np

    if len(places) == len(predictions):
        return predictions
    scores = predictions.scores
    if predictions.kind == "pairs":
        scores = np.asarray(scores)[np.ix_(places, places)]
    else:
        scores = np.asarray(scores)[places] if isinstance(scores, np.ndarray) else [scores[i] for i in places]
    return dataclasses.replace(
        predictions,
        truth=[predictions.truth[i] for i in places],
        scores=scores,
        rows=tuple(predictions.rows[i] for i in places) if predictions.rows else (),
        index=tuple(predictions.place(i) for i in places),
    )


def _check_same(a: Predictions, b: Predictions) -> None:
    same = a.kind == b.kind and len(a) == len(b)
    if same and a.kind not in {"text", "mask"}:
        same = all(_equal(x, y) for x, y in zip(a.truth, b.truth, strict=True))
    if same and a.index and b.index:
        same = a.index == b.index
    if not same:
        raise BadInput("the predictions are not of the same examples", "Predict the same split with both models.")


def _equal(x: Any, y: Any) -> bool:
    # Labels are in the spelling of each model, which may differ in capitals.
    return bool(x == y) or (isinstance(x, str) and isinstance(y, str) and x.casefold() == y.casefold())


def mcnemar(first: Any, second: Any) -> float:
    """The two-sided p-value of McNemar's exact test, of whether each example was right by the first and by the second.

    Among the examples that only one of them has right, each is as likely to be that one: a binomial test.
    """
    import numpy as np

    only_first = int((np.asarray(first) & ~np.asarray(second)).sum())
    only_second = int((~np.asarray(first) & np.asarray(second)).sum())
    n, fewer = only_first + only_second, min(only_first, only_second)
    if n == 0:
        return 1.0
    lower = [
        math.lgamma(n + 1) - math.lgamma(k + 1) - math.lgamma(n - k + 1) - n * math.log(2) for k in range(fewer + 1)
    ]
    return min(1.0, 2 * math.fsum(math.exp(value) for value in lower))


def _permuted(measure: Measure, parts: Floats, count: int, seed: int) -> float:
    """The share of random exchanges that give a difference at least as large as the real one, which is one of them."""
    import numpy as np

    draw = np.random.default_rng(seed)
    half = len(parts) // 2

    def differences(kept: Floats) -> Floats:
        return measure.finish(parts, np.hstack([kept, 1 - kept])) - measure.finish(parts, np.hstack([1 - kept, kept]))

    real = abs(differences(np.ones((1, half)))[0])
    step = max(1, 1_000_000 // max(half, 1))
    found = [
        np.abs(differences(draw.integers(0, 2, (min(step, count - start), half)).astype(np.float64)))
        for start in range(0, count, step)
    ]
    at_least = int(np.sum(np.concatenate(found) >= real - 1e-12 * max(1.0, real)))
    return (at_least + 1) / (count + 1)


def holm(p_values: Sequence[float]) -> list[float]:
    """P-values corrected for being several (Holm, Scandinavian Journal of Statistics 6, 1979), in their order."""
    made, largest = [0.0] * len(p_values), 0.0
    for rank, place in enumerate(sorted(range(len(p_values)), key=lambda i: p_values[i])):
        largest = max(largest, min(1.0, (len(p_values) - rank) * p_values[place]))
        made[place] = largest
    return made


def corrected(comparisons: Sequence[PairedComparison]) -> list[PairedComparison]:
    """Comparisons with p-values corrected for their number; a single one is left as it is."""
    if len(comparisons) < 2:
        return list(comparisons)
    adjusted = holm([one.p_value for one in comparisons])
    return [_stated(dataclasses.replace(one, adjusted=p)) for one, p in zip(comparisons, adjusted, strict=True)]


def _stated(one: PairedComparison) -> PairedComparison:
    return dataclasses.replace(one, statement=_statement(one))


def _statement(one: PairedComparison) -> str:
    """`A is better by 2.3 points of accuracy (95 % interval 0.4 to 4.1), p = .02, n = 500`."""
    scale, unit = (1.0, "") if one.metric in OWN_UNIT else (100.0, "points of ")
    better = one.better
    sign = -1.0 if better and one.difference < 0 else 1.0
    low, high = sorted((sign * one.low * scale, sign * one.high * scale))
    known = f"({one.confidence:.0%} interval {low:.2f} to {high:.2f}), {_p(one)}, n = {one.n}".replace("%", " %", 1)
    if better:
        amount = sign * one.difference * scale
        lower = "" if one.higher_is_better else "lower "
        measured = f"{amount:.2f} {unit}{lower}{one.metric}"
        return f"{better} is better by {measured} {known}"
    measured = f"{one.difference * scale:.2f} {unit}{one.metric}"
    return f"no difference can be told: {one.first} − {one.second} = {measured} {known}"


def _p(one: PairedComparison) -> str:
    p = one.p_value if one.adjusted is None else one.adjusted
    said = "p < .001" if p < 0.001 else f"p = {p:.3f}".replace("0.", ".", 1) if p < 1 else "p = 1"
    return said if one.adjusted is None else f"{said} (corrected for several comparisons)"
