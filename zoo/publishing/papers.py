"""What goes along beside the card: provenance, notices, the run's record and report, and a page for people."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from zoo.cards import ModelCard
from zoo.errors import MissingDependency
from zoo.licences import licence_class, obligations
from zoo.publishing.origins import public_uri

if TYPE_CHECKING:
    from zoo.descent.family import Descent, Kin
    from zoo.manifests import Manifest
    from zoo.publishing.chosen import Chosen
    from zoo.publishing.naming import Names
    from zoo.publishing.packing import Packing
    from zoo.registry import Registry

__all__ = ["PROVENANCE", "as_json", "licence_texts", "notice", "provenance", "readme", "report"]

PROVENANCE = "provenance.json"
_FORM = 1
_LARGEST_REPORT = 1_000_000
_LARGEST_TEXT = 200_000
_LICENCE_FILES = ("license", "licence", "copying", "notice")


def as_json(value: Any) -> str:
    """JSON that people can read, the same for the same value."""
    return json.dumps(value, indent=2, ensure_ascii=False, sort_keys=True) + "\n"


def provenance(
    chosen: Chosen,
    names: Names,
    *,
    card: ModelCard,
    packing: Packing,
    descent: Descent,
    ancestors: Sequence[Kin],
    plugin: str | None,
) -> dict[str, Any]:
    """Where the files are from, what the model was made from, and under which licences, as JSON."""
    from zoo import __version__

    return {
        "zoo-provenance": _FORM,
        "model": names.id,
        "distribution": names.distribution,
        "version": names.version,
        "revision": packing.revision,
        "published": {"model": chosen.card.id, "revision": chosen.manifest.revision, "zoo": __version__},
        "loader": {"name": card.loader, "plugin": plugin},
        "manifest": _manifest(chosen.manifest),
        "packed": [dict(vars(file.told)) for file in packing.files],
        "referred": [{**vars(file), "origin": list(file.origin)} for file in packing.referred],
        "licence": card.to_dict().get("licence", {}),
        "lineage": [dict(vars(edge)) for edge in (*descent.up, *descent.beyond)],
        "licences": [_licensed(kin) for kin in ancestors],
        "conflicts": [found.to_dict() for found in descent.conflicts],
    }


def _manifest(manifest: Manifest) -> dict[str, Any]:
    made = manifest.to_dict()
    for file in made["files"]:
        file["origin"] = [public_uri(uri) for uri in file["origin"]]
    made["containers"] = {public_uri(uri): sha256 for uri, sha256 in made["containers"].items()}
    return made


def _licensed(kin: Kin) -> dict[str, Any]:
    licence = kin.licence.weights
    return {
        "model": kin.id,
        "licence": licence,
        "class": licence_class(licence),
        "obligations": list(obligations(licence)),
    }


def notice(registry: Registry, names: Names, card: ModelCard, ancestors: Sequence[Kin]) -> str:
    """The text of `NOTICE`: each licence on the way to the model, whose it is, and what it asks."""
    lines = [f"{names.distribution} {names.version}: the model {names.id}", ""]
    lines += _asks("The weights are under", card.licence.weights, card.licence.source)
    if ancestors:
        lines += ["", "It was made from the models below, nearest first; what their licences ask goes for it too."]
    for kin in ancestors:
        known = registry.card(kin.id)
        lines += ["", kin.id, *_asks("Licence:", kin.licence.weights, known.licence.source if known else None)]
        lines += [f"  from {public_uri(source.uri)}" for source in (known.sources if known else ())]
        lines += [f"  paper: {known.paper}"] if known and known.paper else []
    lines += ["", "What is said of licences here helps to read them, and is no legal advice."]
    return "\n".join(lines) + "\n"


def _asks(begin: str, licence: str, source: str | None) -> list[str]:
    made = [f"{begin} {licence}" + (f" ({source})" if source else "")]
    return [*made, *(f"  - {duty}" for duty in obligations(licence))]


def licence_texts(chosen: Chosen, licence: str) -> dict[str, str]:
    """`{file name: text}` of the licence files that came with the model; else the licence's, where it is at hand."""
    found: dict[str, str] = {}
    for file in chosen.manifest.files:
        if "/" in file.path or not file.path.lower().startswith(_LICENCE_FILES) or file.size > _LARGEST_TEXT:
            continue
        text = (chosen.path / file.path).read_text(encoding="utf-8", errors="replace")
        notice_of_it = file.path.lower().startswith("notice")
        found["NOTICE.model" if notice_of_it else f"LICENSE{Path(file.path).suffix}"] = text
    if not any(name.startswith("LICENSE") for name in found) and licence == "Apache-2.0" and (apache := _apache()):
        found["LICENSE"] = apache
    return found


def _apache() -> str | None:
    """The text of Apache-2.0, which the zoo itself is under, as it was installed."""
    from importlib.metadata import PackageNotFoundError, distribution

    try:
        zoo = distribution("zoo-registry")
    except PackageNotFoundError:
        return None
    return zoo.read_text("licenses/LICENSE") or zoo.read_text("LICENSE")


def report(chosen: Chosen, record: Mapping[str, Any], card: ModelCard) -> str | None:
    """The run's report without rows of the data; None where no run made the model, or it became large."""
    from zoo.reporting.report import report_text

    if not record.get("evaluation"):
        return None
    try:
        text = report_text(
            record=record, evaluation=record["evaluation"], curves=list(_curves(chosen.run_path)), card=card.to_dict()
        )
    except MissingDependency:  # jinja2 comes with fine-tuning, which may have been elsewhere
        return None
    return text if len(text.encode()) <= _LARGEST_REPORT else None


def _curves(folder: Path | None) -> Iterator[dict[str, Any]]:
    try:
        text = (folder / "curves.jsonl").read_text(encoding="utf-8", errors="replace") if folder else ""
    except OSError:
        return
    for line in text.splitlines():
        try:
            row = json.loads(line)
        except (ValueError, RecursionError):
            continue
        if isinstance(row, dict):  # losses and rates; what is no number is nobody's business
            yield {name: value for name, value in row.items() if isinstance(value, int | float)}


def readme(names: Names, card: ModelCard, record: Mapping[str, Any], packing: Packing) -> str:
    """The page for people: of a model that a run made, what `zoo finetune` writes; else the card's facts."""
    body = _of_run(record, card) if record else _of_card(card)
    return f"{body.rstrip()}\n\n{_install(names, packing)}"


def _of_run(record: Mapping[str, Any], card: ModelCard) -> str:
    from zoo.reporting.model_card import card_text

    text = card_text(record, record.get("evaluation") or {}, card.to_dict())
    return text.partition("---\n")[2].partition("---\n")[2].strip()  # its facts are in cards.yaml


def _of_card(card: ModelCard) -> str:
    from zoo.reporting.markdown import code, plain, table
    from zoo.runs.reproducing import using

    facts = [("task", ", ".join(card.all_tasks)), ("library", card.library), ("architecture", card.architecture)]
    facts += [("parameters", f"{card.parameters:,}")] if card.parameters else []
    facts += [("made from", card.base)] if card.base else []
    facts += [("licence of the weights", card.licence.weights), ("paper", card.paper or "")]
    rows = [[plain(name), plain(value)] for name, value in facts if value]
    scores = [[plain(m.name), f"{m.value:g}", plain(m.dataset), plain(m.source)] for m in card.metrics]
    ways = using(card.id, card.task)
    parts = [f"# {plain(card.id)}", plain(card.summary) if card.summary else "", table(["fact", "value"], rows)]
    parts += ["## Scores", table(["metric", "value", "on", "source"], scores)] if scores else []
    parts += ["## How to use", code(ways["python"], "python"), code(ways["shell"], "bash")]
    return "\n\n".join(part for part in parts if part)


def _install(names: Names, packing: Packing) -> str:
    from zoo.reporting.markdown import code

    lines = [
        "## How to install",
        code(f"pip install {names.distribution}=={names.version}\nzoo show {names.id}", "bash"),
        "The package holds no code: a card (`cards.yaml`), where the model is from (`provenance.json`), and its files.",
    ]
    if packing.referred:
        places = sorted({uri.partition("#")[0] for file in packing.referred for uri in file.origin})
        shown = ", ".join(f"`{place}`" for place in places[:5]) + (" and others" if len(places) > 5 else "")
        lines.append(f"{len(packing.referred)} of its files are fetched when it is first used, from {shown}.")
    return "\n\n".join(lines) + "\n"
