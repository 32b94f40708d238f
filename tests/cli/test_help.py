"""Help, versions, usage errors, and completion of the command line."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.tiny_fixtures import Cli

COMMANDS = {
    ("search",): ["--task", "--library", "--licence", "--installed", "--limit", "--json"],
    ("show",): ["--json", "--options"],
    ("list",): ["--json"],
    ("lineage",): ["--dot", "--mermaid", "--json", "--depth", "--output", "--strict"],
    ("pull",): ["--dry-run", "--force", "--offline", "--quiet", "--json"],
    ("rm",): ["--json"],
    ("predict",): [
        "--task",
        "--set",
        "--save",
        "--url",
        "--device",
        "--dtype",
        "--batch",
        "--output",
        "--overwrite",
        "--on-error",
        "--compile",
        "--autocast",
        "--engine",
        "--quantize",
        "--offline",
        "--quiet",
        "--json",
    ],
    ("devices",): ["ZOO_DEVICE_BUDGET", "--json"],
    ("ps",): ["--json"],
    ("fit",): ["--finetune", "--batch", "--device", "--dtype", "--memory", "--length", "--json"],
    ("finetune",): (
        [
            "--data",
            "--name",
            "--task",
            "--method",
            "--test-size",
            "--limit",
            "--seed",
            "--text-column",
            "--label-column",
            "--device",
            "--json",
            "--resume",
            "--nproc",
            "--tune",
            "--time-limit",
            "--shots",
            "--kind",
            "--epochs",
            "--base-data",
            "--merge",
        ]
    ),
    ("evaluate",): ["--data", "--slices", "--part", "--bias", "--seed", "--json"],
    ("recommend",): [
        "--candidates",
        "--download",
        "--max-params",
        "--max-ms",
        "--licence",
        "--then-finetune",
        "--json",
    ],
    ("runs",): ["list", "show", "compare", "report", "rm"],
    ("runs", "list"): ["--model", "--kind", "--limit", "--json"],
    ("runs", "show"): ["--json"],
    ("runs", "compare"): ["--json"],
    ("runs", "rm"): ["--checkpoints"],
    ("data",): ["doctor"],
    ("data", "doctor"): ["--task", "--fix", "--out", "--json"],
    ("doctor",): ["--deep", "--fix", "--json"],
    ("publish",): [
        "--to",
        "--name",
        "--version",
        "--id",
        "--weights",
        "--at",
        "--licence",
        "--folder",
        "--dry-run",
        "--json",
    ],
    ("plugin",): ["list", "sync", "enable", "disable", "approve", "policy"],
    ("plugin", "enable"): ["--json"],
    ("plugin", "disable"): ["--json"],
    ("plugin", "approve"): ["--all", "--json"],
    ("plugin", "policy"): ["open", "approve", "--json"],
    ("plugin", "add"): ["FOLDER", "--name", "--json"],
    ("plugin", "remove"): ["NAME", "--json"],
    ("plugin", "list"): ["--json"],
    ("plugin", "sync"): ["--json"],
    ("plugin", "check"): ["--case", "--only", "--no-run", "--offline", "--badge", "--write-golden", "--json"],
    ("plugin", "new"): ["--domain", "--task", "--into", "--author", "--json"],
}


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
@pytest.mark.parametrize("flag", ["--help", "-h"])
def test_help_mentions_every_option(cli: Cli, command: tuple[str, ...], flag: str) -> None:
    outcome = cli(*command, flag)
    assert (outcome.code, outcome.err) == (0, "")
    assert outcome.out.startswith(f"Usage: zoo {' '.join(command)}")
    for option in COMMANDS[command]:
        assert option in outcome.out


def test_the_program_names_all_its_commands(cli: Cli) -> None:
    outcome = cli("--help")
    assert outcome.code == 0
    for command in COMMANDS:
        assert f"\n  {command[0]} " in outcome.out
    assert "\x1b" not in outcome.out


def test_version(cli: Cli) -> None:
    from zoo import __version__

    assert cli("--version").out == f"zoo {__version__}\n"


def test_without_arguments_there_is_help(cli: Cli) -> None:
    outcome = cli()
    assert outcome.code == 2
    assert "Usage: zoo" in outcome.out + outcome.err


@pytest.mark.parametrize(
    ("args", "says"),
    [
        (["serch"], "serch"),
        (["search", "--tsk", "x"], "--tsk"),
        (["search", "--limit", "many"], "--limit"),
        (["search", "--limit", "0"], "--limit"),
        (["search", "--limit", "-3"], "--limit"),
        (["search", "--limit", "9" * 30], "--limit"),
        (["search", "--limit"], "--limit"),
        (["search", "--json=yes"], "--json"),
        (["list", "word"], "word"),
        (["show"], "MODEL"),
        (["show", "a", "b"], "b"),
        (["pull"], "MODEL"),
        (["rm"], "MODEL"),
        (["predict"], "MODEL"),
        (["predict", "a", "b", "--batch", "0"], "batch"),
        (["predict", "a", "b", "--batch", "-1"], "batch"),
        (["predict", "a", "b", "--set"], "--set"),
        (["finetune", "a"], "zoo finetune MODEL DATA"),
        (["finetune", "a", "b", "--resume", "last"], "knows its model"),
        (["evaluate"], "MODEL"),
        (["recommend"], "DATA"),
        (["data", "doctor", "x"], "--task"),
        (["runs", "compare"], "RUN"),
        (["finetune", "a", "--data", "b", "--limit", "0"], "limit"),
        (["finetune", "a", "--data", "b", "--seed", "x"], "seed"),
        (["finetune", "a", "--data", "b", "--test-size", "half"], "--test-size"),
        (["plugin", "lst"], "lst"),
        (["doctor", "--depp"], "--depp"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_usage_errors_name_what_is_wrong(cli: Cli, home: Path, args: list[str], says: str) -> None:
    outcome = cli(*args)
    assert (outcome.code, outcome.out) == (2, "")
    assert outcome.err.startswith(("Usage: zoo", "Error: "))
    assert says in outcome.err.partition("Error")[2]


def complete(home: Path, words: str) -> list[str]:
    """What bash is told, by Typer's own protocol, when Tab is pressed at the end of `words`."""
    import os

    environment = {
        **os.environ,
        "ZOO_HOME": str(home),
        "_ZOO_COMPLETE": "complete_bash",
        "COMP_WORDS": words,
        "COMP_CWORD": str(len(words.split(" ")) - 1),
    }
    command = Path(sys.executable).with_name("zoo")
    made = subprocess.run([command], env=environment, capture_output=True, text=True, check=False)
    assert made.stderr == ""
    return made.stdout.split()


def test_the_shell_completes_names_of_models(home: Path) -> None:
    assert complete(home, "zoo show local/p") == ["local/pics"]
    found = complete(home, "zoo predict mobilenetv2_1")
    assert "mobilenetv2_100" in found
    assert all(name.startswith("mobilenetv2_1") for name in found)


def test_completion_without_a_catalog_is_silent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from zoo.cli.options import model_names

    monkeypatch.setenv("ZOO_HOME", str(tmp_path / "nowhere"))
    assert model_names("res") == []
    monkeypatch.setenv("ZOO_OFFLINE", "perhaps")
    assert model_names("res") == []
    assert not (tmp_path / "nowhere").exists()
