"""The drawings: trees for people, graphs that their grammars accept."""

from __future__ import annotations

import re

import pytest

from tests.descent.conftest import Family, card
from zoo.catalog.catalog import Catalog
from zoo.descent.graphs import dot, mermaid
from zoo.descent.reading import read
from zoo.descent.tree import ASCII, tree

# A DOT string, and the statements that `dot` writes, by https://graphviz.org/doc/info/lang.html.
_STRING = r'"(?:[^"\\]|\\.)*"'
_ATTRIBUTES = rf"\[[a-z]+=(?:{_STRING}|[a-z0-9]+)(?:, [a-z]+=(?:{_STRING}|[a-z0-9]+))*\]"
DOT_LINE = re.compile(
    rf"digraph lineage \{{|\}}|  rankdir=TB;|  node {_ATTRIBUTES};"
    rf"|  {_STRING} {_ATTRIBUTES};|  {_STRING} -> {_STRING}(?: {_ATTRIBUTES})?;"
)
# The statements of a Mermaid flowchart that `mermaid` writes; in quotes no letter that its grammar or HTML reads.
_TEXT = r'"(?:[^"#<>&`|\\\n]|#\d+;|<br/>)*"'
MERMAID_LINE = re.compile(
    rf"flowchart TD|  [nm]\d+\[{_TEXT}\]|  n\d+ -->\|{_TEXT}\| n\d+|  [nm]\d+ --> [nm]\d+"
    r"|  classDef [a-z]+ [a-z0-9:#-]+|  class n\d+(?:,n\d+)* [a-z]+"
)


def test_a_tree_with_both_directions(berts: Catalog) -> None:
    descent = read(berts.path, "mine/films")
    base, tuned = (descent.up[0].base_revision or "")[:12], "org/bert  Apache-2.0 (permissive)"
    assert tree(descent) == [
        "mine/films  Apache-2.0 (permissive) · here · licence warning",
        "├─ made from",
        f"│  └─ {tuned} · here · finetuned · revision {base} · run run-7, 2026-01-31, accuracy 0.9125",
        "│     └─ elsewhere/ur-bert  no card here · declared by its card",
        "└─ made into",
        "   └─ mine/films-int8  Apache-2.0 (permissive) · licence warning · declared by its card",
    ]


def test_a_tree_in_plain_ascii(berts: Catalog) -> None:
    lines = tree(read(berts.path, "org/bert-free"), ASCII)
    assert "\n".join(lines).isascii()
    assert lines[:3] == [
        "org/bert-free  MIT (permissive) - licence conflict",
        "`- made from",
        "   `- org/bert-nc  CC-BY-NC-4.0 (non-commercial) - declared by its card",
    ]


def test_a_model_without_family_is_one_line(family: Family) -> None:
    assert tree(read(family([card("alone")]).path, "alone")) == ["alone  MIT (permissive)"]


def test_circles_and_diamonds_are_marked_and_not_followed_again(family: Family) -> None:
    catalog = family([card("a", base="b"), card("b", base="a"), card("c", base="a"), card("d", base="c")])
    catalog.add_lineage("d", "b", None, "merged")
    assert tree(read(catalog.path, "a")) == [
        "a  MIT (permissive)",
        "├─ made from",
        "│  └─ b  MIT (permissive) · declared by its card",
        "│     └─ a  MIT (permissive) · declared by its card · … as above",
        "└─ made into",
        "   ├─ b  MIT (permissive) · declared by its card",
        "   │  ├─ d  MIT (permissive) · merged",
        "   │  └─ a  MIT (permissive) · declared by its card · … as above",
        "   └─ c  MIT (permissive) · declared by its card",
        "      └─ d  MIT (permissive) · declared by its card · … as above",
    ]


def test_a_large_family_is_counted(family: Family) -> None:
    catalog = family([card("base"), *(card(f"tuned/{i:03}", base="base") for i in range(132))])
    lines = tree(read(catalog.path, "base"))
    assert len(lines) == 1 + 1 + 12 + 1
    assert lines[-1] == "   └─ … 120 more"
    assert tree(read(catalog.path, "base", most=5))[-1] == "   └─ … 127 more"
    assert tree(read(catalog.path, "base", depth=1))[-1] == "   └─ … 120 more"


def test_a_chain_longer_than_pythons_stack(family: Family) -> None:
    catalog = family([card("m0"), *(card(f"m{i}", base=f"m{i - 1}") for i in range(1, 1200))])
    assert len(tree(read(catalog.path, "m1199"))) == 1201


def test_the_same_family_is_drawn_the_same(berts: Catalog) -> None:
    for draw in (tree, dot, mermaid):
        assert draw(read(berts.path, "org/bert")) == draw(read(berts.path, "org/bert"))


@pytest.fixture
def odd(family: Family) -> Catalog:
    """Texts of others that could break a grammar: relation, licence, run."""
    catalog = family([card("a", 'A "quoted" #1 <b>&amp; | `x` \\'), card("b", "CC-BY-NC-4.0"), card("c", base="gone")])
    catalog.add_lineage("a", "b", None, 'dist"illed | \\')
    catalog.add_lineage("b", "c", "0" * 64, "end\nnode -> x")
    return catalog


def test_dot_is_accepted_by_its_grammar(berts: Catalog, odd: Catalog) -> None:
    for catalog, name in ((berts, "org/bert"), (odd, "a"), (odd, "b")):
        text = dot(read(catalog.path, name, most=1))
        lines = text.splitlines()
        assert [line for line in lines if not DOT_LINE.fullmatch(line)] == []
        assert (lines[0], lines[-1]) == ("digraph lineage {", "}")


def test_dot_has_every_model_and_step(berts: Catalog) -> None:
    text = dot(read(berts.path, "org/bert"))
    assert '"org/bert" -> "mine/films" [label="finetuned\\nrevision' in text
    assert '"elsewhere/ur-bert" [label="elsewhere/ur-bert\\nno card here", style=dashed];' in text
    assert re.search(r'"org/bert-free" \[.*color=red\];', text)
    assert text.count(" -> ") == 5


def test_mermaid_is_accepted_by_its_grammar(berts: Catalog, odd: Catalog) -> None:
    for catalog, name in ((berts, "org/bert"), (odd, "a"), (odd, "b")):
        lines = mermaid(read(catalog.path, name, most=1)).splitlines()
        assert [line for line in lines if not MERMAID_LINE.fullmatch(line)] == []


def test_graphs_say_what_was_left_out(family: Family) -> None:
    catalog = family([card("base"), *(card(f"tuned/{i}", base="base") for i in range(9))])
    descent = read(catalog.path, "base", most=2)
    assert '"… 0" [label="… 7 more", shape=plaintext];' in dot(descent)
    assert '"base" -> "… 0";' in dot(descent)
    assert 'm0["… 7 more"]' in mermaid(descent)
