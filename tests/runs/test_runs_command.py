from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.runs.conftest import Made, judged, record
from zoo.cli.run_card import sparkline
from zoo.cli.runs import lasted
from zoo.registry import Registry
from zoo.runs import begin
from zoo.store.disk import write_lines


def test_no_runs(registry: Registry, cli):
    done = cli("runs", full=True)
    assert (done.code, done.out) == (0, "")
    assert "no runs" in done.err
    assert cli("runs", "list", "--json", full=True).json == []


def test_the_list(registry: Registry, made: Made, cli):
    one = made(id="20260101-000000-aaaaaa", evaluation=judged(0.8, 0.7, 0.9), timing={"seconds": 3})
    two = made("failed", id="20260102-000000-aaaaaa", model="evil\x1b[31m")
    lines = cli("runs", full=True).out.splitlines()
    assert lines[0].split() == ["run", "kind", "model", "method", "data", "score", "outcome", "started", "took"]
    assert lines[1].split()[:2] == [two, "finetune"] and "failed" in lines[1] and "\x1b" not in lines[1]
    assert lines[2].split()[:8] == [one, "finetune", "my-pets", "probe", "pets", "accuracy", "0.8", "done"]
    told = cli("runs", "list", "--json", "--model", "my-pets", full=True).json
    assert [run["id"] for run in told] == [one]
    assert told[0]["score"] == {"name": "accuracy", "value": 0.8, "low": 0.7, "high": 0.9}
    assert [run["id"] for run in cli("runs", "list", "--json", "--limit", "1", full=True).json] == [two]
    assert cli("runs", "list", "--json", "--kind", "evaluate", full=True).json == []


def test_a_run_in_full(registry: Registry, made: Made, cli):
    run = made(
        evaluation=judged(0.8, 0.7, 0.9),
        chosen={"strength": 0.5},
        why="80 examples are few",
        notes=["It stopped early."],
        environment={"argv": ["zoo", "finetune", "resnet18", "my pets/"], "folder": "/home/ada"},
    )
    folder = registry.home / "runs" / run
    write_lines(folder / "curves.jsonl", [{"step": s, "loss": 4.0 - s} for s in range(1, 4)])
    (folder / "report.html").write_text("x")
    done = cli("runs", "show", "last", full=True)
    assert done.code == 0
    out = done.out
    assert out.startswith(f"{run}: done\n")
    for line in (
        "method    probe: 80 examples are few",
        "data      pets, 80 train, 0 validation, 20 test",
        "settings  epochs 3, seed 0, strength 0.5",
        "note      It stopped early.",
        "accuracy  0.8 (0.7 to 0.9)",
        "loss          3  █▅▁  1",
        f"report    {folder / 'report.html'}",
        "again     zoo finetune resnet18 'my pets/'  (in /home/ada)",
    ):
        assert line in out.splitlines()
    assert "go on" not in out and "card  " not in out
    told = cli("runs", "show", run[:-1], "--json", full=True).json
    assert (told["report"], told["card"], told["continue"]) == (str(folder / "report.html"), None, None)
    assert told["command"] == "zoo finetune resnet18 'my pets/'"
    assert told["evaluation"]["main"] == "accuracy"


@pytest.mark.parametrize(
    ("outcome", "words"),
    [
        ("failed", "failed: ValueError: the loss is not a number"),
        ("interrupted", "interrupted: interrupted with Ctrl-C"),
    ],
)
def test_what_can_go_on_says_how(registry: Registry, made: Made, cli, outcome: str, words: str):
    run = made(outcome)
    out = cli("runs", "show", run, full=True).out
    assert out.startswith(f"{run}: {words}\n")
    assert f"go on          zoo finetune --resume {run}" in out or f"go on     zoo finetune --resume {run}" in out


def test_a_killed_run_says_so(registry: Registry, made: Made, cli):
    run = made()
    path = registry.home / "runs" / run / "record.json"
    kept = json.loads(path.read_text())
    path.write_text(json.dumps({**kept, "outcome": "running", "process": {"pid": 1, "started": 0.0}}))
    path.write_text(path.read_text().replace('"pid": 1', f'"pid": 1, "host": {json.dumps(_host())}'))
    assert " stopped " in cli("runs", full=True).out
    out = cli("runs", "show", run, full=True).out
    assert "stopped: it was killed, or the machine went down" in out
    assert f"zoo finetune --resume {run}" in out


def _host() -> str:
    import platform

    return platform.node()


def test_a_damaged_record_does_not_hide_the_others(registry: Registry, made: Made, cli):
    bad, good = made(id="20260102-000000-aaaaaa"), made(id="20260101-000000-aaaaaa")
    (registry.home / "runs" / bad / "record.json").write_text('{"id": "2026')
    out = cli("runs", full=True).out
    assert "unreadable" in out and good in out
    done = cli("runs", "show", bad, full=True)
    assert (done.code, "cannot be read" in done.out) == (0, True)
    assert cli("runs", "show", bad, "--json", full=True).json["outcome"] == "unreadable"
    assert cli("runs", "report", bad, full=True).code == 4
    assert cli("runs", "compare", bad, good, full=True).code == 4
    assert cli("runs", "rm", bad, full=True).code == 0


def test_errors_have_their_codes(registry: Registry, made: Made, cli):
    made(id="20260101-000000-aaaaaa")
    made(id="20260101-000000-bbbbbb")
    done = cli("runs", "show", "20270101", full=True)
    assert done.code == 3 and "there is no run '20270101'" in done.err
    done = cli("runs", "show", "2026", full=True)
    assert done.code == 4 and "2 runs begin with '2026'" in done.err
    assert cli("runs", "compare", "last", full=True).code == 4
    assert cli("runs", "rm", full=True).code == 2
    assert cli("runs", "list", "--limit", "0", full=True).code == 2


def test_side_by_side(registry: Registry, made: Made, cli):
    one = made(id="20260101-000000-aaaaaa", evaluation=judged(0.8, 0.75, 0.85))
    two = made(id="20260102-000000-aaaaaa", evaluation=judged(0.9, 0.86, 0.94), method="lora")
    out = cli("runs", "compare", one, two, full=True).out
    lines = [" ".join(line.split()) for line in out.splitlines()]
    assert f"setting {one} {two}" in lines and "method probe lora" in lines
    assert "judged on: the same" in lines
    assert "accuracy 0.8 (0.75 to 0.85) 0.9 (0.86 to 0.94) * apart" in lines
    told = cli("runs", "compare", one, "last", "--json", full=True).json
    assert (told["metrics"][0]["best"], told["same_held_out"]) == (1, True)


def test_scores_that_cannot_be_compared_say_so(registry: Registry, made: Made, cli):
    one = made(id="20260101-000000-aaaaaa", evaluation=judged(0.8, 0.75, 0.85), data={"name": "other"})
    two = made(id="20260102-000000-aaaaaa", evaluation=judged(0.9, 0.86, 0.94))
    out = cli("runs", "compare", one, two, full=True).out
    assert "these scores cannot be compared" in out and "apart" not in out and " *" not in out


def test_papers_are_made_again(registry: Registry, made: Made, cli):
    run = made(evaluation=judged(0.8, 0.7, 0.9), revision="cd" * 32)
    done = cli("runs", "report", "last", full=True)
    report, card = map(Path, done.out.splitlines())
    assert (report.parent.name, report.name, card.name) == (run, "report.html", "README.md")
    assert "0.800" in report.read_text(encoding="utf-8")
    assert cli("runs", "report", run, "--json", full=True).json == {"run": run, "files": [str(report), str(card)]}


def test_removing(registry: Registry, made: Made, cli):
    done, failed = made(id="20260101-000000-aaaaaa"), made("failed", id="20260102-000000-aaaaaa")
    for run in (done, failed):
        (registry.home / "runs" / run / "checkpoints").mkdir()
        (registry.home / "runs" / run / "checkpoints" / "state").write_bytes(bytes(2000))
    assert cli("runs", "rm", "--checkpoints", full=True).out == "removed the checkpoints of 1 runs, 2.0 kB\n"
    assert (registry.home / "runs" / failed / "checkpoints" / "state").is_file()  # it can still go on
    told = cli("runs", "rm", "--checkpoints", failed, "--json", full=True).json
    assert told == [{"run": failed, "freed": 2000}]
    assert cli("runs", "rm", done, "20260102", full=True).code == 0
    assert cli("runs", "list", "--json", full=True).json == []


def test_a_run_that_runs_stays(registry: Registry, cli):
    with begin(registry, record()) as kept:
        done = cli("runs", "rm", kept["id"], full=True)
        assert done.code == 4 and "still runs" in done.err
        assert cli("runs", "rm", "--checkpoints", full=True).code == 0
    assert cli("runs", "list", "--json", full=True).json[0]["outcome"] == "done"


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (None, ""),
        (0.04, "0.0 s"),
        (9.96, "10.0 s"),
        (59.4, "59 s"),
        (59.6, "1 min 00 s"),
        (184, "3 min 04 s"),
        (3900, "1 h 05 min"),
    ],
)
def test_durations(seconds: float | None, text: str):
    assert lasted(seconds) == text


def test_sparklines():
    assert sparkline([0, 1, 2, 3, 4, 5, 6, 7]) == "▁▂▃▄▅▆▇█"
    assert sparkline([3.0, 3.0]) == "▁▁"
    assert sparkline([1.0, float("nan"), 2.0]) == "▁×█"
    assert sparkline([float("nan")] * 2) == "××"
    assert len(sparkline(list(range(1000)))) == 48
