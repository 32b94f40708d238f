"""The word lists and sentences of the association tests, as `words.json` holds them with their sources."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import resources

__all__ = ["Terms", "WordTest", "read_tests"]


@dataclass(frozen=True, kw_only=True)
class Terms:
    """Words of one kind.

    Attributes:
        name: of the list.
        words: as the paper has them.
        forms: of each word: which sentences it fits into.
    """

    name: str
    words: tuple[str, ...]
    forms: Mapping[str, str]


@dataclass(frozen=True, kw_only=True)
class WordTest:
    """Are the words `x` nearer to `a` than to `b`, compared with the words `y`?"""

    name: str
    x: Terms
    y: Terms
    a: Terms
    b: Terms
    templates: Mapping[str, tuple[str, ...]]
    pairs: tuple[str, ...]

    def sentences(self, word: str) -> list[str]:
        """Sentences that say hardly more than the word."""
        form = next(terms.forms[word] for terms in (self.x, self.y, self.a, self.b) if word in terms.forms)
        return [_capital(template.format(word, a=_with_article(word))) for template in self.templates[form]]

    def joined(self, x: str, a: str) -> list[str]:
        """Sentences that say of two words that they belong together."""
        return [_capital(template.format(x=x, a=a)) for template in self.pairs]


def read_tests() -> tuple[WordTest, ...]:
    """The tests, in the paper's order."""
    held = json.loads(resources.files("zoo.evaluation.bias").joinpath("words.json").read_text(encoding="utf-8"))
    lists = {}
    for name, entry in held["lists"].items():
        words = tuple(entry["words"].split())
        forms = dict.fromkeys(words, entry["form"]) | entry.get("other", {})
        lists[name] = Terms(name=name.removesuffix("_2").replace("_", " "), words=words, forms=forms)
    templates = {form: tuple(sentences) for form, sentences in held["templates"].items()}
    return tuple(
        WordTest(
            name=test["name"],
            x=lists[test["x"]],
            y=lists[test["y"]],
            a=lists[test["a"]],
            b=lists[test["b"]],
            templates=templates,
            pairs=tuple(held["pairs"]),
        )
        for test in held["tests"]
    )


def _with_article(word: str) -> str:
    return f"{'an' if word[0].lower() in 'aeiou' else 'a'} {word}"


def _capital(sentence: str) -> str:
    return sentence[0].upper() + sentence[1:]
