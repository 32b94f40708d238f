"""`zoo search`: columns, pages, counts, similar models, and what it says when nothing fits."""

from __future__ import annotations

import sys
from typing import Any

import pytest

from tests.tiny_fixtures import Cli
from zoo.catalog.query import parse
from zoo.cli.columns import COLUMNS, chosen, print_rows, usual
from zoo.cli.counts import bar, facet_names
from zoo.cli.fast import parse as parse_fast
from zoo.errors import BadOption

NOT_FOUND, BAD_INPUT, USAGE = 3, 4, 2


def ids(rows: list[dict[str, Any]]) -> list[str]:
    return [row["id"] for row in rows]


def columns_of(out: str) -> list[str]:
    return out.splitlines()[0].split()


def test_fields_words_and_options_say_the_same(cli: Cli, home: Any) -> None:
    by_field = cli("search", "resnet", "task:image-classification", "library:timm", "--json").json
    by_option = cli("search", "resnet", "--task", "image-classification", "--library", "timm", "--json").json
    assert ids(by_field) == ids(by_option)
    assert {row["library"] for row in by_field} == {"timm"}


def test_a_query_may_be_one_argument_or_several(cli: Cli, home: Any) -> None:
    together = cli("search", "resnet params<30M sort:params", "--json").json
    apart = cli("search", "resnet", "params<30M", "--sort", "params", "--json").json
    assert ids(together) == ids(apart)
    counts = [row["parameters"] for row in together]
    assert counts == sorted(counts)
    assert max(counts) < 30_000_000


def test_a_word_with_a_dash_excludes(cli: Cli, home: Any) -> None:
    with_clip = ids(cli("search", "resnet50", "--limit", "100", "--json").json)
    without = ids(cli("search", "resnet50", "-clip", "--limit", "100", "--json").json)
    assert without
    assert set(without) < set(with_clip)
    assert not [name for name in without if "clip" in name]
    assert parse_fast("search", ["-h"]) is None
    assert parse_fast("search", ["resnet", "--nonsense"]) is None


def test_numbers_that_are_asked_for_are_shown(cli: Cli, home: Any) -> None:
    shown = cli("search", "resnet", "top1>75", "macs<5G", "--limit", "3")
    assert columns_of(shown.out) == ["model", "task", "params", "size", "macs", "licence", "top1", "here"]
    assert usual(parse("-top1>75")) == ["model", "task", "params", "size", "licence", "metric", "here"]
    assert usual(parse("sort:wer input>=224"))[4:] == ["input", "licence", "wer", "here"]


def test_columns_of_ones_own(cli: Cli, home: Any) -> None:
    shown = cli("search", "resnet18", "--columns", "name,parameters,top-1,class", "--limit", "2")
    assert columns_of(shown.out) == ["model", "params", "top1", "class"]
    wrong = cli("search", "resnet18", "--columns", "model,parms")
    assert (wrong.code, wrong.out) == (BAD_INPUT, "")
    assert "there is no column 'parms'" in wrong.err
    assert "params" in wrong.err
    with pytest.raises(BadOption, match="names no column"):
        chosen(" , ")
    assert chosen("model,top10", lambda: ["top10"]) == ["model", "top10"]
    with pytest.raises(BadOption, match="'id2'"):
        chosen("model,id2", lambda: ["top10"])


def test_a_narrow_terminal_keeps_the_names(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True, raising=False)
    monkeypatch.setenv("COLUMNS", "60")
    row = {"id": "some/rather-long-name-of-a-model", "task": "automatic-speech-recognition", "parameters": 10**8}
    print_rows([row], ["model", "task", "params", "size", "licence", "metric", "here"])
    out = capsys.readouterr().out
    assert "some/rather-long-name-of-a-model" in out
    assert "100M" in out
    assert "automatic-speech" not in out
    assert "here" in out


def test_each_column_can_be_shown_of_a_bare_row(capsys: pytest.CaptureFixture[str]) -> None:
    """Rows of models without a card have an id and little else."""
    print_rows([{"id": "a", "installed": True}], list(COLUMNS))
    out = capsys.readouterr().out
    assert out.splitlines()[0].split() == list(COLUMNS)
    assert out.splitlines()[1].split() == ["a", "not", "stated", "yes"]


def test_columns_read_their_key(capsys: pytest.CaptureFixture[str]) -> None:
    row = {
        "id": "a",
        "parameters": 25_557_032,
        "macs": 4_089_184_256,
        "downloads": 1_234_567,
        "languages": ["de", "en"],
        "datasets": ["imagenet-1k"],
        "metrics": [{"name": "mAP", "value": 37.0}, {"name": "top1", "value": 80.858}],
        "deprecated": "too old",
    }
    print_rows([row], ["model", "params", "macs", "downloads", "lang", "dataset", "map", "top1", "deprecated"])
    last = capsys.readouterr().out.splitlines()[1]
    for text in ("25.6M", "4.09G", "1.23M", "de, en", "imagenet-1k", "37", "80.86", "too old"):
        assert text in last


def test_pages(cli: Cli, home: Any) -> None:
    first = cli("search", "resnet", "--limit", "3")
    assert first.err.startswith("3 of ")
    assert first.err.endswith("; --page 2 goes on\n")
    whole = ids(cli("search", "resnet", "--limit", "9", "--json").json)
    pages = [ids(cli("search", "resnet", "--limit", "3", "--page", n, "--json").json) for n in (1, 2, 3)]
    assert [name for page in pages for name in page] == whole
    second = cli("search", "resnet", "--limit", "3", "--page", "2")
    assert second.err.startswith("4-6 of ")
    assert "--page 3 goes on" in second.err
    offset = cli("search", "resnet", "--limit", "3", "--offset", "2")
    assert "--offset 5 goes on" in offset.err
    assert ids(cli("search", "resnet", "--limit", "3", "--offset", "2", "--json").json) == whole[2:5]


def test_all_on_one_page_needs_no_word(cli: Cli, home: Any) -> None:
    assert cli("search", "--installed").err == ""


def test_a_page_behind_the_last(cli: Cli, home: Any) -> None:
    behind = cli("search", "resnet50", "--page", "9999")
    assert (behind.code, behind.out) == (NOT_FOUND, "")
    assert "nothing is so far down" in behind.err
    both = cli("search", "resnet50", "--page", "2", "--offset", "5")
    assert both.code == BAD_INPUT


def test_counts(cli: Cli, home: Any) -> None:
    made = cli("search", "vit", "--facets", "--json").json
    assert list(made["facets"]) == ["task", "licence", "library"]
    libraries = {row["value"]: row["count"] for row in made["facets"]["library"]}
    assert libraries["timm"] == len(cli("search", "vit", "library:timm", "--limit", "5000", "--json").json)
    assert max(libraries.values()) <= made["total"]
    counts = [row["count"] for row in made["facets"]["task"]]
    assert counts == sorted(counts, reverse=True)


def test_counts_by_what_is_named(cli: Cli, home: Any) -> None:
    made = cli("search", "vit", "--facets", "task,language", "--json").json
    assert list(made["facets"]) == ["task", "lang"]
    assert facet_names("task,lang") == ("task", "lang")
    assert facet_names("license") == ("licence",)
    assert facet_names("vit") == ()
    assert facet_names("task,vit") == ()


def test_counts_in_a_pipe_are_plain(cli: Cli, home: Any) -> None:
    shown = cli("search", "vit", "--facets", "library")
    assert columns_of(shown.out) == ["facet", "value", "models"]
    assert "█" not in shown.out
    assert "models fit" in shown.err


def test_counts_on_a_terminal_are_bars(cli: Cli, home: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True, raising=False)
    out = cli("search", "vit", "--facets", "library").out
    assert out.splitlines()[0] == "library"
    assert "█" in out.splitlines()[1]
    assert bar(1.0, 4) == "████"
    assert bar(0.5, 1) == "▌"
    assert bar(0.0, 9) == ""


def test_counts_of_nothing(cli: Cli, home: Any) -> None:
    nothing = cli("search", "zzzznothing", "--facets")
    assert (nothing.code, nothing.out) == (NOT_FOUND, "")
    nothing = cli("search", "zzzznothing", "--facets", "--json")
    assert (nothing.code, nothing.json) == (NOT_FOUND, {"total": 0, "facets": {}})


def test_similar_models(cli: Cli, home: Any) -> None:
    rows = cli("search", "--similar-to", "mobilenetv2_100", "--json", "--limit", "5").json
    assert 0 < len(rows) <= 5
    assert "mobilenetv2_100" not in ids(rows)
    assert all(row["why"] for row in rows)
    shown = cli("search", "--similar-to", "mobilenetv2_100", "--limit", "5")
    assert columns_of(shown.out)[-1] == "why"
    assert cli("search", "--similar-to", "nosuchmodel").code == NOT_FOUND
    assert cli("search", "--similar-to", "mobilenetv2_100", "vit").code == BAD_INPUT


def test_a_condition_that_leaves_nothing_is_named(cli: Cli, home: Any) -> None:
    outcome = cli("search", "resnet", "top1>99.9", "params<30M")
    assert (outcome.code, outcome.out) == (NOT_FOUND, "")
    assert "no model fits 'resnet' and top1>99.9 and params<30M" in outcome.err
    assert "Without top1>99.9 there are " in outcome.err
    assert "without params<30M" not in outcome.err
    both = cli("search", "resnet", "top1>99.9", "params<2")
    assert "Without any of these conditions there are " in both.err


def test_misspelt_words_are_corrected(cli: Cli, home: Any) -> None:
    assert "resnet50" in cli("search", "resnt50").err
    outcome = cli("search", "speach", "recogntion")
    assert outcome.code == NOT_FOUND
    assert "Did you mean `zoo search speech recognition`" in outcome.err


def test_mistakes_in_a_query_end_before_the_search(cli: Cli, home: Any) -> None:
    for typed, said in (("parms<30M", "Did you mean params"), ("params<abc", "is no number"), ("flops<3G", "macs")):
        outcome = cli("search", typed, "--json")
        assert (outcome.code, outcome.out) == (BAD_INPUT, "")
        assert said in outcome.err
    assert cli("search", "--limit", "x").code == USAGE
