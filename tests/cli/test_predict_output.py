"""`zoo predict --output`: what is killed is gone on with, whatever ends it, in constant memory."""

from __future__ import annotations

import json
import os
import pty
import resource
import select
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.tiny_fixtures import Cli, Models

BAD_INPUT = 4
RESOURCES = 7
WORDS = ("good", "bad", "poor", "great", "very", "film", "play", "cat")


def texts(count: int) -> list[str]:
    """Different texts of a few words each."""
    return [f"{' '.join(WORDS[(n >> k) % 8] for k in range(0, 12, 3))} {n}" for n in range(count)]


def piped(lines: list[str]) -> bytes:
    return "".join(f"{line}\n" for line in lines).encode()


def records(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_bytes().split(b"\n")[:-1]]


def started(*args: object, **more: Any) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-m", "zoo", "predict", *map(str, args)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        **more,
    )


def wait_for(process: subprocess.Popen[bytes], reached: Callable[[], bool]) -> None:
    """Until the process has come so far; it is given no chance to end before."""
    while not reached():
        assert process.poll() is None, process.communicate()[1].decode()
        time.sleep(0.005)


def has_lines(path: Path, count: int) -> Callable[[], bool]:
    return lambda: path.exists() and path.read_bytes().count(b"\n") >= count


def test_results_are_in_the_file_and_a_summary_on_standard_error(
    cli: Cli, home: Path, models: Models, tmp_path: Path
) -> None:
    path = tmp_path / "results.jsonl"
    outcome = cli("predict", "pics", models.squares / "red", "--output", path)
    assert (outcome.code, outcome.out) == (0, "")
    assert outcome.err.startswith(f"zoo: 8 records in {path}; 8 inputs in ")
    assert outcome.err.endswith(" a second\n")
    same = cli("predict", "pics", models.squares / "red", "--json").lines
    for record, line in zip(records(path), same, strict=True):
        assert record.pop("model") == "local/pics"
        assert len(record.pop("revision")) == 64
        assert record == line
    again = cli("predict", "pics", models.squares / "red", "-o", path)
    assert again.err == f"zoo: 8 records in {path}, 8 of them before; 0 inputs\n"


def test_the_summary_as_json_and_in_silence(cli: Cli, home: Path, tmp_path: Path) -> None:
    path = tmp_path / "results.parquet"
    outcome = cli("predict", "judge", "a", "b", "--output", path, "--json")
    assert outcome.err == ""
    assert {**outcome.json, "seconds": 0, "rate": 0} == {
        "path": str(path),
        "records": 2,
        "failed": 0,
        "resumed": 0,
        "done": 2,
        "seconds": 0,
        "rate": 0,
    }
    quiet = cli("predict", "judge", "a", "b", "--output", path, "--quiet")
    assert (quiet.code, quiet.out, quiet.err) == (0, "", "")


@pytest.mark.timeout(180)  # Python is started four times over
def test_killed_at_any_moment_and_gone_on_with(cli: Cli, home: Path, tmp_path: Path) -> None:
    inputs = texts(150)
    whole, path = tmp_path / "whole.jsonl", tmp_path / "killed.jsonl"
    # One input at a time: how a batch is cut may change the last digit of a number.
    assert cli("predict", "judge", "-", "-o", whole, "--batch", 1, stdin=piped(inputs)).code == 0
    for count in (1, 40, 90):
        process = started("judge", "-", "-o", path, "--batch", "1")
        assert process.stdin is not None
        process.stdin.write(piped(inputs[:140]))  # and it waits for more, so that it cannot come to its end
        process.stdin.flush()
        wait_for(process, has_lines(path, count))
        process.kill()
        process.communicate()
        assert process.returncode == -signal.SIGKILL
        before = path.read_bytes()
        assert whole.read_bytes().startswith(before[: before.rfind(b"\n") + 1])
        path.write_bytes(before + whole.read_bytes()[len(before) : len(before) + 41])  # killed while it wrote
    outcome = cli("predict", "judge", "-", "-o", path, "--batch", 1, stdin=piped(inputs))
    assert outcome.code == 0
    assert " of them before; " in outcome.err
    assert path.read_bytes() == whole.read_bytes()


@pytest.mark.timeout(120)
def test_a_killed_table_is_gone_on_with(cli: Cli, home: Path, tmp_path: Path) -> None:
    import pyarrow.parquet as pq

    inputs = texts(100)
    path = tmp_path / "results.parquet"
    part = tmp_path / "results.parquet.part-0.jsonl"
    process = started("texts", "-", "-o", path, "--batch", "1")
    assert process.stdin is not None
    process.stdin.write(piped(inputs))
    process.stdin.flush()
    wait_for(process, has_lines(part, 20))
    process.kill()
    process.communicate()
    assert not path.exists()
    assert cli("predict", "texts", "-", "-o", path, "--batch", 1, stdin=piped(inputs)).code == 0
    assert cli("predict", "texts", "-", "-o", tmp_path / "x.jsonl", "--batch", 1, stdin=piped(inputs)).code == 0
    rows = pq.read_table(path).to_pylist()
    assert [row["input"] for row in rows] == inputs
    assert [row["vector"] for row in rows] == [record["result"]["vector"] for record in records(tmp_path / "x.jsonl")]
    assert not part.exists()


def test_ctrl_c_says_how_to_go_on(home: Path, tmp_path: Path) -> None:
    path = tmp_path / "results.jsonl"
    process = started("judge", "-", "-o", path)
    assert process.stdin is not None
    process.stdin.write(piped(texts(2000)))
    process.stdin.flush()
    wait_for(process, has_lines(path, 10))
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=30)
    assert (process.returncode, out) == (130, b"")
    done = len(records(path))
    assert (
        err.decode().split()
        == (
            f"zoo: {done} inputs are done; the same command goes on from there "
            "zoo: interrupted; what was finished is kept"
        ).split()
    )
    assert path.read_bytes().endswith(b"}\n")
    assert json.loads(Path(f"{path}.state.json").read_text())["finished"] is False


def test_a_full_disk(cli: Cli, home: Path, tmp_path: Path) -> None:
    path = tmp_path / "results.jsonl"
    limit = 20_000

    def small() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, resource.getrlimit(resource.RLIMIT_FSIZE)[1]))

    process = started("judge", "-", "-o", path, preexec_fn=small)
    _, err = process.communicate(piped(texts(400)), timeout=60)
    assert process.returncode == RESOURCES
    assert b"Traceback" not in err
    assert f"zoo: no more can be written into {path}" in err.decode()
    assert "the same command goes on from there" in err.decode()
    there = path.read_bytes()
    assert limit - 400 < len(there) <= limit
    assert there.endswith(b"}\n")
    assert cli("predict", "judge", "-", "-o", path, stdin=piped(texts(400))).code == 0
    assert path.read_bytes().startswith(there)
    assert [record["input"] for record in records(path)] == texts(400)


@pytest.mark.timeout(120)
def test_many_texts_through_a_pipe(cli: Cli, home: Path, tmp_path: Path) -> None:
    path = tmp_path / "results.jsonl"
    inputs = texts(20_000)
    assert cli("predict", "judge", "-", "-o", path, "--batch", 256, stdin=piped(inputs)).code == 0
    with path.open("rb") as file:
        assert [json.loads(line)["input"] for line in file] == inputs
    again = cli("predict", "judge", "-", "-o", path, "--batch", 256, "--json", stdin=piped([*inputs, "one more"]))
    assert (again.json["resumed"], again.json["done"], again.json["records"]) == (20_000, 1, 20_001)


def test_another_model_is_refused_unless_told_to_begin_again(cli: Cli, home: Path, tmp_path: Path) -> None:
    path = tmp_path / "results.jsonl"
    assert cli("predict", "judge", "a", "-o", path).code == 0
    outcome = cli("predict", "texts", "a", "-o", path)
    assert outcome.code == BAD_INPUT
    assert outcome.err.splitlines() == [
        f"zoo: {path} was written with model local/judge, and now it is local/texts",
        "     Name another file, or start again with --overwrite (Python: resume=False).",
    ]
    assert cli("predict", "judge", "a", "-o", path, "--set", "top_k=1").code == BAD_INPUT
    assert cli("predict", "judge", "b", "-o", path).code == BAD_INPUT
    assert cli("predict", "judge", "a", "-o", path, "--autocast", "bfloat16").code == BAD_INPUT
    assert cli("predict", "texts", "a", "-o", path, "--overwrite").code == 0
    assert [record["task"] for record in records(path)] == ["feature-extraction"]


@pytest.mark.parametrize(
    ("policy", "code", "kept", "named"),
    [
        ("return", BAD_INPUT, [True, False, True, False], 2),
        ("skip", 0, [True, True], 2),
        ("raise", BAD_INPUT, [True], 1),
    ],
)
@pytest.mark.parametrize("to_file", [True, False])
def test_inputs_that_cannot_be_used(
    cli: Cli,
    home: Path,
    models: Models,
    tmp_path: Path,
    policy: str,
    code: int,
    kept: list[bool],
    named: int,
    to_file: bool,
) -> None:
    path = tmp_path / "results.jsonl"
    inputs = (models.red, "nowhere.png", models.red, "gone.png")
    where = ("-o", path) if to_file else ("--json",)
    for _ in range(2):
        outcome = cli("predict", "pics", *inputs, *where, "--on-error", policy)
        assert outcome.code == code
        found = records(path) if to_file else outcome.lines
        assert ["result" in record for record in found] == kept
    if not to_file:
        assert outcome.err.count("zoo: there is no file") == named
    elif policy != "raise":
        what = "their records have an error" if policy == "return" else f"they are listed in {path}.skipped.jsonl"
        assert outcome.err.splitlines()[-1].startswith(f"     2 failed; {what}")


@pytest.mark.parametrize(
    ("name", "code", "cause"),
    [
        ("x.csv", BAD_INPUT, "results are nested and cannot be written as .csv"),
        (".", BAD_INPUT, "cannot be written as a file without an ending"),
        ("folder.jsonl", BAD_INPUT, "is a folder"),
        ("notes.jsonl", BAD_INPUT, "is there, without notes.jsonl.state.json"),
        ("notes.jsonl/x.jsonl", RESOURCES, "cannot be written"),
        ("closed/x.jsonl", RESOURCES, "cannot be written"),
    ],
)
def test_bad_paths_are_told_before_the_model_is_looked_for(
    cli: Cli, home: Path, in_tmp: Path, name: str, code: int, cause: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    (in_tmp / "folder.jsonl").mkdir()
    (in_tmp / "notes.jsonl").write_text("mine")
    (in_tmp / "closed").mkdir()
    access = os.access
    monkeypatch.setattr(os, "access", lambda path, mode: Path(path).name != "closed" and access(path, mode))
    outcome = cli("predict", "no-such-model", "a", "--output", name)
    assert (outcome.code, outcome.out) == (code, "")
    assert cause in outcome.err
    assert outcome.err.count("\n") == 2
    assert (in_tmp / "notes.jsonl").read_text() == "mine"


def test_wrong_options(cli: Cli, home: Path) -> None:
    for args in (("--on-error", "ignore"), ("--overwrite",), ("--output", "x.csv", "--overwrite")):
        outcome = cli("predict", "judge", "a", *args)
        assert (outcome.code, outcome.out) == (BAD_INPUT, "")
        assert outcome.err.startswith("zoo: ")


def test_pyarrow_is_asked_for_by_name(cli: Cli, home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow.parquet", None)
    outcome = cli("predict", "judge", "a", "-o", tmp_path / "x.parquet")
    assert outcome.code == 8
    assert "pip install pyarrow" in outcome.err


def test_no_input_leaves_no_file(cli: Cli, home: Path, tmp_path: Path) -> None:
    path = tmp_path / "x.jsonl"
    assert cli("predict", "judge", "-", "-o", path).code == BAD_INPUT
    assert not path.exists()


def test_pictures_are_saved_as_well(cli: Cli, home: Path, models: Models, tmp_path: Path) -> None:
    outcome = cli("predict", "pics", models.red, "-o", tmp_path / "x.jsonl", "--save", tmp_path / "out")
    assert outcome.code == 0
    assert (tmp_path / "out" / "0.png").is_file()
    assert len(records(tmp_path / "x.jsonl")) == 1


def on_a_terminal(args: list[str], stdin: bytes, **more: Any) -> str:
    """What a command shows on a terminal of 100 columns."""
    ours, theirs = pty.openpty()
    env = os.environ | {"TERM": "xterm", "COLUMNS": "100"}
    process = subprocess.Popen(
        [sys.executable, "-m", "zoo", "predict", *args], stdin=subprocess.PIPE, stderr=theirs, env=env, **more
    )
    os.close(theirs)
    assert process.stdin is not None
    process.stdin.write(stdin)
    process.stdin.close()
    shown = b""
    while select.select([ours], [], [], 60)[0]:
        try:
            shown += os.read(ours, 1 << 16)
        except OSError:  # the other end was closed
            break
    os.close(ours)
    assert process.wait(timeout=30) == 0
    return shown.decode()


def test_a_bar_on_a_terminal(home: Path, tmp_path: Path) -> None:
    path = tmp_path / "x.jsonl"
    inputs = texts(60)
    shown = on_a_terminal(["judge", *inputs, "-o", str(path)], b"", stdout=subprocess.DEVNULL)
    assert "60/60" in shown
    assert "zoo: 60 records in" in shown
    assert "━" not in on_a_terminal(["judge", "-", "-o", str(path), "-q", "--overwrite"], piped(inputs))
    assert len(records(path)) == 60
