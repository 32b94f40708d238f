"""Fields, numbers, order, pages, counts and likeness, against what plain Python says of the same cards."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.catalog import catalog_cards
from tests.catalog.catalog_cards import TIMM, hub_card, timm_card
from zoo.cards import Licence, Metric, ModelCard
from zoo.catalog import hot
from zoo.catalog.bands import band, wide
from zoo.catalog.catalog import Catalog
from zoo.catalog.codes import character, is_code, number_of
from zoo.catalog.query import parse
from zoo.errors import BadInput

LICENCES = ("Apache-2.0", "MIT", "CC-BY-NC-4.0", "GPL-3.0-only", "not stated", "Apache-2.0 AND CC-BY-NC-4.0")
SIDES = (160, 224, 384, None)

Row = Mapping[str, Any]


def varied() -> list[ModelCard]:
    """Cards that differ in every fact by which one can search."""
    made = []
    for i, card in enumerate(catalog_cards.many(400)):
        side = SIDES[i % 4]
        made.append(
            card.replace(
                parameters=None if i % 7 == 0 else 1000 * 3 ** (i % 11) + i,
                macs=None if i % 3 else 10**6 * (i + 1),
                downloads=None if i % 5 == 0 else i * i,
                published=(None, "2019", "2020-03", "2021-11-30", "2022-05")[i % 5],
                licence=Licence(weights=LICENCES[i % len(LICENCES)]),
                config={"input_size": [3, side, side]} if side else {},
                languages=((), ("de",), ("de", "en"), ("de-at",))[i % 4],
                tags=("default",) if i % 50 == 0 else ("odd",) if i % 2 else (),
                datasets=("imagenet-1k",) if i % 2 else ("imagenet-21k", "laion-2b"),
                metrics=() if i % 6 == 0 else (Metric(name="top1", value=60 + i % 37 + i / 1000),),
                deprecated="too old" if i % 40 == 39 else None,
                base="google-bert/bert-base-uncased" if i % 25 == 3 else None,
            )
        )
    return made


CARDS = {card.id: card for card in varied()}


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("varied")
    (folder / "empty.db").touch()
    with Catalog(folder / "registry.db", shipped=folder / "empty.db") as catalog:
        catalog.sync_feed("varied", "user", "1", CARDS.values())
        catalog.record_revision(catalog_cards.manifest(next(iter(CARDS))))
    return folder / "registry.db"


def top1(card: ModelCard) -> float | None:
    return card.metrics[0].value if card.metrics else None


def less(value: float | None, bound: float) -> bool:
    return value is not None and value < bound


CONDITIONS: list[tuple[str, Callable[[ModelCard], bool]]] = [
    ("params<30k", lambda c: less(c.parameters, 30_000)),
    ("params>=81001", lambda c: not less(c.parameters, 81_001) and c.parameters is not None),
    ("params:9k..81k", lambda c: c.parameters is not None and 9000 <= c.parameters <= 81_000),
    ("-params<30k", lambda c: not less(c.parameters, 30_000)),
    ("macs>100M", lambda c: c.macs is not None and c.macs > 10**8),
    ("downloads<=400", lambda c: less(c.downloads, 401)),
    ("input=224", lambda c: c.config.get("input_size", [0])[-1] == 224),
    ("input>160", lambda c: c.config.get("input_size", [0])[-1] > 160),
    ("published>=2020", lambda c: c.published is not None and c.published >= "2020"),
    ("published:2020", lambda c: (c.published or "").startswith("2020")),
    ("published<2021-11", lambda c: c.published is not None and c.published < "2021-11"),
    ("top1>80", lambda c: not less(top1(c), 80.0000001) and bool(c.metrics)),
    ("top1<=70.5 -downloads>100", lambda c: less(top1(c), 70.5000001) and not (c.downloads or 0) > 100),
    ("licence:permissive", lambda c: c.licence.weights in {"Apache-2.0", "MIT"}),
    ("licence:apache", lambda c: "Apache" in c.licence.weights),
    ("-licence:apache", lambda c: "Apache" not in c.licence.weights),
    ("lang:de", lambda c: bool(c.languages)),
    ("lang:en", lambda c: "en" in c.languages),
    ("dataset:imagenet", lambda c: True),
    ("dataset:laion", lambda c: "laion-2b" in c.datasets),
    ("tag:odd", lambda c: "odd" in c.tags),
    ("-tag:odd -lang:de", lambda c: "odd" not in c.tags and not c.languages),
    ("base:bert-base-uncased", lambda c: c.base is not None),
    ("installed:yes", lambda c: c.id == next(iter(CARDS))),
    ("installed:no", lambda c: c.id != next(iter(CARDS))),
    ("task:image-feature-extraction library:timm loader:timm owner:timm", lambda c: True),
    ("library:nonsense", lambda c: False),
    ("arch:resnet50", lambda c: c.architecture == "resnet50"),
    ("resnet50 arch:resnet18", lambda c: False),
    ("resnet top1>80 params<100k lang:de", lambda c: "resnet" in c.id and less(c.parameters, 10**5) and not less(top1(c), 80.0000001) and bool(c.metrics) and bool(c.languages)),  # noqa: E501
]  # fmt: skip


@pytest.mark.parametrize(("query", "holds"), CONDITIONS, ids=lambda v: v if isinstance(v, str) else "")
def test_conditions_let_exactly_these_pass(path: Path, query: str, holds: Callable[[ModelCard], bool]):
    wanted = {card.id for card in CARDS.values() if card.deprecated is None and holds(card)}
    found = hot.search(path, query, limit=-1)
    if query.startswith("resnet top1"):
        wanted = {i for i in wanted if i in {row["id"] for row in hot.search(path, "resnet", limit=-1).rows}}
    assert {row["id"] for row in found.rows} == wanted
    assert len(found.rows) == len(wanted) == found.total
    assert hot.search(path, query, limit=1).total == len(wanted)
    assert found.exact


def test_deprecated_models_are_shown_when_asked_for_or_named(path: Path):
    old = {card.id for card in CARDS.values() if card.deprecated}
    assert {row["id"] for row in hot.search(path, "deprecated:yes", limit=-1).rows} == old
    assert hot.search(path, "deprecated:any").total == len(CARDS)
    assert hot.search(path, "").total == hot.search(path, "deprecated:no").total == len(CARDS) - len(old)
    assert all(row["deprecated"] is None for row in hot.search(path, "timm", limit=-1).rows)
    for name in old:
        assert hot.search(path, name).rows[0]["id"] == name


NUMBERS: dict[str, Callable[[ModelCard], Any]] = {
    "params": lambda c: c.parameters,
    "downloads": lambda c: c.downloads,
    "published": lambda c: c.published,
    "top1": top1,
    "macs": lambda c: c.macs,
    "input": lambda c: c.config.get("input_size", [None])[-1],
}


@pytest.mark.parametrize("field", NUMBERS)
@pytest.mark.parametrize("sign", ["-asc", "-desc"])
@pytest.mark.parametrize("few", [0, 2000])
def test_sorting_puts_numbers_in_order_and_the_unknown_last(
    path: Path, field: str, sign: str, few: int, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("zoo.catalog.finding._SORTED", few)  # 0: band after band, as among very many
    rows = hot.search(path, f"licence:permissive sort:{field}{sign}", limit=150).rows
    values = [NUMBERS[field](CARDS[row["id"]]) for row in rows]
    known = [value for value in values if value is not None]
    everything = [NUMBERS[field](c) for c in CARDS.values() if c.deprecated is None and row_fits(c)]
    wanted = sorted((v for v in everything if v is not None), reverse=sign == "-desc")
    assert known == wanted[: len(known)]
    assert None not in values[: len(known)]
    assert len(values) == min(150, len(everything))


def row_fits(card: ModelCard) -> bool:
    return card.licence.weights in {"Apache-2.0", "MIT"}


@pytest.mark.parametrize("query", ["resnet", "", "timm", "vit base", "sort:-top1", "licence:permissive top1>70", "t50"])
@pytest.mark.parametrize("size", [1, 7, 50])
def test_pages_tile_a_search(path: Path, query: str, size: int):
    whole = [row["id"] for row in hot.search(path, query, limit=-1).rows]
    assert len(whole) == len(set(whole)) == hot.search(path, query, limit=0).total
    paged = [row["id"] for i in range(0, 120, size) for row in hot.search(path, query, limit=size, offset=i).rows]
    assert paged == whole[: len(paged)]
    assert len(paged) >= min(120, len(whole))
    beyond = hot.search(path, query, limit=size, offset=len(whole) + 5)
    assert (beyond.rows, beyond.total) == ([], len(whole))


def test_counting_stops_at_the_cap(path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("zoo.catalog.finding.COUNTED", 30)
    assert hot.search(path, "timm", limit=5)[1:] == (30, False)
    assert hot.search(path, "", limit=5)[1:] == (len(CARDS) - 10, True)  # known without counting


@pytest.mark.parametrize("query", ["", "resnet", "licence:permissive top1>70", "lang:de -tag:odd"])
@pytest.mark.parametrize("few", [0, 1500])
def test_facets_count_what_fits(path: Path, query: str, few: int, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("zoo.catalog.counting._FEW", few)
    rows = hot.search(path, query, limit=-1).rows
    found = hot.facets(path, query, ("task", "licence", "lang", "tag", "dataset", "arch"), most=100)
    deprecated = [card for card in CARDS.values() if card.deprecated] if query == "" and not few else []
    assert dict(found["licence"]) == Counter(
        [row["licence_class"] for row in rows] + [licence_class(card) for card in deprecated]
    )
    if not deprecated:
        assert dict(found["task"]) == Counter(task for row in rows for task in row["tasks"])
        assert dict(found["lang"]) == Counter(word for row in rows for word in row["languages"])
        assert dict(found["tag"]) == Counter(word for row in rows for word in row["tags"])
        archs = Counter(row["architecture"] for row in rows)
        assert dict(found["arch"]).items() <= archs.items()
        assert len(found["arch"]) == len(archs) or not few
    assert all(values == sorted(values, key=lambda v: (-v[1], v[0])) for values in found.values())


def licence_class(card: ModelCard) -> str:
    from zoo.licences import licence_class as classed

    return classed(card.licence.weights)


def test_only_fields_of_words_have_facets(path: Path):
    assert hot.facets(path, "resnet", ["owner"]) == {"owner": [("timm", hot.search(path, "resnet").total)]}
    for name in ("params", "id", "nonsense"):
        with pytest.raises(BadInput):
            hot.facets(path, "", [name])


def test_similar_models_say_why(stocked: Path):
    found = hot.similar(stocked, "google-bert/bert-base-uncased", 4)
    assert "distilbert/distilbert-base-uncased" in [row["id"] for row in found]
    assert all(row["task"] == "fill-mask" and "the same task fill-mask" in row["why"] for row in found[:3])
    assert hot.similar(stocked, "nobody/knows") == []
    assert "google-bert/bert-base-uncased" not in [row["id"] for row in found]


def test_a_model_made_from_another_is_like_it(catalog: Catalog):
    base = timm_card("resnet50.a1_in1k", family="resnet")
    made = base.replace(id="me/cats", base=base.id, family="resnet", parameters=25_000_000)
    other = hub_card("microsoft/resnet-50", family="resnet")
    catalog.sync_feed("f", "user", "1", [base, made, other, timm_card("vit_base_patch16_224.dino", parameters=10**8)])
    found = hot.similar(catalog.path, base.id)
    assert [row["id"] for row in found[:2]] == ["me/cats", "microsoft/resnet-50"]
    assert found[0]["why"].startswith("made from it, also resnet")


def test_aliases_lead_to_their_models(catalog: Catalog):
    one = hub_card("openai/whisper-base", aliases=("dictate", "whisper"))
    two = hub_card("openai/whisper-tiny.en", aliases=("whisper",))
    catalog.sync_feed("f", "user", "1", [one, two, *catalog_cards.vision()])
    path = catalog.path
    assert hot.explain(path, "dictate") == ([one.id], "dictate is openai/whisper-base, which its card names so")
    assert sorted(hot.resolve(path, "whisper")) == [one.id, two.id]
    assert hot.complete(path, "dict") == ["dictate"]
    assert hot.near(path, "dictat")[0] == hot.near(path, "Dictate")[0] == one.id
    assert hot.search(path, "dictate").rows[0]["id"] == one.id
    assert {row["id"] for row in hot.search(path, "whisper").rows[:2]} == {one.id, two.id}


def test_defaults_of_two_owners_are_ambiguous_until_an_alias_decides(catalog: Catalog):
    mine = timm_card("resnet50.mine", tags=("default",)).replace(id="me/resnet50.mine")
    catalog.sync_feed("f", "user", "1", [timm_card("resnet50.a1_in1k"), timm_card("resnet50.tv_in1k"), mine])
    found, note = hot.explain(catalog.path, "resnet50")
    assert (sorted(found[:2]), note) == (["me/resnet50.mine", "timm/resnet50.a1_in1k"], "")
    assert hot.resolve(catalog.path, "timm/resnet50") == ["timm/resnet50.a1_in1k"]
    catalog.add_card(mine.replace(id="me/other", aliases=("resnet50",)))
    assert hot.resolve(catalog.path, "resnet50") == ["me/other"]


def test_the_best_variant_leads_also_when_better_ones_come_later(catalog: Catalog):
    def scored(name: str, score: float) -> ModelCard:
        return timm_card(name, metrics=(Metric(name="top1", value=score),), tags=())

    catalog.sync_feed("f", "user", "1", [scored("vgg16.a", 70), scored("vgg16.b", 71), scored("vgg19.a", 60)])
    assert [row["id"] for row in hot.search(catalog.path, "vgg").rows] == [
        "timm/vgg16.b",
        "timm/vgg19.a",
        "timm/vgg16.a",
    ]
    catalog.sync_feed(
        "f", "user", "2", [scored(f"vgg16.{c}", 70 + i) for i, c in enumerate("abc")] + [scored("vgg19.a", 60)]
    )
    assert [row["id"] for row in hot.search(catalog.path, "vgg").rows][:2] == ["timm/vgg16.c", "timm/vgg19.a"]
    assert hot.resolve(catalog.path, "vgg16") == ["timm/vgg16.c", "timm/vgg16.b", "timm/vgg16.a"]
    catalog.sync_feed("f", "user", "3", [scored("vgg16.a", 70), scored("vgg16.b", 71)])
    assert [row["id"] for row in hot.search(catalog.path, "vgg").rows] == ["timm/vgg16.b", "timm/vgg16.a"]


def test_popular_and_downloaded_models_come_first(catalog: Catalog):
    cards = [timm_card(f"net{i}.x", metrics=(), tags=(), downloads=d) for i, d in enumerate((10, 10**6, 1000))]
    cards.append(timm_card("net9.x", metrics=(), tags=("popular",), downloads=1))
    cards.append(timm_card("net8.x", metrics=(), tags=("popular",), downloads=10**7, deprecated="old"))
    catalog.sync_feed("f", "user", "1", cards)
    assert [row["id"][5:9] for row in hot.search(catalog.path, "net deprecated:any").rows] == [
        "net9",
        "net1",
        "net2",
        "net0",
        "net8",
    ]


def test_words_of_summaries_and_synonyms(catalog: Catalog):
    catalog.sync_feed("f", "user", "1", [timm_card("a.x", summary="A café für Vögel"), *catalog_cards.hub()])
    assert hot.search(catalog.path, "vogel").rows[0]["id"] == "timm/a.x"
    assert {row["task"] for row in hot.search(catalog.path, "speech to text").rows} == {"automatic-speech-recognition"}
    assert hot.search(catalog.path, "-vogel timm").total == 0


def test_a_query_that_was_read_already(stocked: Path):
    assert hot.search(stocked, parse("resnet50 library:timm")) == hot.search(stocked, ["resnet50", "library:timm"])
    assert len(TIMM) == hot.search(stocked, "library:timm").total


def test_codes_and_their_numbers():
    numbers = [1, 2, 3999, 4000, 4001, 6000, 10_000, 123_456, 5_000_000]
    words = [character(number) for number in numbers]
    assert [number_of(word) for word in words] == numbers
    assert len(set(words)) == len(words)
    assert all(is_code(word) and not word.isalnum() and len(word) <= 2 for word in words)


@pytest.mark.parametrize("field", ["params", "top1", "published"])
def test_bands_grow_with_their_numbers(field: str):
    values: list[Any] = (
        ["1999", "2000", "2000-01", "2000-12-31", "2001", "2001-02"]
        if field == "published"
        else [-5.0, 0, 0.1, 0.9, 1, 2, 79.9, 80, 81, 10**6, 10**18]
    )
    bands = [band(field, value) for value in values]
    assert bands == sorted(bands)
    assert [wide(b) for b in bands] == sorted(wide(b) for b in bands)
