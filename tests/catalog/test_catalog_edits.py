"""The user's own facts: laid over the feed's card everywhere, and kept whatever the feed does."""

from __future__ import annotations

from typing import Any

import pytest

from tests.catalog.catalog_cards import hub_card, timm_card
from zoo.cards import ModelCard
from zoo.catalog import hot
from zoo.catalog.build import content_digest
from zoo.catalog.catalog import Catalog
from zoo.catalog.overlay import EDITABLE, Edit, parse, told
from zoo.catalog.reading import reading
from zoo.errors import BadCard, BadOption, UnknownModel

MODEL = "timm/resnet50.a1_in1k"
OTHER = "timm/resnet18.a1_in1k"


def cards(**changes: Any) -> list[ModelCard]:
    return [timm_card("resnet18.a1_in1k"), timm_card("resnet50.a1_in1k", **changes)]


@pytest.fixture
def filled(catalog: Catalog) -> Catalog:
    catalog.sync_feed("vision", "plugin", "1", cards())
    return catalog


def values(catalog: Catalog, model: str | None = None) -> dict[str, Any]:
    return {edit.field: edit.value for edit in catalog.edits(model)}


# Of each field a value, and what the card then says.
ONE_OF_EACH: dict[str, tuple[Any, Any]] = {
    "aliases": (["ours"], ("ours",)),
    "base": (OTHER, OTHER),
    "datasets": (["mine", "imagenet-1k"], ("imagenet-1k", "mine")),
    "deprecated": ("Old.", "Old."),
    "family": ("resnet", "resnet"),
    "languages": ("de", ("de",)),
    "macs": (4_089_184_256, 4_089_184_256),
    "paper": ("https://arxiv.org/abs/1512.03385", "https://arxiv.org/abs/1512.03385"),
    "parameters": (1, 1),
    "published": ("2015-12", "2015-12"),
    "replaced_by": (OTHER, OTHER),
    "size": (5, 5),
    "summary": ("Ours.", "Ours."),
}


@pytest.mark.parametrize("field", ONE_OF_EACH)
def test_each_field(filled: Catalog, field: str) -> None:
    value, shown = ONE_OF_EACH[field]
    own = filled.get(MODEL)
    (edit,) = filled.edit(MODEL, {field: value})
    assert (edit.model, edit.field, edit.differs) == (MODEL, field, True)
    assert getattr(filled.get(MODEL), field) == shown
    assert filled.get(MODEL).replace(**{field: getattr(own, field)}) == own
    assert filled.own_cards("vision") == cards()
    assert filled.reset(MODEL) == (field,)
    assert filled.get(MODEL) == own
    assert filled.edits() == ()


def test_every_editable_field_is_tested_and_is_one_of_a_card() -> None:
    assert set(EDITABLE) == {*ONE_OF_EACH, "licence", "tags"}
    assert set(EDITABLE) <= set(ModelCard.__dataclass_fields__)


def test_a_licence(filled: Catalog) -> None:
    own = filled.get(MODEL)
    filled.edit(MODEL, {"licence": "CC-BY-NC-4.0"})
    card = filled.get(MODEL)
    assert (card.licence.weights, card.licence.package) == ("CC-BY-NC-4.0", own.licence.package)
    assert card.licence.source == "the user's edit"
    assert [row["id"] for row in hot.search(filled.path, "resnet", licence="cc-by-nc")[0]] == [MODEL]
    filled.edit(MODEL, {"licence": None})
    assert filled.get(MODEL).licence.weights == "not stated"
    filled.reset(MODEL, ["licence"])
    assert filled.get(MODEL) == own


def test_tags_add_up(filled: Catalog) -> None:
    """`resnet50.a1_in1k` has the tag `default` from its feed."""
    filled.edit(MODEL, {"tags": {"add": ["fast", "approved"]}})
    filled.edit(MODEL, {"tags": {"add": ["new"], "remove": ["fast", "default"]}})
    assert filled.get(MODEL).tags == ("approved", "new")
    assert values(filled) == {"tags": {"add": ["approved", "new"], "remove": ["default", "fast"]}}
    assert [row["id"] for row in hot.search(filled.path, "approved")[0]] == [MODEL]
    filled.edit(MODEL, {"tags": {"remove": ["approved", "new"], "add": ["default"]}})
    assert filled.get(MODEL).tags == ("default",)
    assert filled.edits() == ()


def test_a_feeds_new_tags_come_beside_the_users(filled: Catalog) -> None:
    filled.edit(MODEL, {"tags": {"add": ["fast"], "remove": ["default"]}})
    filled.sync_feed("vision", "plugin", "2", cards(tags=("default", "new")))
    assert filled.get(MODEL).tags == ("fast", "new")


def test_the_same_again_changes_not_a_byte(filled: Catalog) -> None:
    filled.edit(MODEL, {"licence": "MIT", "summary": "Ours."})
    before = filled.path.read_bytes()
    filled.edit(MODEL, {"summary": "Ours."})
    filled.sync_feed("vision", "plugin", "1", cards())
    assert filled.path.read_bytes() == before


def test_the_feeds_own_value_ends_an_edit(filled: Catalog) -> None:
    own = filled.get(MODEL)
    filled.edit(MODEL, {"licence": "MIT", "parameters": 1})
    filled.edit(MODEL, {"licence": own.licence.weights, "parameters": own.parameters})
    assert (filled.edits(), filled.get(MODEL)) == ((), own)


def test_a_sync_keeps_the_edit_and_takes_the_rest(filled: Catalog) -> None:
    filled.edit(MODEL, {"summary": "Ours.", "parameters": 7})
    report = filled.sync_feed("vision", "plugin", "2", cards(summary="theirs, anew", family="resnet"))
    assert (report.updated, report.unchanged) == (1, 1)
    card = filled.get(MODEL)
    assert (card.summary, card.parameters, card.family) == ("Ours.", 7, "resnet")
    offered = {edit.field: edit.offered for edit in filled.edits()}
    assert offered == {"summary": "theirs, anew", "parameters": 25_557_032}
    assert not filled.sync_feed("vision", "plugin", "2", cards(summary="theirs, anew", family="resnet")).changed
    filled.reset(MODEL, ["summary"])
    assert filled.get(MODEL).summary == "theirs, anew"
    assert values(filled) == {"parameters": 7}


def test_edits_stay_while_a_feed_is_gone(filled: Catalog) -> None:
    filled.edit(MODEL, {"licence": "MIT"})
    filled.drop_feed("vision")
    assert values(filled) == {"licence": "MIT"}
    with pytest.raises(UnknownModel):
        filled.edit(MODEL, {"licence": "ISC"})
    filled.sync_feed("vision", "plugin", "1", cards())
    assert filled.get(MODEL).licence.weights == "MIT"
    filled.reset(MODEL)
    assert filled.get(MODEL) == cards()[1]


def test_edits_of_a_model_that_is_gone_can_be_forgotten(filled: Catalog) -> None:
    filled.edit(MODEL, {"licence": "MIT"})
    filled.drop_feed("vision")
    assert filled.reset(MODEL) == ("licence",)
    assert filled.edits() == ()


def test_edits_go_with_the_model_to_another_feed(filled: Catalog) -> None:
    filled.edit(MODEL, {"licence": "MIT"})
    filled.drop_feed("vision")
    filled.merge_feed("hf", "hub", "", cards())
    assert filled.get(MODEL).licence.weights == "MIT"
    assert filled.own_cards("hf") == cards()


def test_a_card_added_one_by_one(filled: Catalog) -> None:
    card = hub_card("openai/whisper-base")
    filled.add_card(card, feed="local")
    filled.edit(card.id, {"licence": "ISC"})
    filled.add_card(card.replace(summary="anew"), feed="local")
    assert (filled.get(card.id).licence.weights, filled.get(card.id).summary) == ("ISC", "anew")
    assert filled.own_cards("local") == [card.replace(summary="anew")]


def test_search_and_show_say_what_the_user_says(filled: Catalog) -> None:
    filled.edit(MODEL, {"summary": "Our workhorse.", "aliases": ["workhorse-net"], "parameters": 12})
    (row,), _ = hot.search(filled.path, "workhorse")[:2]
    assert (row["id"], row["parameters"]) == (MODEL, 12)
    shown = hot.show(filled.path, MODEL)
    assert shown is not None
    assert shown["card"]["summary"] == "Our workhorse."


def test_show_tells_the_edits(filled: Catalog) -> None:
    filled.edit(MODEL, {"licence": "MIT"})
    shown, other = hot.show(filled.path, MODEL), hot.show(filled.path, OTHER)
    assert shown is not None
    assert other is not None
    (edit,) = filled.edits()
    assert [(e["field"], e["value"], e["changed"]) for e in shown["edits"]] == [("licence", "MIT", edit.changed)]
    assert other["edits"] == []


REFUSED: list[tuple[dict[str, Any], str]] = [
    ({"licens": "MIT"}, "Did you mean licence"),
    ({"task": "fill-mask"}, "comes from the model's feed alone"),
    ({"metrics": []}, "comes from the model's feed alone"),
    ({"parameters": "many"}, "must be a whole number"),
    ({"parameters": True}, "must be a whole number"),
    ({"summary": "a\x1b[2J"}, "one line"),
    ({"summary": "x" * 3000}, "one line"),
    ({"languages": [1]}, "one line"),
    ({"languages": {"de": 1}}, "list of words"),
    ({"tags": ["fast"]}, "added and removed"),
    ({"tags": {"add": ["a"], "remove": ["a"]}}, "both added and removed"),
    ({"tags": {"plus": ["a"]}}, "added and removed"),
]


@pytest.mark.parametrize(("changes", "message"), REFUSED, ids=range(len(REFUSED)))
def test_bad_edits_are_refused_whole(filled: Catalog, changes: dict[str, Any], message: str) -> None:
    before = content_digest(filled.path)
    with pytest.raises(BadOption, match=message):
        filled.edit(MODEL, {"family": "fine", **changes})
    assert content_digest(filled.path) == before


BROKEN: list[dict[str, Any]] = [
    {"parameters": -1},
    {"published": "soon"},
    {"aliases": ["Upper"]},
    {"base": "../x"},
    {"replaced_by": "a/b/c"},
]


@pytest.mark.parametrize("changes", BROKEN, ids=str)
def test_a_card_that_would_break_its_schema_is_refused(filled: Catalog, changes: dict[str, Any]) -> None:
    before = content_digest(filled.path)
    with pytest.raises(BadCard):
        filled.edit(MODEL, changes)
    assert content_digest(filled.path) == before


def test_unknown_models_and_edits_name_the_nearest(filled: Catalog) -> None:
    with pytest.raises(UnknownModel, match="resnet50"):
        filled.edit("timm/resnet50.a1_in2k", {"licence": "MIT"})
    filled.edit(MODEL, {"licence": "MIT"})
    with pytest.raises(BadOption, match="licence"):
        filled.reset(MODEL, ["license"])
    assert filled.reset(OTHER) == ()


@pytest.mark.parametrize(
    ("field", "text", "value"),
    [
        ("parameters", "25.6M", 25_600_000),
        ("parameters", " 1_000 ", 1000),
        ("macs", "4.1G", 4_100_000_000),
        ("parameters", "", None),
        ("languages", "de, en,,de", ["de", "en", "de"]),
        ("languages", "", []),
        ("tags", "+fast,new,-slow", {"add": ["fast", "new"], "remove": ["slow"]}),
        ("licence", "MIT", "MIT"),
        ("paper", "", None),
    ],
)
def test_values_from_the_command_line(field: str, text: str, value: Any) -> None:
    assert parse(field, text) == value


def test_a_count_that_is_none() -> None:
    with pytest.raises(BadOption, match=r"parameters=25\.6M"):
        parse("parameters", "many")


def test_rows_as_sqlite_has_them(filled: Catalog) -> None:
    filled.edit(MODEL, {"licence": "MIT", "paper": "x", "tags": {"add": ["fast"]}})
    with reading(filled.path) as connection:
        rows = connection.execute("SELECT * FROM edit WHERE model = ? ORDER BY field", (MODEL,)).fetchall()
    assert told(rows) == [edit.to_dict() for edit in filled.edits()]
    assert [(e["field"], e["offered"]) for e in told(rows)] == [
        ("licence", "Apache-2.0"), ("paper", None), ("tags", ["default"]),
    ]  # fmt: skip


def test_what_differs() -> None:
    edit = Edit(model="a", field="tags", value={"add": ["x"], "remove": []}, offered=["x", "y"], changed="")
    assert not edit.differs
    assert Edit(model="a", field="licence", value="MIT", offered={"weights": "ISC"}, changed="").differs
