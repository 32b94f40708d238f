"""Which models does a query mean, and which of them first?

A search is a list of tiers: expressions of the full-text index, of which each gives its hits in the order of the
models' goodness (their keys), without what an earlier tier gave. What is typed is compared without blanks and signs,
so that `resnet 50`, `resnet-50` and `resnet50` are one.

1. the model with exactly this id, and those for which it is a further name (`Search.named`);
2. names that are what was typed, first variants before others (`resnet50`);
3. plain members of a family: names that are it but for a number at the end (`resnet18`, `resnet50` for `resnet`);
4. names that begin so; not for phrases that mean something else, such as a task;
5. names with a word for each word typed, or with the task that a phrase means;
6. the same, of words anywhere: task, tags, data sets, languages, library, summary;
7. names with the words as parts of words, where the others are few.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator

from zoo.catalog.codes import ANCHOR, DEPRECATED, EVERY, LEAD, PARTED, STEM
from zoo.catalog.fields import FIELDS
from zoo.catalog.index import Expression, Index, Range, all_of, any_of, but, quoted
from zoo.catalog.query import Condition, Query, Term
from zoo.catalog.words import query_words, squash

__all__ = ["Ranking"]


class Ranking:
    """The expressions of one query on one database.

    Attributes:
        tiers: the hits in this order; empty when nothing can fit.
        hits: all of them at once.
        wanted: what conditions alone let pass.
        ranges: of which the numbers in the bands at their ends must be compared.
        installed: whether the models' files must be here, or must not.
    """

    def __init__(self, connection: sqlite3.Connection, query: Query) -> None:
        self._index = Index(connection)
        self._query = query
        self._terms = [term for term in query.terms if not term.excluded]
        self.ranges: list[tuple[Range, bool]] = []
        self.installed: bool | None = None
        self._deprecated = False
        self._plain = ""  # what was typed, without signs
        self._every = self._index.has(EVERY)
        self._conditions()
        self.tiers, self.hits = self._tiers()

    def _conditions(self) -> None:
        wanted: list[Expression] = []
        unwanted = [self._anywhere(term) for term in self._query.terms if term.excluded]
        compared: dict[str, list[tuple[str, float | str]]] = {}
        for condition in self._query.conditions:
            if _is_number(condition) and not condition.excluded and not isinstance(condition.value, bool):
                compared.setdefault(condition.field, []).append((condition.op, condition.value))
                continue
            found = self._condition(condition)
            if condition.excluded:
                unwanted.append(found)
            else:
                wanted.append(found)
        for field, comparisons in compared.items():
            found_range = self._number(field, comparisons, excluded=False)
            wanted.append(any_of([found_range.inside, found_range.edge]))
        self.unwanted = any_of(unwanted)
        some = [part for part in wanted if part != self._every]  # intersecting with all costs, and changes nothing
        self.wanted = but(all_of(some) if some else self._every, self.unwanted)
        if not self._deprecated:
            self.unwanted = any_of([self.unwanted, self._index.has(DEPRECATED)])

    def _condition(self, condition: Condition) -> Expression:
        """What fits a condition; one that the index cannot tell is noted, and lets all pass here."""
        field, value = condition.field, condition.value
        if field == "installed":
            self.installed = bool(value) != condition.excluded
            return None if condition.excluded else self._every
        if field == "deprecated":
            self._deprecated = True
            found = self._index.has(DEPRECATED)
            return self._every if value == "any" else found if value else but(self._every, found)
        if _is_number(condition) and not isinstance(value, bool):
            return self._number(field, [(condition.op, value)], excluded=condition.excluded).inside
        if condition.op == "=":
            return self._index.fact(field, condition.either)
        return any_of(self._index.field(field, text) for text in condition.either or (str(value),))

    def _number(self, field: str, comparisons: list[tuple[str, float | str]], *, excluded: bool) -> Range:
        found = self._index.range(field, comparisons)
        if found.edge:
            self.ranges.append((found, excluded))
        return found

    def _named(self, term: Term) -> Expression:
        """Models whose names have a term's words, or that do what it means."""
        also = (all_of(map(self._index.name, words)) for words in term.also)
        return any_of([all_of(map(self._index.name, term.words)), self._index.fact("task", term.tasks), *also])

    def _anywhere(self, term: Term) -> Expression:
        also = (all_of(map(self._index.anywhere, words)) for words in term.also)
        meant = [self._index.fact("task", term.tasks), self._index.fact("lang", term.langs)]
        return any_of([all_of(map(self._index.anywhere, term.words)), *meant, *also])

    def _inside(self, term: Term) -> Expression:
        if term.tasks:
            return self._anywhere(term)
        parts = (any_of([self._index.anywhere(word), self._index.inside(word)]) for word in term.words)
        return any_of([self._anywhere(term), all_of(parts)])

    def parts_of_words(self) -> tuple[Expression, Expression]:
        """The last tier, and all hits with it."""
        found = all_of(map(self._inside, self._terms))
        tier = self._narrowed(but(found, self.hits and any_of(self._shown)))
        return tier, any_of([self.hits, tier])

    @property
    def models(self) -> int:
        """How many models a search for everything shows."""
        return self._index.models(EVERY) - self._index.models(DEPRECATED)

    @property
    def has_words(self) -> bool:
        """Whether words were asked for whose parts may be looked for."""
        return bool(self._terms)

    @property
    def shortest(self) -> int:
        """The letters of the shortest word."""
        return min((len(word) for term in self._terms for word in term.words), default=0)

    def _narrowed(self, part: Expression) -> Expression:
        """With the conditions."""
        if not self._query.conditions or part == self._every:
            return but(self.wanted if part == self._every else part, self.unwanted)
        return but(part if self.wanted == self._every else all_of([part, self.wanted]), self.unwanted)

    def _tiers(self) -> tuple[list[str], Expression]:
        if not self._terms:
            nothing = bool(self._query.text) and not self._query.conditions  # signs only: no search for everything
            whole = None if nothing else self._narrowed(self._every)
            self._shown: list[Expression] = [whole]
            return [whole] if whole else [], whole
        anchors = self._anchors()
        anywhere = all_of(map(self._anywhere, self._terms))
        # Names that begin so hold those that are so, and the family's members, where the index knows them whole.
        nested = bool(anchors) and str(anchors[-1]).removesuffix(")").endswith(f"{quoted(ANCHOR + self._plain)}*")
        self._shown = [anchors[-1], anywhere] if nested else [*anchors, anywhere]
        made = list(self._split(anchors))
        before = self._shown[:-1]
        if self._query.hints:
            made.append(but(all_of([anywhere, any_of(map(self._index.name, self._query.hints))]), any_of(before)))
            before = [*before, made[-1]]
        named = all_of(map(self._named, self._terms))
        made += [but(named, any_of(before)), but(anywhere, any_of([*before, named]))]
        return [tier for tier in map(self._narrowed, made) if tier], self._narrowed(any_of(self._shown))

    def _anchors(self) -> list[Expression]:
        """Names that are what was typed, its family's plain members, names that begin so."""
        typed, slash, last = self._query.text.rpartition("/")
        plain = squash(last if slash else "".join(word for term in self._terms for word in term.words))
        self._plain = plain
        if not plain:
            return []
        made: list[Expression] = [quoted(ANCHOR + plain), quoted(STEM + plain)]
        if not any(term.tasks or term.also for term in self._terms):
            begins = self._index.begins(ANCHOR + plain)
            # Longer beginnings than the index holds: the words must fit too.
            made.append(begins if begins == f"{quoted(ANCHOR + plain)}*" else all_of([begins, *self._words()]))
        owner = list(map(self._index.name, query_words(typed)))
        return [all_of([*owner, tier]) for tier in made]

    def _words(self) -> list[Expression]:
        return [self._index.name(word) for term in self._terms for word in term.words]

    def _split(self, tiers: list[Expression]) -> Iterator[Expression]:
        """Each tier as two: first variants, then the others; without those of the tiers before."""
        lead, before = self._index.has(LEAD), list[Expression]()
        whole = tiers[0] if tiers else None
        if len(self._query.text.split()) == 1 and squash(self._query.text) == self._query.text.lower():
            # Typed without signs: names without signs are nearer (`resnet50` than `resnet-50`).
            tiers = [but(whole, self._index.has(PARTED)), *tiers]
        for tier in tiers:
            left = but(tier, any_of(before))
            if lead and left:
                yield all_of([left, lead])
            yield but(left, lead)
            before.append(tier)


def _is_number(condition: Condition) -> bool:
    return FIELDS.get(condition.field, "number") in {"number", "date"}
