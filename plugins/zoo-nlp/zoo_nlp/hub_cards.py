"""Well-known text models on the hub, by the hub's own names: rows of `data/*.jsonl`, one file for each main task.

A row has the fields of a card that somebody states, and `facts`: field to `source` or `source:place`, where
`data/sources.json` says in full what each source is. What no source states is not in the row.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from importlib.resources import files
from types import MappingProxyType
from typing import Any

from zoo.cards import NOT_STATED, Licence, Metric, ModelCard, Source

__all__ = ["hub_cards"]

FOLDER = "data"
SOURCES = "sources.json"
LISTS = ("aliases", "datasets", "languages", "tags", "tasks")
ARCHITECTURE = "the class of transformers that the zoo builds for the task"


def hub_cards() -> list[ModelCard]:
    """The cards of all rows; the files are those of the hub repository."""
    folder = files("zoo_nlp") / FOLDER
    sources = json.loads((folder / SOURCES).read_text(encoding="utf-8"))
    return [_card(row, sources) for row in _rows()]


def _rows() -> Iterator[dict[str, Any]]:
    folder = files("zoo_nlp") / FOLDER
    for path in sorted(folder.iterdir(), key=lambda path: path.name):
        if path.name.endswith(".jsonl"):
            for line in path.read_text(encoding="utf-8").splitlines():
                yield json.loads(line)


def _card(row: Mapping[str, Any], sources: Mapping[str, str]) -> ModelCard:
    facts = {name: _fact(value, sources) for name, value in row["facts"].items()}
    stated = {name: value for name, value in row.items() if name not in {*LISTS, "licence", "metrics", "config"}}
    return ModelCard(
        **{
            **stated,
            **{name: tuple(row.get(name, ())) for name in LISTS},
            "library": "transformers",
            "loader": "transformers",
            "config": MappingProxyType(row.get("config", {})),
            "licence": Licence(weights=row.get("licence", NOT_STATED), source=facts.get("licence")),
            "sources": (Source(uri=f"hf:{row['id']}"),),
            "metrics": tuple(Metric(**metric) for metric in row.get("metrics", ())),
            "facts": MappingProxyType({"architecture": ARCHITECTURE, **facts}),
        }
    )


def _fact(value: str, sources: Mapping[str, str]) -> str:
    """A fact's source in full: the place is the end of a URL, else a word more."""
    name, _, place = value.partition(":")
    text = sources[name]
    if not place:
        return text
    return f"{text}{place}" if text.endswith("/") else f"{text} {place}"
