"""`judge`: from predictions to measures with intervals, by class, by slice, and the worst examples."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from zoo.errors import BadOption
from zoo.evaluation.evaluation import Estimate, Evaluation
from zoo.evaluation.predictions import Predictions

if TYPE_CHECKING:
    from zoo.evaluation.measures import Floats, Measure
    from zoo.evaluation.slicing import Slice

__all__ = ["judge", "told"]

WORST = 20
RANKED = 2_000_000_000  # numbers sorted through for areas under curves, about a minute; beyond that, no intervals


def judge(
    predictions: Predictions,
    *,
    slices: Mapping[str, Sequence[Any]] | None = None,
    seed: int = 0,
    resamples: int = 1000,
    confidence: float = 0.95,
) -> Evaluation:
    """Measure predictions.

    Args:
        predictions: what was predicted, and what is true.
        slices: columns by name, one value for each example of the split that was predicted, or of the predictions: the
            main metric is measured for each value. Columns of texts that are nearly all different are left out.
        seed: of the resamples.
        resamples: on how many bootstrap resamples of the examples the intervals rest.
        confidence: of the intervals.

    Raises:
        BadInput: there are no predictions, or a column has another length.
        BadOption: a number makes no sense.
    """
    from zoo.evaluation.measures import measure_of

    _check(resamples, confidence)
    measure = measure_of(predictions)
    drawn = _Drawn(measure, slices or {}, resamples, seed)
    found = measure.confusion()
    parts = drawn.slices()
    rows = [part.row(measure, confidence) for group in parts.values() for part in group]
    gaps = [drawn.gap(group, confidence) for group in parts.values()]
    return Evaluation(
        kind=predictions.kind,
        main=measure.main,
        higher_is_better=measure.higher,
        n=measure.n,
        metrics=drawn.estimates(confidence),
        confidence=confidence,
        resamples=resamples,
        seed=seed,
        per_class=tuple(drawn.classes(confidence)),
        labels=found[0] if found else (),
        confusion=found[1].tolist() if found else None,
        precision_recall=None if (curve := measure.precision_recall()) is None else tuple(curve),
        calibration=None if (bins := measure.calibration()) is None else tuple(bins),
        slices=tuple(rows),
        gaps=tuple(gap for gap in gaps if gap),
        worst=tuple(_worst(measure)),
        failed=tuple({"row": row, "error": error} for row, error in predictions.failed),
    )


def told(predictions: Predictions) -> list[dict[str, Any]]:
    """Each prediction as JSON values, in order: `{row, truth, predicted, confidence}`."""
    from zoo.evaluation.measures import measure_of

    measure = measure_of(predictions)
    return [{"row": predictions.row(i), **measure.told(i)} for i in range(len(predictions))]


def _check(resamples: int, confidence: float) -> None:
    if resamples < 100:
        raise BadOption(f"{resamples} resamples are too few for an interval", "Give 100 or more; 1000 is usual.")
    if not 0.5 <= confidence < 1:
        raise BadOption(f"a confidence of {confidence} makes no sense", "Give for example 0.95.")


class _Drawn:
    """A measure on its sample and on all resamples, which are drawn once."""

    def __init__(self, measure: Measure, columns: Mapping[str, Sequence[Any]], resamples: int, seed: int) -> None:
        import numpy as np

        from zoo.evaluation.bootstrap import resamples_of
        from zoo.evaluation.slicing import slices_of

        self._measure = measure
        ones = np.ones((1, measure.n))
        parts = measure.parts
        self._value = measure.metrics(ones)
        self._by_class = measure.by_class(ones)
        fitting = {name: _fitting(values, measure.predictions) for name, values in columns.items()}
        found = {name: slices_of(values, measure.n, name) for name, values in fitting.items()}
        self._places = {name: places for name, places in found.items() if places}
        thorough = measure.cost * resamples <= RANKED
        metrics, scores, sliced = defaultdict(list), [], defaultdict(list)
        for weights in resamples_of(measure.n, resamples, seed):
            for name, values in measure.metrics(weights, thorough=thorough).items():
                metrics[name].append(values)
            if self._by_class:
                scores.append(measure.by_class(weights)[measure.of_class])
            for column, places in self._places.items():
                for value, members in places.items():
                    sliced[column, value].append(measure.finish(parts[members], weights[:, members]))
        self._metrics = {name: np.concatenate(values) for name, values in metrics.items()}
        self._scores = np.concatenate(scores) if scores else None
        self._sliced = {key: np.concatenate(values) for key, values in sliced.items()}

    def estimates(self, confidence: float) -> dict[str, Estimate]:
        """Every metric that is defined, with its interval."""
        import numpy as np

        from zoo.evaluation.bootstrap import interval

        measure, made = self._measure, {}
        for name, value in self._value.items():
            if np.isnan(value[0]):
                continue
            resampled: Floats | None = self._metrics.get(name)
            if resampled is None or name.startswith("baseline"):
                made[name] = Estimate(float(value[0]))
                continue
            whole = measure.n if name in measure.proportions else None
            made[name] = interval(
                float(value[0]),
                resampled,
                confidence,
                biased=name in measure.biased,
                optimistic=name in measure.optimistic,
                proportion_of=whole,
            )
        return made

    def classes(self, confidence: float) -> list[dict[str, Any]]:
        """A row for each class that occurs as true or as predicted."""
        import numpy as np

        from zoo.evaluation.bootstrap import interval

        measure, made = self._measure, []
        labels, counts = measure.class_counts()
        for place, (label, count) in enumerate(zip(labels, counts, strict=True)):
            scores = {name: float(values[0, place]) for name, values in self._by_class.items()}
            if not count and not any(score > 0 for score in scores.values()):  # NaN: not defined without true ones
                continue
            resampled = np.zeros(0) if self._scores is None else self._scores[:, place]
            optimistic = measure.of_class in measure.optimistic
            found = interval(scores[measure.of_class], resampled, confidence, optimistic=optimistic)
            row = {"label": label, "n": count, **scores, "metric": measure.of_class}
            made.append(row | {"low": found.low, "high": found.high})
        return made

    def slices(self) -> dict[str, list[Slice]]:
        """The slices of each column."""
        import numpy as np

        from zoo.evaluation.slicing import Slice

        measure, parts = self._measure, self._measure.parts
        return {
            column: [
                Slice(
                    column=column,
                    value=value,
                    members=members,
                    measured=float(measure.finish(parts[members], np.ones((1, len(members))))[0]),
                    resampled=self._sliced[column, value],
                )
                for value, members in places.items()
                if len(members)
            ]
            for column, places in self._places.items()
        }

    def gap(self, slices: Sequence[Slice], confidence: float) -> Mapping[str, Any] | None:
        """The gap between the best and the worst slice of a column."""
        from zoo.evaluation.slicing import gap_of

        return gap_of(slices, higher=self._measure.higher, confidence=confidence)


def _fitting(values: Sequence[Any], predictions: Predictions) -> Sequence[Any]:
    """A column's values of the examples that were predicted."""
    if predictions.index and len(values) != len(predictions):
        return [values[place] for place in predictions.index]
    return values


def _worst(measure: Measure) -> list[dict[str, Any]]:
    """The examples that are most wrong."""
    import numpy as np

    badness = measure.badness()
    order = np.argsort(-badness, kind="stable")[:WORST]
    given = measure.predictions
    return [
        {"index": given.place(int(i)), "row": given.row(int(i)), **measure.told(int(i))}
        for i in order
        if badness[i] > 0
    ]
