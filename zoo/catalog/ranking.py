"""Which models does a query mean, and which of them first? The SQL of `zoo search`."""

from __future__ import annotations

from typing import Any, NamedTuple

from zoo.catalog.words import clean, query_words

__all__ = ["Search", "conditions", "searches"]

Conditions = tuple[str, dict[str, Any]]


class Search(NamedTuple):
    """Statements for a page of keys, best first (parameters `limit`, `offset`), and for their number; their values."""

    page: str
    total: str
    values: dict[str, Any]


# How much a word counts in: name, family and architecture, task, tags, summary.
_WEIGHTS = "10.0, 6.0, 4.0, 3.0, 1.0"

# A whole id, a whole name, a name without its tag; then plain members of a family (resnet50 for resnet), names that
# begin so, and the rest by bm25. Within each: first variants, shorter names, better scores.
_SORTED = """
SELECT model.key, CASE
  WHEN folded = :text THEN 0
  WHEN name IN (:form, :dashed, :joined) THEN 1
  WHEN short IN (:form, :dashed, :joined) THEN 2
  WHEN stem IN (:form, :dashed, :joined) THEN 3
  WHEN substr(short, 1, length(:form)) = :form THEN 4
  ELSE 5 END AS tier
FROM hit JOIN model ON model.key = hit.key WHERE 1 {filters}
ORDER BY tier, CASE WHEN tier = 5 THEN score END, variant > 0, length(short), metric_order DESC NULLS LAST, folded
LIMIT :limit OFFSET :offset
"""

_COUNTED = "SELECT COUNT(*) AS total FROM hit"
_COUNTED_OF = "SELECT COUNT(*) AS total FROM hit JOIN model ON model.key = hit.key WHERE 1 {filters}"

_WORDS = f"SELECT rowid AS key, round(bm25(model_search, {_WEIGHTS})) AS score FROM model_search WHERE model_search MATCH :words"  # noqa: E501, S608
_PARTS = """
UNION ALL SELECT rowid, 0.0 FROM model_gram WHERE model_gram MATCH :parts
AND rowid NOT IN (SELECT rowid FROM model_search WHERE model_search MATCH :words)
"""


def conditions(task: str | None, licence: str | None, library: str | None, installed: bool | None) -> Conditions:
    """What the filters that are not None ask for: SQL that begins with AND."""
    parts, values = [], dict[str, Any]()
    if task is not None:
        parts.append("AND model.key IN (SELECT model FROM model_task WHERE model_task.task = :task)")
        values["task"] = clean(task)
    if licence is not None:
        parts.append("AND instr(' ' || replace(lower(licence), '(', ' '), ' ' || lower(:licence)) > 0")
        values["licence"] = clean(licence)
    if library is not None:
        parts.append("AND lower(library) = lower(:library)")
        values["library"] = clean(library)
    if installed is not None:
        parts.append("AND :installed = (model.id IN (SELECT model FROM revision))")
        values["installed"] = int(installed)
    return " ".join(parts), values


def searches(text: str, filters: Conditions) -> list[Search]:
    """The searches to try, in this order, until one finds something."""
    words = query_words(text)
    if not words:
        return [] if text else [_query("SELECT key, 0.0 AS score FROM model", "", filters, {})]
    if any(len(word) < 3 for word in words):  # trigrams need three characters
        return [_by_word(text, words, filters), _by_part(text, words, filters)]
    return [_by_word_or_gram(text, words, filters)]


def _by_word(text: str, words: list[str], filters: Conditions) -> Search:
    """Models with words that begin as each of these."""
    return _query(_WORDS, text, filters, {"words": " ".join(f'"{word}"*' for word in words)})


def _by_word_or_gram(text: str, words: list[str], filters: Conditions) -> Search:
    """The same, then those with each word anywhere in the id or architecture."""
    values = {"words": " ".join(f'"{word}"*' for word in words), "parts": " ".join(f'"{word}"' for word in words)}
    return _query(_WORDS + _PARTS, text, filters, values)


def _by_part(text: str, words: list[str], filters: Conditions) -> Search:
    """Models with each word anywhere in the id or architecture, found by reading every row."""
    parts = " AND ".join(f"instr(folded || ' ' || lower(architecture), :part{i}) > 0" for i in range(len(words)))
    hit = f"SELECT key, 0.0 AS score FROM model WHERE {parts}"  # noqa: S608 (numbered parameters only)
    return _query(hit, text, filters, {f"part{i}": word for i, word in enumerate(words)})


def _query(hit: str, text: str, filters: Conditions, values: dict[str, Any]) -> Search:
    counted = _COUNTED_OF if filters[0] else _COUNTED
    page, total = (f"WITH hit AS ({hit}) {rest.format(filters=filters[0])}" for rest in (_SORTED, counted))
    return Search(page, total, {**_forms(text), **filters[1], **values})


def _forms(text: str) -> dict[str, str]:
    """The query as it could stand in a name: with `_`, with `-`, joined."""
    text = clean(text).lower()
    words = text.rpartition("/")[2].split()
    return {"text": text, "form": "_".join(words), "dashed": "-".join(words), "joined": "".join(words)}
