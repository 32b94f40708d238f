"""`zoo predict` on small models: what it prints and writes, and what it does when an input or the user breaks off."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.tiny_fixtures import Cli, Models

BAD_INPUT = 4


def test_one_picture_gives_one_line(cli: Cli, home: Path, models: Models) -> None:
    outcome = cli("predict", "pics", models.red)
    assert (outcome.code, outcome.err) == (0, "")
    (line,) = outcome.out.splitlines()
    assert {"ant", "bee", "cat"} == {part.split()[0] for part in line.split(", ")}


def test_json_is_one_object_a_line(cli: Cli, home: Path, models: Models) -> None:
    lines = cli("predict", "pics", models.squares / "red", models.red, "--json").lines
    assert len(lines) == 9
    for line in lines:
        assert line.keys() == {"input", "task", "result"}
        assert line["task"] == "image-classification"
        labels = line["result"]["labels"]
        assert sum(label["score"] for label in labels) == pytest.approx(1, abs=1e-4)
        assert labels == sorted(labels, key=lambda label: -label["score"])
    assert [Path(line["input"]).name for line in lines] == [f"{n}.png" for n in range(8)] + ["0.png"]
    assert lines[-1]["result"] == lines[0]["result"]


def test_several_inputs_carry_their_names(cli: Cli, home: Path, models: Models) -> None:
    out = cli("predict", "pics", models.squares / "red").out
    assert [line.partition("\t")[0] for line in out.splitlines()] == [
        str(models.squares / "red" / f"{n}.png") for n in range(8)
    ]


def test_python_and_the_command_line_give_the_same(cli: Cli, home: Path, models: Models) -> None:
    import zoo

    (line,) = cli("predict", "pics", models.red, "--json").lines
    (theirs, ours) = (zoo.load("pics").predict(models.red).to_dict()["labels"], line["result"]["labels"])
    assert [label["label"] for label in theirs] == [label["label"] for label in ours]
    assert [label["score"] for label in theirs] == pytest.approx([label["score"] for label in ours])


def test_a_folder_that_was_never_pulled(cli: Cli, zoo_home: Path, models: Models) -> None:
    (line,) = cli("predict", models.judge, "a good film", "--json").lines
    assert {label["label"] for label in line["result"]["labels"]} == {"good", "bad"}


def test_an_embedding_has_a_vector(cli: Cli, home: Path) -> None:
    (line,) = cli("predict", "texts", "a good film", "--json").lines
    assert line["task"] == "feature-extraction"
    assert len(line["result"]["vector"]) == 16


def test_another_task_and_its_options(cli: Cli, home: Path, models: Models) -> None:
    (line,) = cli("predict", "pics", models.red, "--task", "image-feature-extraction", "--json").lines
    assert len(line["result"]["vector"]) == 96
    (line,) = cli("predict", "pics", models.red, "--set", "top_k=1", "--json").lines
    assert len(line["result"]["labels"]) == 1
    (line,) = cli("predict", "texts", "a good film\tthe end", "--task", "sentence-similarity", "--json").lines
    assert len(line["result"]["scores"]) == 1


@pytest.mark.parametrize("args", [["-"], []], ids=["dash", "pipe"])
def test_standard_input_is_read_line_by_line(cli: Cli, home: Path, args: list[str]) -> None:
    given = "a good film\r\n\n   \nthe end\nä 日本".encode()
    lines = cli("predict", "judge", *args, "--json", stdin=given).lines
    assert [line["input"] for line in lines] == ["a good film", "the end", "ä 日本"]


def test_standard_input_between_other_inputs(cli: Cli, home: Path) -> None:
    lines = cli("predict", "judge", "first", "-", "last", "--json", stdin=b"middle\n").lines
    assert [line["input"] for line in lines] == ["first", "middle", "last"]


def test_standard_input_may_name_files(cli: Cli, home: Path, models: Models) -> None:
    lines = cli("predict", "pics", "-", "--json", stdin=f"{models.red}\n".encode()).lines
    assert [line["input"] for line in lines] == [str(models.red)]


@pytest.mark.parametrize("as_json", [True, False])
def test_one_broken_input_does_not_stop_the_others(cli: Cli, home: Path, models: Models, as_json: bool) -> None:
    outcome = cli("predict", "pics", models.red, "nowhere.png", models.red, *(["--json"] if as_json else []))
    assert outcome.code == BAD_INPUT
    assert outcome.err == "zoo: there is no file nowhere.png\n"
    assert len(outcome.out.splitlines()) == (3 if as_json else 2)
    if as_json:
        good, bad, again = outcome.lines
        assert good["result"] == again["result"]
        assert bad == {
            "input": "nowhere.png",
            "task": "image-classification",
            "error": {"cause": "there is no file nowhere.png", "remedy": ""},
        }


def test_save_writes_pictures_and_never_over_others(cli: Cli, home: Path, models: Models, tmp_path: Path) -> None:
    from PIL import Image

    out = tmp_path / "new" / "out"
    inputs = (models.red, models.squares / "blue" / "0.png")
    for round_ in (1, 2):
        outcome = cli("predict", "pics", *inputs, "--save", out)
        assert outcome.code == 0
        assert outcome.err.count("zoo: wrote ") == 2
        assert len(list(out.iterdir())) == 2 * round_
    assert {path.name for path in out.iterdir()} == {"0.png", "0-2.png", "0-3.png", "0-4.png"}
    for path in out.iterdir():
        with Image.open(path) as image:
            image.load()
            assert image.size >= (24, 24)
    assert (out / "0.png").read_bytes() == (out / "0-3.png").read_bytes()


def test_what_cannot_be_drawn_is_not_saved(cli: Cli, home: Path, tmp_path: Path) -> None:
    outcome = cli("predict", "judge", "a good film", "--save", tmp_path / "out")
    assert (outcome.code, outcome.out) == (BAD_INPUT, "")
    assert not (tmp_path / "out").exists()


def test_control_characters_in_names_do_not_reach_the_terminal(
    cli: Cli, home: Path, models: Models, tmp_path: Path
) -> None:
    sly = tmp_path / "\x1b[31mred\x07\x9b.png"
    sly.write_bytes(models.red.read_bytes())
    outcome = cli(
        "predict", "pics", sly, models.red, tmp_path / "\x1b[2Jmissing.png", "--save", tmp_path / "\x1b[1mout"
    )
    assert outcome.code == BAD_INPUT
    assert "missing.png" in outcome.err
    assert not any(c in outcome.out + outcome.err for c in "\x1b\x07\x9b")
    lines = cli("predict", "pics", sly, "--json").out
    assert json.loads(lines)["input"] == str(sly)
    assert "\x1b" not in lines


def test_a_file_name_that_is_no_text(cli: Cli, home: Path, models: Models, tmp_path: Path) -> None:
    odd = tmp_path / os.fsdecode(b"\xff\xfe.png")
    odd.write_bytes(models.red.read_bytes())
    plain = cli("predict", "pics", odd, models.red)
    assert (plain.code, plain.err) == (0, "")
    assert plain.out.startswith(f"{tmp_path}/\ufffd\ufffd.png\t")
    lines = cli("predict", "pics", odd, models.red, "--json").lines
    assert [line["input"] for line in lines] == [str(odd), str(models.red)]


def test_ctrl_c_ends_with_130_and_without_a_traceback(home: Path, models: Models) -> None:
    many = [str(models.squares)] * 2000
    process = subprocess.Popen(
        [sys.executable, "-m", "zoo", "predict", "pics", *many, "--json"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert json.loads(process.stdout.readline())["task"] == "image-classification"
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=30)
    assert process.returncode == 130
    assert err.strip() == "zoo: interrupted; what was finished is kept"
    assert all(json.loads(line) for line in out.splitlines()[1:])  # readline took the beginning of the first


def test_ctrl_c_while_the_next_input_is_awaited(home: Path) -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "zoo", "predict", "judge", "-"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write("a good film\n" * 2000)
    process.stdin.flush()
    assert process.stdout.readline().startswith("a good film\t")  # inputs are answered while others are still to come
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=30)
    assert process.returncode == 130
    assert all(line.startswith("a good film\t") for line in out.splitlines()[1:])  # see above
    assert err.strip() == "zoo: interrupted; what was finished is kept"


def test_a_reader_that_goes_away_is_no_error(home: Path, models: Models) -> None:
    piped = f"{sys.executable} -m zoo predict pics {models.squares} {models.squares} | head -1; exit ${{PIPESTATUS[0]}}"
    made = subprocess.run(["bash", "-c", piped], capture_output=True, text=True, check=False)
    assert (made.returncode, made.stderr) == (0, "")
    assert len(made.stdout.splitlines()) == 1
