"""`zoo list`, `show`: what they print, and that the short cut is the same as the full application."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.tiny_fixtures import Cli
from zoo.tasks import TASKS

ROW = {"id", "task", "library", "architecture", "parameters", "licence", "metrics", "installed", "source"}
NOTHING_FITS = 3

SAME = [
    ["search", "resnet"],
    ["search", "resnet", "50", "--limit", "3"],
    ["search", "resnet", "--json", "--limit=2"],
    ["search", "--task", "image-classification", "--library", "timm", "--limit", "5"],
    ["search", "--task=text-classification", "--json"],
    ["search", "--licence", "mit", "bert"],
    ["search", "--installed"],
    ["search", "--installed", "--json"],
    ["search", "zzzznothing"],
    ["search", "zzzznothing", "--json"],
    ["search", "mobilnet"],
    ["search", ""],
    ["search", "--task", "--json"],
    ["search", "-"],
    ["search", "--", "--json"],
    ["search", "--limit", "0"],
    ["search", "--limit", "-1"],
    ["search", "--limit", "x"],
    ["search", "--nonsense"],
    ["search", "--json", "--json", "resnet18", "--limit", "1", "--limit", "2"],
    ["search", "resnet", "params<30M", "licence:permissive", "top1>75", "--limit", "4"],
    ["search", "resnet", "--sort", "-params", "--columns", "model,params,macs,top1", "--limit", "3"],
    ["search", "resnet", "--sort=top1", "--columns=model,class", "--json", "--limit=2"],
    ["search", "resnet", "--limit", "5", "--page", "2"],
    ["search", "resnet", "--limit=5", "--offset=3"],
    ["search", "resnet", "--page", "2", "--offset", "3"],
    ["search", "resnet", "--page", "0"],
    ["search", "resnet", "--offset", "-1"],
    ["search", "resnet", "--page", "9999"],
    ["search", "vit", "--facets"],
    ["search", "vit", "--facets", "task,lang", "--json"],
    ["search", "--similar-to", "mobilenetv2_100", "--limit", "3"],
    ["search", "--similar-to", "mobilenetv2_100", "--limit", "3", "--json"],
    ["search", "--similar-to", "nosuchmodel"],
    ["search", "--similar-to", "mobilenetv2_100", "extra"],
    ["search", "--columns", "model,nonsense"],
    ["search", "--sort", "nonsense"],
    ["search", "parms<30M"],
    ["search", "params<abc"],
    ["search", "task:image-clasification"],
    ["search", "top1>99.9", "resnet"],
    ["search", "resnet", "top1>99.9", "params<1k"],
    ["search", "sentimnt", "analysis"],
    ["search", "\x1b[31m", "\0", "a'b\"c*", "NEAR(", "AND OR"],
    ["list"],
    ["list", "--json"],
    ["list", "extra"],
    ["show", "local/pics"],
    ["show", "pics"],
    ["show", "pics", "--json"],
    ["show", "mobilenetv2_100", "--json"],
    ["show", "mobilenetv2_100"],
    ["show", "resnet50"],
    ["show", "MobileNetV2_100"],
    ["show", "nosuchmodel"],
    ["show", "a/../b"],
    ["show", ""],
    ["show"],
    ["show", "a", "b"],
    ["show", "--help"],
    ["list", "-h"],
]


@pytest.mark.parametrize("args", SAME, ids=lambda args: " ".join(args).encode("unicode_escape").decode())
def test_the_short_cut_and_the_full_application_are_the_same(cli: Cli, home: Path, args: list[str]) -> None:
    assert cli(*args) == cli(*args, full=True)


def assert_row(row: dict[str, Any]) -> None:
    assert row.keys() >= ROW
    assert isinstance(row["installed"], bool)
    assert isinstance(row["metrics"], list)
    assert "weights" in row["licence"]
    assert all(":" in source for source in row["source"])


def test_search_json_has_the_documented_keys(cli: Cli, home: Path) -> None:
    rows = cli("search", "resnet", "--json", "--limit", "7").json
    assert len(rows) == 7
    for row in rows:
        assert_row(row)
    assert {row["id"] for row in cli("search", "--installed", "--json").json} == {
        "local/judge",
        "local/pics",
        "local/texts",
    }


def test_list_json_has_the_documented_keys_and_the_revisions(cli: Cli, home: Path) -> None:
    rows = cli("list", "--json").json
    assert [row["id"] for row in rows] == ["local/judge", "local/pics", "local/texts"]
    for row in rows:
        assert_row(row)
        assert [len(revision["revision"]) for revision in row["revisions"]] == [64]


def test_show_json_has_the_documented_keys_and_the_provenance(cli: Cli, home: Path) -> None:
    shown = cli("show", "local/pics", "--json").json
    assert_row(shown)
    assert shown["card"]["architecture"] == "test_resnet"
    (revision,) = shown["revisions"]
    assert {file["path"] for file in revision["files"]} == {"config.json", "model.safetensors"}
    for file in revision["files"]:
        assert len(file["sha256"]) == 64
        assert file["origin"][0].startswith("file:/")
    assert shown["lineage"] == {"ancestors": [], "descendants": []}


def test_show_for_a_reader(cli: Cli, home: Path) -> None:
    shown = cli("show", "local/pics")
    assert (shown.code, shown.err) == (0, "")
    for part in ("local/pics", "test_resnet (timm)", "apache-2.0", "model.safetensors", "sha256", "file:/"):
        assert part in shown.out
    missing = cli("show", "mobilenetv2_100")
    assert "not here; `zoo pull mobilenetv2_100` fetches them" in missing.out


def test_show_options_lists_what_can_be_set(cli: Cli, home: Path) -> None:
    assert "top_k" in cli("show", "local/pics", "--options").out
    options = cli("show", "local/pics", "--options", "--json").json["options"]
    assert {"task", "name", "type", "default", "help"} <= options[0].keys()


def test_a_completed_name_is_said_on_standard_error(cli: Cli, home: Path) -> None:
    shown = cli("show", "pics")
    assert shown.err == "zoo: pics is local/pics\n"
    assert shown.out == cli("show", "local/pics").out


def test_nothing_found_is_said_and_has_its_exit_code(cli: Cli, home: Path) -> None:
    outcome = cli("search", "mobilnetv9")
    assert (outcome.code, outcome.out) == (NOTHING_FITS, "")
    assert "Did you mean" in outcome.err
    outcome = cli("search", "mobilnetv9", "--json")
    assert (outcome.code, outcome.json) == (NOTHING_FITS, [])


def test_an_empty_zoo_lists_nothing_and_says_what_to_do(cli: Cli, zoo_home: Path) -> None:
    outcome = cli("list")
    assert (outcome.code, outcome.out) == (0, "")
    assert "zoo pull" in outcome.err
    assert cli("list", "--json").json == []


def test_output_in_a_pipe_is_plain_and_aligned(cli: Cli, home: Path) -> None:
    out = cli("search", "resnet18", "--limit", "4").out
    assert "\x1b" not in out
    head, *rows = out.splitlines()
    assert head.split() == ["model", "task", "params", "size", "licence", "metric", "here"]
    assert all(row[head.index("task") :].split("  ")[0] in TASKS for row in rows)


def test_control_characters_of_a_card_do_not_reach_the_terminal(
    cli: Cli, home: Path, models: Any, tmp_path: Path
) -> None:
    from tests.tiny import copied

    folder = copied(models.pics, tmp_path / "worse", license="\x1b]0;owned\x07MIT\x9b31m")
    refused = cli("pull", folder)
    assert refused.code == 4
    assert not any(c in refused.out + refused.err for c in "\x1b\x07\x9b")
    folder = copied(models.pics, tmp_path / "sly", license="\u202eowned")  # writes from right to left
    assert cli("pull", folder).code == 0
    for args in (["list"], ["show", "local/sly"], ["search", "--installed"]):
        out = cli(*args).out
        assert "owned" in out
        assert "\u202e" not in out


def test_a_reader_that_goes_away_is_no_error(home: Path) -> None:
    command = Path(sys.executable).with_name("zoo")
    for args in ("search --limit 2000", "search --limit 2000 --json", "show local/pics --options"):
        piped = f"{command} {args} | head -1; exit ${{PIPESTATUS[0]}}"
        made = subprocess.run(["bash", "-c", piped], capture_output=True, text=True, check=False)
        assert (made.returncode, made.stderr) == (0, "")
        assert len(made.stdout.splitlines()) == 1


def test_an_output_that_cannot_hold_all_letters(home: Path, cli: Cli, models: Any, tmp_path: Path) -> None:
    from tests.tiny import copied

    assert cli("pull", copied(models.pics, tmp_path / "odd", license="日本 licence é")).code == 0
    environment = {**os.environ, "PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0"}
    for args in (["list"], ["show", "local/odd"], ["list", "--json"]):
        made = subprocess.run([sys.executable, "-m", "zoo", *args], env=environment, capture_output=True, check=False)
        assert (made.returncode, made.stderr) == (0, b"")
        assert b"licence" in made.stdout


def test_python_m_zoo_is_the_command(home: Path, cli: Cli) -> None:
    made = subprocess.run([sys.executable, "-m", "zoo", "list"], capture_output=True, text=True, check=False)
    assert (made.returncode, made.stdout, made.stderr) == (0, cli("list").out, "")


def test_another_catalog_by_its_url(cli: Cli, home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    elsewhere = tmp_path / "elsewhere.db"
    shutil.copy(home / "registry.db", elsewhere)
    (home / "registry.db").unlink()
    monkeypatch.setenv("ZOO_DATABASE_URL", f"sqlite:///{elsewhere}")
    assert [row["id"] for row in cli("list", "--json").json] == ["local/judge", "local/pics", "local/texts"]
    assert cli("doctor").code == 0
    assert not (home / "registry.db").exists()


def test_a_task_that_does_not_exist_gets_the_nearest(cli: Cli, home: Path) -> None:
    outcome = cli("search", "--task", "image-clasification")
    assert outcome.code == 3
    assert outcome.out == ""
    assert "there is no task 'image-clasification'" in outcome.err
    assert "Did you mean image-classification" in outcome.err


def test_what_was_asked_is_said_when_nothing_fits(cli: Cli, home: Path) -> None:
    outcome = cli("search", "zebra", "--task", "object-detection", "--installed")
    assert outcome.code == 3
    assert "no model fits 'zebra' and task:object-detection and installed:yes" in outcome.err


def test_options_are_listed_by_task(cli: Cli, home: Path) -> None:
    lines = cli("show", "local/texts", "--options").out.splitlines()
    headings = [line for line in lines if line.startswith("options of ")]
    assert headings == [
        "options of feature-extraction (--set name=value)",
        "options of sentence-similarity (--set name=value)",
    ]
    assert all(lines.count(heading) == 1 for heading in headings)
