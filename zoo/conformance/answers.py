"""Checks of results: of the task's type, and the same however the inputs are put in."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

from zoo.conformance.equality import first_difference
from zoo.conformance.outcomes import Unkept

if TYPE_CHECKING:
    from zoo.conformance.stage import Stage

__all__ = ["batched", "reordered", "repeated", "threads", "typed"]

THREADS, CALLS = 4, 8


def typed(stage: Stage) -> str:
    """Every result is of the task's type, has a JSON form without NaN and a text, and can be drawn where it says so."""
    wanted = stage.task.result
    for number, (value, result) in enumerate(zip(stage.inputs, stage.results, strict=True), 1):
        if not isinstance(result, wanted):
            raise Unkept(
                f"the result of input {number} is {type(result).__name__}, not {wanted.__name__}",
                f"Return `zoo.tasks.{wanted.__name__}` from `finish` or `merge`.",
            )
        _written(result, number)
        if stage.task.input == "image" and hasattr(result, "draw"):
            _drawn(result, value)
    return f"{len(stage.inputs)} results of {wanted.__name__}, such as: {_shortened(str(stage.results[0]))}"


def _written(result: Any, number: int) -> None:
    made = result.to_dict()
    try:
        text = json.dumps(made, allow_nan=False)
    except (TypeError, ValueError) as error:
        raise Unkept(
            f"the JSON form of result {number} cannot be written: {error}",
            "Give finite Python numbers, lists and texts; mend what makes NaN.",
        ) from error
    if found := first_difference([json.loads(text)], [made], 0.0):
        raise Unkept(f"read again from JSON, {found}", "Use text keys and plain values.")
    if not str(result).strip():
        raise Unkept(f"the text of result {number} is empty", "Say in a few words what was found, or that nothing was.")


def _drawn(result: Any, value: Any) -> None:
    from PIL import Image

    from zoo.data import read_image

    drawn = result.draw(read_image(value))
    if not isinstance(drawn, Image.Image):
        raise Unkept(f"`draw` gives {type(drawn).__name__}", "Return a picture.")


def repeated(stage: Stage) -> str:
    """The same inputs, given again, give the same results."""
    return f"{len(stage.steady)} results the same the second time"


def batched(stage: Stage) -> str:
    """One by one, all at once, and in batches of one and two: the results are the same."""
    wanted = stage.steady
    model = stage.model
    single = [stage.run(model, [value])[0] for value in stage.inputs]
    _compare(stage, single, wanted, "one by one")
    for batch in (1, 2):
        with stage.load(stage.shared, batch=batch) as other:
            _compare(stage, stage.run(other, stage.inputs), wanted, f"in batches of {batch}")
    return f"the same one by one, at once, and in batches of 1 and 2, to {stage.case.tolerance:g}"


def _compare(stage: Stage, results: list[Any], wanted: list[Any], how: str) -> None:
    if found := stage.differs(results, wanted):
        raise Unkept(
            f"{how} the results differ from those of all at once: {found}",
            "A result must not depend on what else is in its batch: mask the padding, and measure nothing over the "
            "batch. Give results in the order of the examples.",
        )


def reordered(stage: Stage) -> str:
    """In reverse order, and turned by one, each input has the same result as before."""
    wanted, count = stage.steady, len(stage.inputs)
    for order in (list(reversed(range(count))), [*range(1, count), 0]):
        made = stage.run(stage.model, [stage.inputs[place] for place in order])
        back = [made[order.index(place)] for place in range(count)]
        if found := stage.differs(back, wanted):
            raise Unkept(
                f"in another order the results differ: {found}",
                "Give results in the order of the examples, and carry nothing over from one to the next.",
            )
    return "the same in reverse, and turned by one"


def threads(stage: Stage) -> str:
    """Four threads that use the model at the same time get what each would get alone."""
    _ = stage.steady
    count = len(stage.inputs)
    calls = [[stage.inputs[number % count]] for number in range(CALLS)]
    calls[1::4] = [stage.inputs for _ in calls[1::4]]  # some give all at once, in between
    alone = [stage.run(stage.model, call) for call in calls]
    with ThreadPoolExecutor(THREADS) as pool:
        together = list(pool.map(lambda call: stage.run(stage.model, call), calls))
    for number, (one, other) in enumerate(zip(together, alone, strict=True), 1):
        if found := stage.differs(one, other):
            raise Unkept(
                f"call {number} of {CALLS} by {THREADS} threads gives another result than alone: {found}",
                "Keep nothing of a call in the runner or the module: hand it on in the examples and outputs.",
            )
    return f"{CALLS} calls by {THREADS} threads the same as alone"


def _shortened(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= 60 else f"{line[:57]}…"
