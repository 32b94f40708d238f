"""`zoo lineage`: the tree, the graphs, the licences, and the exit code of --strict."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.catalog.catalog_cards import manifest
from tests.descent.conftest import card
from tests.tiny_fixtures import Cli
from zoo.catalog import fingerprint
from zoo.catalog.catalog import Catalog
from zoo.catalog.records import RunRecord


@pytest.fixture
def lineages(zoo_home: Path, tmp_path: Path) -> Catalog:
    """A zoo of a few models: a free one, one in conflict, one alone; in step with the plugins, so nothing is synced."""
    (tmp_path / "empty.db").touch()
    catalog = Catalog(zoo_home / "registry.db", shipped=tmp_path / "empty.db")
    cards = [
        card("org/bert", "Apache-2.0"),
        card("org/bert-nc", "CC-BY-NC-4.0", base="org/bert"),
        card("mine/films", "Apache-2.0"),
        card("mine/bad", "MIT", base="org/bert-nc"),
        card("mine/doubt", "MIT", base="elsewhere/unknown"),
        card("alone", "MIT"),
    ]
    catalog.sync_feed("made", "user", "1", cards)
    catalog.record_revision(manifest("org/bert"))
    catalog.start_run(RunRecord(id="run-7", kind="finetune", started="2026-01-31T09:00:00Z", model="mine/films"))
    catalog.finish_run("run-7", metrics={"accuracy": 0.9125})
    catalog.add_lineage("mine/films", "org/bert", manifest("org/bert").revision, "finetuned", "run-7")
    catalog.remember("environment", fingerprint.current())
    return catalog


def test_the_tree_and_what_the_bases_ask(cli: Cli, lineages: Catalog) -> None:
    outcome = cli("lineage", "mine/films")
    assert (outcome.code, outcome.err) == (0, "")
    assert outcome.out.splitlines() == [
        "mine/films  Apache-2.0 (permissive)",
        "└─ made from",
        f"   └─ org/bert  Apache-2.0 (permissive) · here · finetuned · revision {manifest('org/bert').revision[:12]}"
        " · run run-7, 2026-01-31, accuracy 0.9125",
        "what its bases ask",
        "  org/bert, Apache-2.0 (permissive): keep the notices of the authors and of the licence",
    ]


def test_conflicts_are_said_and_fail_only_when_asked_to(cli: Cli, lineages: Catalog) -> None:
    outcome = cli("lineage", "mine/bad")
    assert outcome.code == 0
    assert "licences that do not fit\n  conflict       mine/bad is stated as MIT, but org/bert-nc" in outcome.out
    assert cli("lineage", "mine/bad", "--strict").code == 1
    assert cli("lineage", "mine/bad", "--strict").out == outcome.out
    assert cli("lineage", "org/bert", "--strict").code == 1  # something made from it is in conflict
    assert cli("lineage", "mine/films", "--strict").code == 0
    doubt = cli("lineage", "mine/doubt", "--strict")
    assert doubt.code == 0  # a warning is no conflict
    assert "  warning        mine/doubt is stated as MIT" in doubt.out
    assert "elsewhere/unknown  no card here" in doubt.out


def test_models_alike_in_conflict_share_a_sentence(cli: Cli, lineages: Catalog) -> None:
    many = [card(f"made/{i}", "MIT", base="org/nc") for i in range(30)]
    lineages.sync_feed("more", "user", "1", [card("org/nc", "CC-BY-NC-4.0"), *many])
    out = cli("lineage", "org/nc").out
    assert out.count("  conflict  ") == 1
    assert "made/0, like 29 more, is stated as MIT, but org/nc, which it was made from, is CC-BY-NC-4.0" in out
    assert len(cli("lineage", "org/nc", "--json").json["conflicts"]) == 30


def test_depth(cli: Cli, lineages: Catalog) -> None:
    assert "org/bert  " in cli("lineage", "mine/bad").out
    near = cli("lineage", "mine/bad", "--depth", "1").out
    assert "org/bert  " not in near
    assert "… 1 more" in near
    assert cli("lineage", "mine/bad", "--depth", "0").code == 2


def test_a_model_of_which_nothing_is_known(cli: Cli, lineages: Catalog) -> None:
    outcome = cli("lineage", "alone")
    assert outcome.code == 0
    assert outcome.out.splitlines()[0] == "alone  MIT (permissive)"
    assert "nothing is known of a model that it was made from" in outcome.out
    missing = cli("lineage", "nobody")
    assert (missing.code, missing.out) == (3, "")
    assert "no model is called 'nobody'" in missing.err


def test_a_base_without_a_card_has_descendants(cli: Cli, lineages: Catalog) -> None:
    outcome = cli("lineage", "elsewhere/unknown")
    assert outcome.code == 0
    assert outcome.out.splitlines()[0] == "elsewhere/unknown  no card here"
    assert "mine/doubt  MIT (permissive)" in outcome.out


def test_a_completed_name_is_said(cli: Cli, lineages: Catalog) -> None:
    assert cli("lineage", "films").err == "zoo: films is mine/films\n"
    assert cli("lineage", "films").out == cli("lineage", "mine/films").out


def test_graphs_and_json(cli: Cli, lineages: Catalog) -> None:
    assert cli("lineage", "mine/bad", "--dot").out.startswith("digraph lineage {\n")
    assert cli("lineage", "mine/bad", "--mermaid").out.startswith("flowchart TD\n")
    told = cli("lineage", "mine/bad", "--json").json
    assert {"model", "models", "ancestors", "descendants", "runs", "more", "inherited", "conflicts"} <= told.keys()
    assert [edge["base"] for edge in told["ancestors"]] == ["org/bert-nc", "org/bert"]
    assert told["conflicts"][0]["severity"] == "conflict"
    both = cli("lineage", "mine/bad", "--dot", "--json")
    assert (both.code, both.out) == (4, "")
    assert "exclude each other" in both.err


@pytest.mark.parametrize("form", [[], ["--dot"], ["--mermaid"], ["--json"]], ids=lambda form: "".join(form) or "text")
def test_into_a_file(cli: Cli, lineages: Catalog, tmp_path: Path, form: list[str]) -> None:
    printed = cli("lineage", "mine/bad", *form)
    target = tmp_path / "out"
    written = cli("lineage", "mine/bad", *form, "-o", target)
    assert (written.code, written.out) == (0, "")
    assert target.read_text(encoding="utf-8") == printed.out


def test_a_file_that_cannot_be_written_is_one_clear_error(cli: Cli, lineages: Catalog, tmp_path: Path) -> None:
    outcome = cli("lineage", "mine/bad", "-o", tmp_path / "no" / "such" / "folder")
    assert outcome.code == 4
    assert "cannot write" in outcome.err


def test_an_output_without_box_drawing_letters_gets_plain_ones(lineages: Catalog) -> None:
    environment = {**os.environ, "PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0"}
    made = subprocess.run(
        [sys.executable, "-m", "zoo", "lineage", "mine/bad"], env=environment, capture_output=True, check=False
    )
    assert (made.returncode, made.stderr) == (0, b"")
    assert made.stdout.isascii()
    assert b"`- made from" in made.stdout
    assert b"?" not in made.stdout


def test_nothing_slow_is_imported(lineages: Catalog) -> None:
    code = (
        "import sys; sys.argv = ['zoo', 'lineage', 'mine/bad']; import zoo.cli\n"
        "try: zoo.cli.main()\nexcept SystemExit: pass\n"
        "print('LOADED', sorted(set(sys.modules) & {'sqlalchemy', 'alembic', 'torch', 'rich', 'requests'}))"
    )
    made = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "made from" in made.stdout
    assert "LOADED []" in made.stdout
