"""What `zoo show` prints of a model: every fact once, unknown ones as such, wrapped where the terminal is narrow."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.catalog.catalog_cards import manifest, timm_card
from zoo.cards import Licence, ModelCard
from zoo.catalog import hot
from zoo.catalog.catalog import Catalog
from zoo.cli.card import print_card, written
from zoo.descent.show import with_descent

Shown = Callable[..., str]

FULL = timm_card(
    "resnet50.a1_in1k",
    macs=4_111_514_624,
    published="2021-10",
    downloads=1_234_567,
    aliases=("resnet-50", "resnet50"),
    family="resnet",
    config={"input_size": [3, 224, 224]},
    paper="arXiv:2110.00476",
    facts={"parameters": "counted on the meta device", "macs": "counted on the meta device", "origin": "timm"},
)
BARE = ModelCard(id="acme/bare", task="fill-mask", library="transformers", loader="transformers", architecture="Bert")


@pytest.fixture
def shown(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Shown:
    """`shown(model, *cards)`: what is printed of a model in a catalog of these cards."""

    def show(model: str, *cards: ModelCard, installed: str = "", later: tuple[ModelCard, ...] = (), **more: Any) -> str:
        (tmp_path / "empty.db").touch()
        catalog = Catalog(tmp_path / "registry.db", shipped=tmp_path / "empty.db")
        catalog.sync_feed("made", "user", "7", cards)
        if installed:
            catalog.record_revision(manifest(installed))
        if later:
            catalog.sync_feed("made", "user", "8", later)
        told = hot.show(catalog.path, model)
        assert told is not None
        capsys.readouterr()
        print_card({**with_descent(catalog.path, told), **more})
        return capsys.readouterr().out

    return show


def line(out: str, label: str) -> str:
    (found,) = [text[17:] for text in out.splitlines() if text.startswith(f"  {label:<14} ")]
    return found


def test_every_fact_has_its_line(shown: Shown) -> None:
    out = shown(FULL.id, FULL, timm_card("resnet50.tv_in1k", family="resnet"), timm_card("resnet18.a1_in1k"))
    assert line(out, "parameters") == "25.6M"
    assert line(out, "macs") == "4.11G multiply-accumulates an input"
    assert line(out, "size") == "1.0 kB"
    assert line(out, "input") == "224 x 224 pixels, 3 channels"
    assert line(out, "published") == "2021-10"
    assert line(out, "downloads") == "1,234,567 in 30 days"
    assert line(out, "family") == "resnet, 2 models"
    assert line(out, "variants") == "2 of resnet50; this is the default"
    assert line(out, "also called") == "resnet-50, resnet50"
    assert line(out, "asks") == "keep the notices of the authors and of the licence"
    assert line(out, "catalogued by").startswith("made 7 (user), synced 20")


def test_another_variant_names_the_default(shown: Shown) -> None:
    out = shown("timm/resnet50.tv_in1k", FULL, timm_card("resnet50.tv_in1k", family="resnet"))
    assert line(out, "variants") == "2 of resnet50; the default is timm/resnet50.a1_in1k"


def test_the_default_is_whose_name_it_is_then_whose_alias_then_who_is_tagged(shown: Shown) -> None:
    tagged = timm_card("resnet18.a1_in1k")
    other = timm_card("resnet18.tv_in1k")
    assert line(shown(other.id, tagged, other), "variants").endswith("the default is timm/resnet18.a1_in1k")
    named = other.replace(aliases=("resnet18",))
    assert (
        line(shown(other.id, tagged, other, later=(tagged, named)), "variants") == "2 of resnet18; this is the default"
    )
    whole = tagged.replace(id="resnet18")
    assert line(shown(tagged.id, tagged, later=(tagged, named, whole)), "variants").endswith("is resnet18")


def test_unknown_facts_are_not_stated(shown: Shown) -> None:
    out = shown("acme/bare", BARE)
    for label in ("parameters", "macs", "size", "published", "downloads"):
        assert line(out, label) == "not stated"
    assert line(out, "weights") == "not stated"  # the licence
    assert line(out, "asks") == "ask the authors: nobody stated what is allowed"
    assert "None" not in out


def test_sources_of_facts_are_told_once(shown: Shown) -> None:
    out = shown(FULL.id, FULL)
    assert out.count("counted on the meta device") == 1
    assert "  macs, parameters: counted on the meta device\n" in out
    assert line(out, "origin") == "timm"


def test_nothing_is_doubled(shown: Shown) -> None:
    for model, cards in ((FULL.id, (FULL,)), ("acme/bare", (BARE,))):
        lines = shown(model, *cards).splitlines()
        assert len(lines) == len(set(lines))


def test_a_deprecated_model_names_its_replacement(shown: Shown) -> None:
    old = BARE.replace(deprecated="Superseded.", replaced_by=FULL.id)
    assert line(shown("acme/bare", old, FULL), "deprecated") == "Superseded; take timm/resnet50.a1_in1k instead"


def test_licences_of_bases_are_inherited_and_conflicts_said(shown: Shown) -> None:
    base = BARE.replace(id="acme/base", licence=Licence(weights="CC-BY-NC-4.0"))
    out = shown("acme/bare", base, BARE.replace(base="acme/base", licence=Licence(weights="MIT", package="MIT")))
    assert line(out, "package") == "MIT (permissive)"
    assert line(out, "inherited").startswith("acme/base, CC-BY-NC-4.0 (non-commercial): keep the notices")
    assert line(out, "conflict").endswith("state CC-BY-NC-4.0, or choose another base.")
    assert "acme/bare is made from acme/base\n" in out


def test_a_licence_that_changed_since_the_pull_is_said(shown: Shown) -> None:
    free = BARE.replace(licence=Licence(weights="MIT"))
    bound = BARE.replace(licence=Licence(weights="CC-BY-NC-4.0"))
    out = shown("acme/bare", free, installed="acme/bare", later=(bound,))
    assert "of acme/bare arrived on 2026" in line(out, "changed")
    assert "as MIT, and" in line(out, "changed")
    assert "its card says CC-BY-NC-4.0 now" in out


def test_what_the_user_added_is_told_apart(shown: Shown) -> None:
    edits = [
        {"field": "languages", "value": ["de", "en"], "offered": ["en"], "changed": "2026-11-21T10:00:00Z"},
        {"field": "tags", "value": {"add": ["mine"], "remove": []}, "offered": None, "changed": "2026-11-21T10:00:00Z"},
    ]
    notes = [{"key": 1, "text": "good for short texts", "written": "2026-11-21T10:00:00.000000Z"}]
    out = shown("acme/bare", BARE, edits=edits, notes=notes)
    assert "  edited         languages: de, en (its feed says en)\n" in out
    assert "  edited         tags: add mine\n" in out
    assert line(out, "note") == "2026-11-21  good for short texts"


def test_a_large_family_is_cut(shown: Shown) -> None:
    tuned = [BARE.replace(id=f"acme/t{i:02}", base="acme/bare") for i in range(40)]
    out = shown("acme/bare", BARE, *tuned)
    assert "and 28 more; `zoo lineage acme/bare` draws them" in out


def test_a_narrow_terminal_wraps_beside_the_label(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdout.isatty", lambda: True, raising=False)
    monkeypatch.setenv("COLUMNS", "40")
    text = "one two three four five six seven eight nine ten"
    made = written([("head", [("label", text), ("", text)])])
    assert made[0] == "\x1b[1mhead\x1b[0m"
    assert made[1:4] == [
        "  label          one two three four five",
        " " * 17 + "six seven eight nine",
        " " * 17 + "ten",
    ]
    assert all(len(row) <= 40 for row in made[1:])
    monkeypatch.setenv("COLUMNS", "24")
    assert all(len(row) <= 24 for row in written([("head", [("label", text)])])[1:])
    monkeypatch.setattr("sys.stdout.isatty", lambda: False, raising=False)
    assert written([("head", [("label", text)])]) == ["head", f"  label          {text}"]
