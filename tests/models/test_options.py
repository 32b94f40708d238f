"""Options of runners, from keywords and from the command line's text."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import pytest

from zoo.errors import BadOption
from zoo.models.options import describe_options, parse_settings, read_options
from zoo.plugin import NoOptions, option


@dataclass(frozen=True, kw_only=True)
class Options:
    top_k: int = option(5, "How many.")
    threshold: float = option(0.3, "From which score.")
    chat: bool | None = option(None, "Use the chat template.")
    stop: str = option("", "Where to stop.")
    mode: Literal["a", "b"] = option("a", "Which way.")


@pytest.mark.parametrize(
    ("given", "field", "value"),
    [
        ({"top_k": "3"}, "top_k", 3),
        ({"top_k": 3}, "top_k", 3),
        ({"threshold": "0.5"}, "threshold", 0.5),
        ({"threshold": 1}, "threshold", 1.0),
        ({"chat": "yes"}, "chat", True),
        ({"chat": "off"}, "chat", False),
        ({"chat": "auto"}, "chat", None),
        ({"chat": None}, "chat", None),
        ({"stop": "3"}, "stop", "3"),
        ({"stop": ""}, "stop", ""),
        ({"mode": "b"}, "mode", "b"),
    ],
)
def test_values(given: dict[str, Any], field: str, value: Any) -> None:
    read = getattr(read_options(Options, given), field)
    assert read == value
    assert type(read) is type(value)


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"topk": 3}, "topk"),
        ({"top_k": "many"}, "top_k"),
        ({"top_k": "3.5"}, "top_k"),
        ({"top_k": 3.5}, "top_k"),
        ({"top_k": True}, "top_k"),
        ({"top_k": None}, "top_k"),
        ({"threshold": "x"}, "threshold"),
        ({"threshold": "nan"}, "threshold"),
        ({"chat": "perhaps"}, "chat"),
        ({"stop": 3}, "stop"),
        ({"mode": "c"}, "mode"),
    ],
)
def test_bad_values_name_the_option(given: dict[str, Any], says: str) -> None:
    with pytest.raises(BadOption) as error:
        read_options(Options, given)
    assert says in error.value.cause


def test_an_unknown_option_gets_the_nearest() -> None:
    with pytest.raises(BadOption) as error:
        read_options(Options, {"treshold": 1})
    assert error.value.remedy == "Known: threshold."
    with pytest.raises(BadOption) as none:
        read_options(NoOptions, {"x": 1})
    assert none.value.remedy == "It has no options."


def test_settings_text() -> None:
    assert parse_settings(["top-k=3", "stop=a=b"]) == {"top_k": "3", "stop": "a=b"}
    for bad in ("top_k", "=3", ""):
        with pytest.raises(BadOption):
            parse_settings([bad])


def test_description() -> None:
    assert describe_options(Options)[0] == {"name": "top_k", "type": "int", "default": 5, "help": "How many."}
    assert [d["type"] for d in describe_options(Options)] == ["int", "float", "bool | None", "str", "'a' | 'b'"]
