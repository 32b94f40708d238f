"""What `zoo show` adds to a model's facts: what its bases' licences ask, and how many variants there are."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from zoo.cards import NOT_STATED
from zoo.catalog.naming import resolve
from zoo.catalog.reading import reading
from zoo.catalog.words import fold, name_parts
from zoo.errors import UnknownModel

__all__ = ["with_descent"]


def with_descent(path: Path, shown: Mapping[str, Any]) -> dict[str, Any]:
    """A model as `zoo.catalog.hot.show` gives it, and more.

    Args:
        path: the catalog's database.
        shown: what is known of the model.

    Returns:
        `shown` with `inherited` (what the licences of its bases ask: `{model, licence, class, obligations}`),
        `conflicts` (`{model, licence, base, base_licence, severity, text}`), `licence_changes` (sentences) and
        `variants` (`{family: {name, models}, short: {name, models, default}}`).
    """
    told = _descent(path, shown) if _has_bases(shown) or _may_have_changed(shown) else _nothing()
    return {**shown, **told, "variants": _variants(path, shown)}


def _nothing() -> dict[str, list[Any]]:
    return {"inherited": [], "conflicts": [], "licence_changes": []}


def _has_bases(shown: Mapping[str, Any]) -> bool:
    return bool((shown.get("lineage") or {}).get("ancestors"))


def _may_have_changed(shown: Mapping[str, Any]) -> bool:
    now = ((shown.get("card") or {}).get("licence") or {}).get("weights", NOT_STATED)
    return any((row.get("licence") or {}).get("weights") != now for row in shown.get("revisions") or [])


def _descent(path: Path, shown: Mapping[str, Any]) -> dict[str, Any]:
    from zoo.descent.reading import read

    try:
        descent = read(path, shown["id"], down=False)
    except UnknownModel:  # removed between two readings: then it has no bases either
        return _nothing()
    return {
        "inherited": [found.to_dict() for found in descent.inherited],
        "conflicts": [found.to_dict() for found in descent.conflicts],
        "licence_changes": list(descent.licence_changes),
    }


def _variants(path: Path, shown: Mapping[str, Any]) -> dict[str, Any]:
    """How many models share the family, and the short name, such as `resnet50` of `timm/resnet50.a1_in1k`."""
    short, made = name_parts(shown["id"])[2], dict[str, Any]()
    with reading(path) as connection:
        if family := shown.get("family"):
            sql = "SELECT models FROM facet WHERE field = 'family' AND value = ?"
            row = connection.execute(sql, (fold(family),)).fetchone()
            made["family"] = {"name": family, "models": row["models"] if row else 1}
        sql = "SELECT COUNT(*) AS n FROM model WHERE short = ?"
        count = connection.execute(sql, (short.lower(),)).fetchone()["n"]
    if count > 1:
        meant = resolve(path, short)  # the default is whom the short name means
        made["short"] = {"name": short, "models": count, "default": meant[0] if len(meant) == 1 else None}
    return made
