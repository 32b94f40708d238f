"""The query language: what each form means, and one clear error for each mistake."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from zoo.catalog.query import FIELDS, Condition, Query, Term, narrowed, parse, sorting
from zoo.errors import BadInput, UnknownTask, ZooError


def words(text: str) -> list[str]:
    return [" ".join(term.words) for term in parse(text).terms if not term.excluded]


def condition(text: str) -> Condition:
    (made,) = parse(text).conditions
    return made


def test_plain_words_are_terms_and_text() -> None:
    query = parse("ResNet 50")
    assert query == Query(text="ResNet 50", terms=(Term(("resnet",)), Term(("50",))))
    assert parse(["ResNet", "50"]) == query
    assert words("gpt-2") == ["gpt", "2"]
    assert parse("  ") == Query()


def test_the_query_of_the_documentation() -> None:
    query = parse(
        "resnet -timm task:image-classification params<30M licence:permissive top1>80 library:timm input>=224 "
        "lang:de dataset:imagenet installed:yes sort:-size"
    )
    assert query.text == "resnet"
    assert query.terms == (Term(("timm",), excluded=True), Term(("resnet",)))
    assert query.conditions == (
        Condition("task", ":", "image-classification", ("image-classification",)),
        Condition("params", "<", 3e7),
        Condition("licence", ":", "permissive", ("permissive",)),
        Condition("top1", ">", 80.0),
        Condition("library", ":", "timm", ("timm",)),
        Condition("input", ">=", 224.0),
        Condition("lang", ":", "de", ("de",)),
        Condition("dataset", ":", "imagenet", ("imagenet",)),
        Condition("installed", ":", True),
    )
    assert (query.sort, query.descending) == ("size", True)


@pytest.mark.parametrize(
    ("typed", "field", "op", "value"),
    [
        ("params<30M", "params", "<", 3e7),
        ("params<=1.5B", "params", "<=", 1.5e9),
        ("parameters>20k", "params", ">", 2e4),
        ("params < 30M", "params", "<", 3e7),
        ("params < 30 M", "params", "<", 3e7),
        ("params:<30M", "params", "<", 3e7),
        ("params<1,234,567", "params", "<", 1234567.0),
        ("params<25_000_000", "params", "<", 2.5e7),
        ("params<2.5e7", "params", "<", 2.5e7),
        ("PARAMS<30m", "params", "<", 3e7),
        ("size<100MB", "size", "<", 1e8),
        ("size<100 MB", "size", "<", 1e8),
        ("size<4GB", "size", "<", 4e9),
        ("size<4G", "size", "<", 4e9),
        ("size<500B", "size", "<", 500.0),
        ("size<1MiB", "size", "<", 2.0**20),
        ("macs<1.2G", "macs", "<", 1.2e9),
        ("macs<600M", "macs", "<", 6e8),
        ("macs<4GMACs", "macs", "<", 4e9),
        ("input>=224", "input", ">=", 224.0),
        ("resolution>=224px", "input", ">=", 224.0),
        ("input>=224x384", "input", ">=", 384.0),
        ("classes=1000", "classes", "=", 1000.0),
        ("classes==1000", "classes", "=", 1000.0),
        ("classes:1000", "classes", "=", 1000.0),
        ("top1>80%", "top1", ">", 80.0),
        ("top-1>80.5", "top1", ">", 80.5),
        ("acc>.9", "accuracy", ">", 0.9),
        ("mAP>50", "map", ">", 50.0),
        ("published>2022", "published", ">=", "2023"),
        ("published>=2022", "published", ">=", "2022"),
        ("year<2022", "published", "<", "2022"),
        ("date<=2022-12", "published", "<", "2023-01"),
        ("published<=2022-05-31", "published", "<", "2022-05-31~"),
        ("published>2022-05", "published", ">=", "2022-06"),
        ("year:2022", "published", "=", "2022"),
        ("year=2022-5", "published", "=", "2022-05"),
    ],
)
def test_numbers_and_dates(typed: str, field: str, op: str, value: float | str) -> None:
    assert condition(typed) == Condition(field, op, value)


def test_a_number_that_is_rounded_means_what_rounds_to_it() -> None:
    """The table prints 25.6M for 25,557,032: who types what he reads must find it."""
    low, high = parse("params:25.6M").conditions
    assert (low.op, high.op) == (">=", "<")
    assert low.value <= 25_557_032 < high.value
    assert not low.value <= 25_500_000
    low, high = parse("top1=80.9").conditions
    assert low.value <= 80.858 < high.value


def test_ranges() -> None:
    assert parse("params:1M..5M").conditions == (Condition("params", ">=", 1e6), Condition("params", "<=", 5e6))
    assert parse("params:1M..").conditions == (Condition("params", ">=", 1e6),)
    assert parse("params=..5M").conditions == (Condition("params", "<=", 5e6),)
    assert parse("year:2019..2021").conditions == (
        Condition("published", ">=", "2019"),
        Condition("published", "<", "2022"),
    )


@pytest.mark.parametrize(
    ("typed", "either"),
    [
        ("task:translation", ("translation",)),
        ("task:translation,summarization", ("translation", "summarization")),
        ("task:asr", ("automatic-speech-recognition",)),
        ('task:"speech to text"', ("automatic-speech-recognition",)),
        ("task:text_classification", ("text-classification",)),
        ("license:MIT,Apache", ("mit", "apache")),
        ('licence:"not stated"', ("not stated",)),
        ("licence:not-stated", ("not stated",)),
        ("licence:nc", ("non-commercial",)),
        ("lang:German,fr", ("de", "fr")),
        ("language:german", ("de",)),
        ("org:facebook", ("facebook",)),
        ("author='Facebook AI'", ("facebook ai",)),
        ("arch:vit_base", ("vit_base",)),
    ],
)
def test_text_fields(typed: str, either: tuple[str, ...]) -> None:
    made = condition(typed)
    assert (made.op, made.either, made.value) == (":", either, ",".join(either))


def test_flags() -> None:
    assert condition("installed:yes").value is True
    assert condition("here:no").value is False
    assert condition("deprecated:yes").value is True
    assert condition("deprecated:any").value == "any"
    assert parse("installed:any").conditions == ()


def test_exclusion() -> None:
    query = parse('vit -timm -"deit" -library:timm -params<1M -year:2019 -speech-to-text')
    assert [(term.words, term.excluded) for term in query.terms] == [
        (("timm",), True),
        (("deit",), True),
        (("speech", "to", "text"), True),
        (("vit",), False),
    ]
    assert query.text == "vit"
    assert [(c.field, c.op, c.excluded) for c in query.conditions] == [
        ("library", ":", True),
        ("params", "<", True),
        ("published", "=", True),
    ]
    assert words("wav2vec2-base r-cnn -") == ["wav2vec2", "base", "r", "cnn"]


def test_quotes_take_words_as_they_are() -> None:
    assert parse('"params<3" "speech to text"').terms == tuple(
        Term((word,)) for word in ("params", "3", "speech", "to", "text")
    )
    assert parse('"params:3"').conditions == ()


@pytest.mark.parametrize(
    "typed",
    ["hf:org/name", "https://example.org/a?b=c:d", "pypi:package==1.0", "foo:bar", "a->b", "<unk>", "x=y", "::", ">>"],
)
def test_what_is_like_no_field_is_words(typed: str) -> None:
    query = parse(typed)
    assert query.text == typed
    assert query.conditions == ()


@pytest.mark.parametrize(
    ("typed", "cause", "remedy"),
    [
        ("parms<30M", "there is no field 'parms'", "Did you mean params"),
        ("taks:translation", "there is no field 'taks'", "Did you mean task"),
        ("zzzz>3", "there is no field 'zzzz'", "The fields are arch, base"),
        ("flops<4G", "multiply-accumulates, not floating-point", "macs<2G"),
        ("params<abc", "'abc' is no number for params", "30M"),
        ("params:30X", "'30x' is no number for params", "30M"),
        ("top1>80M", "'80m' is no number for top1", "80"),
        ("params>1e300", "too large", ""),
        ("params>", "params has no value", ""),
        ("task:", "task has no value", ""),
        ("task:,", "task has no value", ""),
        ("params:..", "has no bound", "params:1..5"),
        ("-params:1..5", "cannot be excluded", "may stay"),
        ("lang<3", "lang is a word", "lang:3"),
        ("published>soon", "'soon' is no date", "2022-05"),
        ("published:2022-13", "'2022-13' is no date", "2022-05"),
        ("installed:perhaps", "installed is yes or no", "installed:any"),
        ("sort:task", "cannot be sorted by task", "params"),
        ("sort:parms", "there is no field 'parms'", "params"),
    ],
)
def test_mistakes_say_what_to_write(typed: str, cause: str, remedy: str) -> None:
    with pytest.raises(BadInput) as caught:
        parse(f"vit {typed}")
    assert cause in caught.value.cause
    assert remedy in caught.value.remedy


def test_an_unknown_task_gets_the_nearest() -> None:
    with pytest.raises(UnknownTask, match="there is no task 'image-clasification'") as caught:
        parse("task:image-clasification")
    assert "image-classification" in caught.value.remedy


def test_metrics_that_only_this_catalog_has() -> None:
    with pytest.raises(BadInput, match="top10"):
        parse("top10>80")
    assert parse("top10>80 sort:Top10", lambda: ["TOP10"]) == Query(
        conditions=(Condition("top10", ">", 80.0),), sort="top10", descending=True
    )
    asked = []
    parse("resnet top1>80 sort:params", lambda: asked.append(1) or [])
    assert not asked, "the catalog is asked only for names that are not known"


@pytest.mark.parametrize(
    ("typed", "order"),
    [
        ("params", ("params", False)),
        ("-params", ("params", True)),
        ("size", ("size", False)),
        ("top1", ("top1", True)),
        ("-top1", ("top1", False)),
        ("wer", ("wer", False)),
        ("wer-other", ("wer-other", False)),
        ("knn-top1", ("knn-top1", True)),
        ("published", ("published", True)),
        ("year", ("published", True)),
        ("downloads", ("downloads", True)),
        ("params-desc", ("params", True)),
        ("top1-asc", ("top1", False)),
        ("relevance", (None, False)),
    ],
)
def test_sorting_is_as_one_expects_and_turns_round(typed: str, order: tuple[str | None, bool]) -> None:
    assert sorting(typed) == order
    query = parse(f"vit sort:{typed}")
    assert (query.sort, query.descending) == order


def test_options_are_further_conditions() -> None:
    made = narrowed(parse("vit params<9M"), task="image classifier", licence="MIT", library="TIMM", installed=True)
    assert made.conditions[1:] == (
        Condition("task", ":", "image classifier", ("image-classification",)),
        Condition("library", ":", "timm", ("timm",)),
        Condition("licence", ":", "mit", ("mit",)),
        Condition("installed", ":", True),
    )
    assert narrowed(parse("vit")) == parse("vit")


PIECES = [*"abkMG01.-<>=:,'\"/ \t_", "params", "task:", "top1", "sort:", "published", "²", "٣"]
QUERYISH = st.lists(st.sampled_from(PIECES), max_size=30).map("".join)


@settings(max_examples=400, deadline=None)
@given(st.one_of(st.text(), QUERYISH))
def test_any_text_is_a_query_or_one_clear_error(text: str) -> None:
    try:
        query = parse(text)
    except ZooError as error:
        assert error.cause
        assert error.remedy
        return
    for term in query.terms:
        assert term.words
        assert all(word.isalnum() for word in term.words)
    for made in query.conditions:
        assert isinstance(made.value, float) == (made.op != ":" and made.field != "published")
        assert bool(made.either) == (made.op == ":" and isinstance(made.value, str) and made.value != "any")


def test_long_texts_are_cut() -> None:
    assert len(parse(" ".join(["a" * 5000] + ["word"] * 5000)).terms) <= 16
    assert parse("x" * 100_000).terms
    assert parse("a:" * 50_000) is not None


def test_the_page_and_the_help_name_every_field() -> None:
    from zoo.cli.commands.searching import search

    page = (Path(__file__).parents[2] / "docs" / "how-to" / "search.md").read_text(encoding="utf-8")
    assert not [field for field in FIELDS if f"`{field}`" not in page]
    assert not [field for field in FIELDS if field not in (search.__doc__ or "")]


def test_parsing_imports_next_to_nothing() -> None:
    code = "import sys; import zoo.catalog.query as q; q.parse('speech params<3M task:asr'); print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert not {"zoo.tasks", "zoo.cards", "dataclasses", "sqlite3", "sqlalchemy", "typer"} & set(loaded)
