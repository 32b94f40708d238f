"""Cards of models on the hub, written as what a family shares and what each of its members has of its own."""

from __future__ import annotations

import re
from types import MappingProxyType
from typing import Any

from zoo.cards import Licence, ModelCard, Source

__all__ = ["FAMILY", "arxiv", "member", "stated"]

# The id of a template; `member` puts the hub's in its place.
FAMILY = "family"

_ARXIV = re.compile(r"https://arxiv\.org/abs/(\d\d)(\d\d)\.\d+")
_UNION = ("tags", "languages", "datasets", "aliases")


def arxiv(number: str) -> str:
    """The address of a paper by its number."""
    return f"https://arxiv.org/abs/{number}"


def stated(weights: str, source: str, repository: str | None = None) -> Licence:
    """A licence with the place where it was read, and that of the authors' repository where it differs."""
    return Licence(weights=weights, package=repository, source=source)


def member(family: ModelCard, model_id: str, /, **own: Any) -> ModelCard:
    """One model of a family: words are added to the family's, `config` and `facts` laid over them, the rest replaced.

    Its files are those of the hub repository of that name; the month of an arXiv number is when it came out.
    """
    made: dict[str, Any] = {"id": model_id, "sources": (Source(uri=f"hf:{model_id}"),), **own}
    for name in _UNION:
        made[name] = tuple(sorted({*getattr(family, name), *own.get(name, ())}))
    for name in ("config", "facts"):
        made[name] = MappingProxyType({**getattr(family, name), **own.get(name, {})})
    if family.published is None and "published" not in own:
        made["published"] = _month(own.get("paper", family.paper))
        if made["published"]:
            made["facts"] = MappingProxyType({**made["facts"], "published": "the month of the paper's arXiv number"})
    return family.replace(**made)


def _month(paper: str | None) -> str | None:
    found = _ARXIV.fullmatch(paper or "")
    return f"20{found[1]}-{found[2]}" if found else None
