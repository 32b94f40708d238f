"""The card in the distribution: the model's own, true on every machine, and its file of cards."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from zoo.cards import NOT_STATED, Licence, ModelCard
from zoo.errors import BadCard
from zoo.infer import is_inferred
from zoo.publishing.naming import MACHINE_OWNERS

if TYPE_CHECKING:
    from zoo.descent.family import Kin
    from zoo.publishing.chosen import Chosen
    from zoo.publishing.cleaning import Privacy
    from zoo.publishing.naming import Names
    from zoo.publishing.packing import Packing
    from zoo.publishing.wishes import Wishes

__all__ = ["CARDS", "cards_text", "check_readable", "public_base", "public_card"]

CARDS = "cards.yaml"
# What YAML, of either version and of any reader, takes for a text without quotes around it.
_PLAIN = re.compile(r"[A-Za-z][A-Za-z0-9_./+@-]*( [A-Za-z][A-Za-z0-9_./+@-]*)*")
_NO_TEXTS = {"y", "n", "yes", "no", "on", "off", "true", "false", "null", "nan", "inf"}
_LAST = {"config", "files", "sources"}  # long, and less often looked for
_SELDOM = {"default", "popular"}  # tags of the catalog's own curation


def public_base(ancestors: Sequence[Kin]) -> str | None:
    """The nearest of the models that this one was made from whose name means the same on every machine."""
    names = (kin.id for kin in ancestors)
    return next((name for name in names if name.partition("/")[0] not in MACHINE_OWNERS or "/" not in name), None)


def public_card(
    chosen: Chosen, names: Names, *, packing: Packing, ancestors: Sequence[Kin], wishes: Wishes, privacy: Privacy
) -> ModelCard:
    """The card as it is published."""
    card = chosen.card
    return card.replace(
        id=names.id,
        summary=_line(privacy.text(wishes.summary if wishes.summary is not None else card.summary)),
        config=privacy.setting(dict(card.config)),
        licence=_licence(card.licence, wishes, privacy, referred=bool(packing.referred)),
        size=None,
        downloads=None,
        sources=packing.sources,
        files=packing.on_card,
        metrics=tuple(_scored(card, privacy)),
        tags=tuple(tag for tag in card.tags if tag not in _SELDOM),
        datasets=tuple(sorted({privacy.text(name) for name in card.datasets})),
        aliases=(),
        base=public_base(ancestors),
        facts=_facts(chosen, names, wishes, privacy),
    )


def _line(text: str) -> str:
    return " ".join(text.split())


def _licence(stated: Licence, wishes: Wishes, privacy: Privacy, *, referred: bool) -> Licence:
    if wishes.licence is not None:
        return Licence(weights=wishes.licence, source="stated by the publisher")
    source = None if stated.source is None else _line(privacy.text(stated.source))
    return Licence(weights=stated.weights, package=stated.package if referred else None, source=source)


def _scored(card: ModelCard, privacy: Privacy) -> list[Any]:
    import dataclasses

    return [
        dataclasses.replace(
            metric, dataset=_line(privacy.text(metric.dataset)), source=_line(privacy.text(metric.source))
        )
        for metric in card.metrics
    ]


def _facts(chosen: Chosen, names: Names, wishes: Wishes, privacy: Privacy) -> dict[str, str]:
    made = {name: _line(privacy.text(where)) for name, where in chosen.card.facts.items() if where.strip()}
    if is_inferred(chosen.card) and "architecture" in made:
        made["architecture"] = f"read from {made['architecture']}"  # the card is declared now, and follows no files
    published = f"{names.distribution} {names.version}"
    if chosen.run:
        made["base"] = f"run {chosen.run.get('id', NOT_STATED)}, told of in record.json of {published}"
    if wishes.licence is not None:
        made["licence"] = f"stated by the publisher of {published}"
    if wishes.summary is not None:
        made["summary"] = f"the publisher of {published}"
    return made


def cards_text(card: ModelCard, names: Names) -> str:
    """The file of cards: one YAML document, in the form that `zoo catalog template` shows."""
    head = (
        f"# The model of the distribution {names.distribution} {names.version}.\n"
        f"# A file:./ origin is a file beside this one.\n\n"
    )
    told = card.to_dict()
    return head + _yaml({name: told[name] for name in sorted(told, key=lambda name: name in _LAST)})


def _yaml(value: Mapping[str, Any]) -> str:
    import yaml  # type: ignore[import-untyped, unused-ignore]

    class Plain(yaml.SafeDumper):  # type: ignore[misc, unused-ignore]
        def ignore_aliases(self, data: Any) -> bool:
            return True  # the zoo's reader follows no references

    def quoted(dumper: Any, text: str) -> Any:
        """Every text in quotes that any reader of YAML could take for a number, a date or a yes."""
        plain = _PLAIN.fullmatch(text) and not _NO_TEXTS & set(text.lower().split()) and len(text) < 200
        return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=None if plain else '"')

    Plain.add_representer(str, quoted)
    made: str = yaml.dump(dict(value), Dumper=Plain, sort_keys=False, allow_unicode=True, width=120)
    return made


def check_readable(path: Path, card: ModelCard, package: str) -> None:
    """See that the file of cards is read as the card it was made of; raises `BadCard`, naming the field, where not."""
    from zoo.cardfiles.origins import within_package
    from zoo.cardfiles.reading import read_cards_file

    (read,) = read_cards_file(path, within_package(package))
    there, here = _comparable(read), _comparable(card)
    if different := sorted(name for name in there.keys() | here.keys() if there.get(name) != here.get(name)):
        raise BadCard(
            f"the card of {card.id} cannot be written as YAML and read again: {', '.join(different)}",
            "Look at these fields of `zoo show --json` for control characters and the like.",
        )


def _comparable(card: ModelCard) -> dict[str, Any]:
    made = card.to_dict()
    made["files"] = [{name: part for name, part in file.items() if name != "origin"} for file in made.get("files", [])]
    return made
