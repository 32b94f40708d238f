"""Checks of bad inputs: they are refused by errors of the zoo's own, and the model still works afterwards."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from zoo.conformance.inputs import usual_bad
from zoo.conformance.outcomes import Unkept
from zoo.errors import BadOption, ZooError

if TYPE_CHECKING:
    from zoo.conformance.stage import Stage

__all__ = ["errors"]

# What the engine says where a runner stumbled over an input and did not refuse it (`zoo.models.failing`).
_STUMBLED = re.compile(r" cannot be run: (\w+)")
_OPTION = "no_such_option"


def errors(stage: Stage) -> str:
    """Bad inputs and an unknown option raise errors of the zoo's own; good inputs go on to work."""
    model = stage.model
    _ = stage.results
    bad = list(stage.case.bad) or usual_bad(stage)
    for value in bad:
        _refused(stage, value)
    _unknown_option(stage)
    if not stage.case.random and (found := stage.differs(stage.run(model, stage.inputs))):
        raise Unkept(f"after bad inputs the good ones give other results: {found}", "Keep no state between calls.")
    return f"{len(bad)} bad inputs and an unknown option refused, and good ones still work"


def _refused(stage: Stage, value: Any) -> None:
    name = _called(value)
    try:
        stage.model.predict([value], **stage.case.options)
    except ZooError as error:
        if stumbled := _STUMBLED.search(error.cause):
            raise Unkept(
                f"{name} ends in {stumbled[1]} and not in an error of the zoo's own",
                "Look at the input in `prepare`, and raise `BadData(cause, remedy)`.",
            ) from error
        if not error.cause.strip():
            raise Unkept(f"{name} is refused without a cause", "Say what is wrong with it.") from error
        return
    except Exception as error:  # that is what is looked for
        raise Unkept(
            f"{name} raises {type(error).__name__}: {error}", "Raise `BadData(cause, remedy)` in `prepare`."
        ) from error
    raise Unkept(f"{name} is not refused", "Look at the input in `prepare`, and raise `BadData(cause, remedy)`.")


def _unknown_option(stage: Stage) -> None:
    try:
        stage.model.predict(stage.inputs[:1], **{**stage.case.options, _OPTION: 1})
    except BadOption:
        return
    raise Unkept("an unknown option is not refused", "Let `Options` be a plain frozen dataclass.")


def _called(value: Any) -> str:
    text = f"an input of {type(value).__name__}" if type(value) is object else repr(value)
    return f"the input {text}" if len(text) <= 60 else f"an input of the type {type(value).__name__}"
