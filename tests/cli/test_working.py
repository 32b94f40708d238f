"""`zoo pull`, `rm`, `finetune`, `doctor`, `plugin`: what they print and how they end."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from tests.tiny import copied, rewritten
from tests.tiny_fixtures import Cli, Models


def test_pull_prints_where_the_files_are(cli: Cli, zoo_home: Path, models: Models) -> None:
    outcome = cli("pull", models.pics, models.texts)
    assert (outcome.code, outcome.err) == (0, "")
    for line, name in zip(outcome.out.splitlines(), ("local/pics", "local/texts"), strict=True):
        assert line.startswith(f"{name}  ")
        assert (Path(line.split("  ")[-1]) / "config.json").is_file()


def test_pull_json(cli: Cli, zoo_home: Path, models: Models) -> None:
    (made,) = cli("pull", models.pics, "--json").json
    assert made.keys() == {"model", "revision", "path", "size"}
    assert made["model"] == "local/pics"
    files = [path for path in Path(made["path"]).iterdir() if path.name != "zoo-manifest.json"]
    assert made["size"] == sum(path.stat().st_size for path in files)
    assert cli("pull", models.pics, "--json", "--force").json == [made]


def test_a_dry_run_prints_the_plan_and_changes_nothing(cli: Cli, zoo_home: Path, models: Models) -> None:
    (plan,) = cli("pull", models.pics, "--dry-run", "--json").json
    assert plan["model"] == "local/pics"
    assert {file["path"] for file in plan["files"]} == {"config.json", "model.safetensors"}
    assert not any(file["here"] for file in plan["files"])
    shown = cli("pull", models.pics, "--dry-run").out
    assert "local/pics: " in shown
    assert "model.safetensors" in shown
    assert not (zoo_home / "models").exists()
    assert cli("list", "--json").json == []


def test_what_is_here_needs_no_network(cli: Cli, home: Path) -> None:
    assert cli("pull", "local/texts").code == 0
    assert cli("pull", "mobilenetv2_100").code == 6
    outcome = cli("pull", "mobilenetv2_100", "--offline")
    assert (outcome.code, outcome.out) == (6, "")
    assert outcome.err.startswith("zoo: ")


def test_rm_prints_what_it_frees(cli: Cli, home: Path, models: Models) -> None:
    outcome = cli("rm", "judge")
    assert (outcome.code, outcome.err) == (0, "")
    assert outcome.out.startswith("removed judge, ")
    (removed,) = cli("rm", "local/pics", "--json").json
    assert removed["model"] == "local/pics"
    assert removed["freed"] > 1_000_000
    assert [row["id"] for row in cli("list", "--json").json] == ["local/texts"]
    assert cli("rm", "local/pics").code == 3
    assert cli("doctor").code == 0


def test_finetune_json_has_the_documented_keys(cli: Cli, home: Path, models: Models) -> None:
    outcome = cli("finetune", "texts", "--data", models.films, "--name", "films", "--json")
    assert (outcome.code, outcome.err) == (0, "")
    made = outcome.json
    assert {"model", "metrics", "run"} <= made.keys()
    assert made["model"] == "films"
    assert {"accuracy", "f1_macro", "baseline_accuracy"} <= made["metrics"].keys()
    assert (home / "runs" / made["run"] / "record.json").is_file()
    (line,) = cli("predict", "films", "the film was good", "--json").lines
    assert line["result"]["labels"][0]["label"] == "positive"


def test_finetune_for_a_reader(cli: Cli, home: Path, models: Models) -> None:
    outcome = cli("finetune", "texts", "--data", models.films)
    assert (outcome.code, outcome.err) == (0, "")
    made, scores, report, use = outcome.out.splitlines()
    assert made.startswith("texts-films: made from local/texts by probe (")
    assert scores.startswith("held out: accuracy ")
    assert Path(report.removeprefix("report: ")).is_file()
    assert use == "use it: zoo predict texts-films INPUT"
    lineage = cli("show", "texts-films").out.partition("lineage")[2]
    assert "texts-films is finetuned from local/texts" in lineage


def test_plugins(cli: Cli, home: Path) -> None:
    rows = {row["name"]: row for row in cli("plugin", "list", "--json").json}
    assert {"zoo-nlp", "zoo-vision", "zoo-speech", "zoo-detection"} <= rows.keys()
    assert all(row["error"] is None for row in rows.values())
    assert "works" in cli("plugin", "list").out
    synced = cli("plugin", "sync", "--json").json
    assert {report["plugin"] for report in synced} == rows.keys()
    assert all(report["added"] == report["updated"] == report["removed"] == 0 for report in synced)
    assert cli("plugin", "sync").out.startswith("plugin")


def test_a_healthy_zoo(cli: Cli, home: Path) -> None:
    outcome = cli("doctor", "--deep")
    assert (outcome.code, outcome.err) == (0, "")
    checks = cli("doctor", "--json").json
    assert {check["state"] for check in checks} <= {"ok", "note"}
    assert {check["name"] for check in checks} == {
        "system",
        "home",
        "catalog",
        "plugins",
        "store",
        "agreement",
        "devices",
    }
    for check in checks:
        assert check.keys() == {"name", "state", "detail", "remedy"}


def failures(cli: Cli, *options: str) -> list[str]:
    outcome = cli("doctor", "--json", *options)
    found = [check["detail"] for check in outcome.json if check["state"] == "fail"]
    assert outcome.code == (1 if found else 0)
    return found


def test_the_doctor_finds_changed_bytes_only_when_it_looks_deep(cli: Cli, home: Path) -> None:
    (weights,) = home.glob("models/local/pics/*/model.safetensors")
    target = weights.resolve()
    content = bytearray(target.read_bytes())
    content[-1] ^= 1
    target.chmod(0o644)
    target.write_bytes(bytes(content))
    assert failures(cli) == []
    (found,) = failures(cli, "--deep")
    assert "local/pics" in found
    assert "model.safetensors" in found


def test_the_doctor_mends_a_disagreement(cli: Cli, home: Path) -> None:
    import shutil

    with sqlite3.connect(home / "registry.db") as database:
        database.execute("PRAGMA foreign_keys=ON")
        database.execute("DELETE FROM revision WHERE model = 'local/pics'")
    database.close()
    shutil.rmtree(home / "models" / "local" / "judge")
    first, second = failures(cli)
    assert "local/pics" in first
    assert "in the store and not in the catalog" in first
    assert "local/judge" in second
    assert "its files are gone" in second
    assert failures(cli, "--fix") == []
    assert failures(cli) == []
    assert [row["id"] for row in cli("list", "--json").json] == ["local/pics", "local/texts"]


@pytest.mark.parametrize("at", [0, 5000, 500_000])
def test_the_doctor_reports_a_damaged_catalog(cli: Cli, home: Path, at: int) -> None:
    database = home / "registry.db"
    content = bytearray(database.read_bytes())
    for start in range(at, len(content), 4096 * 16):
        content[start : start + 900] = b"\xa5" * 900
    database.write_bytes(bytes(content))
    found = failures(cli)
    assert found
    assert "registry.db" in " ".join(found) or "damaged" in " ".join(found)


EXITS = {
    "not found": (["show", "nosuchmodel"], 3),
    "ambiguous": (["show", "bert-base-german-cased"], 3),
    "unknown task": (["predict", "pics", "x.png", "--task", "fill-mask"], 3),
    "bad ref": (["pull", "a/../b"], 4),
    "bad option": (["predict", "pics", "x.png", "--set", "top_k=0"], 4),
    "network": (["pull", "mobilenetv2_100"], 6),
    "no device": (["predict", "pics", "x.png", "--device", "cuda:99"], 7),
}


@pytest.mark.parametrize("kind", EXITS)
def test_each_class_of_error_has_its_exit_code(cli: Cli, home: Path, kind: str) -> None:
    args, code = EXITS[kind]
    outcome = cli(*args)
    assert (outcome.code, outcome.out) == (code, "")
    assert outcome.err.startswith("zoo: ")


def test_exit_code_of_integrity(cli: Cli, home: Path, models: Models, tmp_path: Path) -> None:
    import torch

    broken = rewritten(models.pics, tmp_path / "broken", {"only": torch.zeros(2)})
    assert cli("predict", broken, models.red).code == 5


def test_exit_code_of_the_catalog(cli: Cli, home: Path) -> None:
    (home / "registry.db").write_bytes(b"no database at all " * 100)
    for args in (["list"], ["search", "x"], ["show", "pics"], ["pull", "pics"], ["plugin", "list"]):
        outcome = cli(*args)
        assert (outcome.code, outcome.out) == (9, "")
        assert outcome.err.startswith("zoo: ")
        assert outcome.err.count("zoo: ") == 1


def test_exit_code_of_plugins(
    cli: Cli, home: Path, models: Models, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    copied(models.pics, tmp_path / "odd")
    site = tmp_path / "site"
    info = site / "zoo_vision-9.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: zoo-vision\nVersion: 9\n", encoding="utf-8")
    (info / "entry_points.txt").write_text("[zoo]\nzoo-vision = zoo_vision_that_is_not_there\n", encoding="utf-8")
    monkeypatch.syspath_prepend(site)
    outcome = cli("predict", "pics", models.red)
    assert (outcome.code, outcome.out) == (8, "")
    assert "zoo plugin list" in outcome.err
    (row,) = [row for row in cli("plugin", "list", "--json").json if row["name"] == "zoo-vision"]
    assert "zoo_vision_that_is_not_there" in row["error"]
    assert cli("search", "resnet", "--limit", "1").code == 0
    assert cli("predict", "judge", "a good film").code == 0


@pytest.mark.parametrize("form", [("{data}",), ("--data", "{data}")])
def test_finetune_takes_its_data_as_argument_or_option(
    form: tuple[str, ...], cli: Cli, home: Path, models: Models
) -> None:
    made = cli("finetune", "pics", *(part.format(data=models.squares) for part in form), "--json")
    assert made.code == 0, made.err
    assert set(made.json) >= {"model", "metrics", "run"}


@pytest.mark.parametrize("form", [(), ("a", "--data", "b")])
def test_finetune_wants_its_data_once(form: tuple[str, ...], cli: Cli, zoo_home: Path) -> None:
    made = cli("finetune", "pics", *form)
    assert made.code == 2
    assert "the data once" in made.err
