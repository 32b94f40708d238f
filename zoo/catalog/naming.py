"""From what the user typed to the names of models."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from difflib import SequenceMatcher
from pathlib import Path

from zoo.catalog.reading import reading
from zoo.catalog.words import clean, name_parts, stem

__all__ = ["complete", "near", "resolve"]

_LAST = "\U0010ffff"  # sorts behind every other character: `prefix + _LAST` ends a range
_ALIKE = 0.6
_MOST = 60


def resolve(path: Path, name: str) -> list[str]:
    """The ids of the models that a name can mean; empty when there is none.

    1. The model with exactly this id. Of installed models without a card too.
    2. None, when an id differs only by case: `near` then begins with the right spelling.
    3. The models with this name after their owner: `all-MiniLM-L6-v2`; more than one is ambiguous.
    4. The variants with this name before their tag, the first variant first: `resnet50` gives
       `timm/resnet50.a1_in1k, timm/resnet50.a2_in1k, …`. The owner may be given: `timm/resnet50`.
    """
    name = clean(name)
    with reading(path) as connection:
        if _ids(connection, "SELECT id FROM model WHERE id = ? UNION SELECT model FROM revision WHERE model = ?", name):
            return [name]
        if _ids(connection, "SELECT id FROM model WHERE folded = ?", name.lower()):
            return []
        owner, last, _ = name_parts(name)
        tail = last.lower()
        whole = _ids(connection, "SELECT id FROM model WHERE name = ? ORDER BY folded", tail)
        variants = _ids(connection, "SELECT id FROM model WHERE short = ? ORDER BY variant, folded", tail)
    if found := [i for i in whole if not owner and name_parts(i)[1] == last]:
        return found
    return [i for i in variants if name_parts(i)[2] == last and owner in {"", name_parts(i)[0]}]


def _ids(connection: sqlite3.Connection, sql: str, value: str) -> list[str]:
    values = (value,) * sql.count("?")
    return [str(next(iter(row.values()))) for row in connection.execute(sql, values)]


def near(path: Path, name: str, count: int = 3) -> list[str]:
    """The ids closest to a name that no model has, best first, for "did you mean"."""
    name = clean(name).lower()[:200]
    if not name:
        return []
    with reading(path) as connection:
        same = "SELECT id FROM model WHERE ? IN (folded, name, short) ORDER BY folded != ?, variant, folded LIMIT 40"
        found = [*_ids(connection, same, name), *_alike(connection, name)]
    order = {i: n for n, i in enumerate(dict.fromkeys(found))}
    matcher = SequenceMatcher(None, "", name, autojunk=False)
    scored = ((_likeness(matcher, i), -n, i) for i, n in order.items())
    best = sorted((s for s in scored if s[0] >= _ALIKE), reverse=True)
    return _first_variants((i for _, _, i in best), count)


def _alike(connection: sqlite3.Connection, name: str) -> list[str]:
    """Ids that share most trigrams with a name; of names too short for that, those with the same first letter."""
    grams = {name[i : i + 3] for i in range(len(name) - 2) if name[i : i + 3].strip() and name[i : i + 3].isprintable()}
    if grams:
        quoted = " OR ".join('"' + gram.replace('"', '""') + '"' for gram in sorted(grams))
        sql = "SELECT model.id FROM model_gram JOIN model ON key = model_gram.rowid WHERE model_gram MATCH ? "
        if found := _ids(connection, f"{sql} ORDER BY rank LIMIT {_MOST}", quoted):
            return found
    sql = f"SELECT id FROM model WHERE short >= ?1 AND short < ?1 || '{_LAST}' ORDER BY variant, length(short)"  # noqa: S608
    rows = connection.execute(f"{sql} LIMIT {_MOST}", (name[:1],))
    return [str(row["id"]) for row in rows]


def _likeness(matcher: SequenceMatcher[str], model_id: str) -> float:
    """How alike the matcher's name is to an id, or to the part of it that is most alike, from 0 to 1."""
    _, last, short = name_parts(model_id.lower())
    best = 0.0
    for part in dict.fromkeys((short, stem(short), last, model_id.lower())):
        matcher.set_seq1(part)
        if matcher.real_quick_ratio() > best and matcher.quick_ratio() > best:
            best = max(best, matcher.ratio())
    return best


def _first_variants(ids: Iterable[str], count: int) -> list[str]:
    """The first `count` ids, one of each short name."""
    made: dict[tuple[str, str], str] = {}
    for model_id in ids:
        owner, _, short = name_parts(model_id)
        made.setdefault((owner, short), model_id)
    return list(made.values())[:count]


def complete(path: Path, prefix: str, limit: int = 50) -> list[str]:
    """What `prefix` may go on to, for shell completion: each begins with it, and `resolve` knows each.

    Ids first; then, when no owner was typed, names without their tag, or, from the dot on, with it.
    """
    prefix = clean(prefix)
    folded = prefix.lower()
    with reading(path) as connection:
        found = _ids_from(connection, "folded", folded, limit)
        if "/" not in prefix:
            found += _ids_from(connection, "short", folded, 4 * limit)
            found += _ids_from(connection, "name", folded, limit) if "." in prefix else []
    made: dict[str, None] = {}
    for model_id in found:
        owner, name, short = name_parts(model_id)
        shown = name if "." in prefix else short
        made |= dict.fromkeys(text for text in (model_id, shown if owner else "") if text.startswith(prefix) and text)
    return list(made)[:limit]


def _ids_from(connection: sqlite3.Connection, column: str, prefix: str, limit: int) -> list[str]:
    sql = f"SELECT id FROM model WHERE {column} >= ? AND {column} < ? ORDER BY {column}, variant LIMIT ?"  # noqa: S608
    return [str(row["id"]) for row in connection.execute(sql, (prefix, prefix + _LAST, limit))]
