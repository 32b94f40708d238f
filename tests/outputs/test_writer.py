"""Result files of small real models: what is in them, and that any break is gone on from."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.tiny_fixtures import Models
from zoo import Model, Zoo
from zoo.data import Item
from zoo.errors import BadData, BadInput, BadOption, IntegrityError, ResourceError
from zoo.outputs import Summary, Writer, write_results

TEXTS = ["a good film", "a bad play", "the end", "very very good", "the end", "ä 日本 \u2028 x", "poor cats", "dog"]


def lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_bytes().split(b"\n")[:-1]]


def state(path: Path) -> dict[str, Any]:
    return json.loads(path.with_name(f"{path.name}.state.json").read_text(encoding="utf-8"))


class Broken(Exception):
    """Stands for whatever ends a run."""


def broken_off(model: Model, inputs: list[Any], path: Path, after: int, **more: Any) -> None:
    """A run that ends after so many results."""
    with pytest.raises(Broken), Writer(model, path, **more) as writer:
        for number, _ in enumerate(writer.run(inputs), 1):
            if number == after:
                raise Broken


def test_records(judge: Model, tmp_path: Path) -> None:
    path = tmp_path / "new" / "folder" / "results.jsonl"
    summary = write_results(judge, TEXTS, path)
    assert (summary.records, summary.failed, summary.resumed, summary.done) == (8, 0, 0, 8)
    assert summary.path == path
    assert summary.rate > 0
    found = lines(path)
    assert [record["input"] for record in found] == TEXTS
    expected = judge.predict(TEXTS)
    for record, result in zip(found, expected, strict=True):
        assert list(record) == ["input", "task", "model", "revision", "result"]
        assert record["result"] == result.to_dict()
        assert record["model"] == judge.card.id
        assert record["revision"] == judge.revision
    kept = state(path)
    assert kept["finished"] is True
    assert (kept["records"], kept["failed"], kept["options"]) == (8, 0, {"top_k": 5} | kept["options"])


@pytest.mark.parametrize("after", [1, 3, 7, 8])
@pytest.mark.parametrize("ending", ["jsonl", "parquet"])
def test_going_on(judge: Model, tmp_path: Path, after: int, ending: str) -> None:
    whole, path = tmp_path / f"whole.{ending}", tmp_path / f"broken.{ending}"
    write_results(judge, TEXTS, whole)
    broken_off(judge, TEXTS, path, after)
    assert state(path)["finished"] is False
    assert path.exists() is (ending == "jsonl")
    summary = write_results(judge, TEXTS, path)
    assert (summary.resumed, summary.done, summary.records) == (after, 8 - after, 8)
    assert path.read_bytes() == whole.read_bytes()
    again = write_results(judge, TEXTS, path)
    assert (again.resumed, again.done) == (8, 0)
    assert path.read_bytes() == whole.read_bytes()
    names = {"broken.X", "broken.X.state.json", "whole.X", "whole.X.state.json"}
    assert {p.name for p in tmp_path.iterdir()} == {name.replace("X", ending) for name in names}


def test_a_file_cut_at_any_byte_is_gone_on_from(judge: Model, tmp_path: Path) -> None:
    path = tmp_path / "results.jsonl"
    write_results(judge, TEXTS[:4], path)
    whole = path.read_bytes()
    for cut in [*range(0, len(whole), 67), len(whole) - 1]:
        path.write_bytes(whole[:cut])
        summary = write_results(judge, TEXTS[:4], path)
        assert summary.resumed == whole[:cut].count(b"\n")
        assert path.read_bytes() == whole


def test_nothing_is_computed_twice(judge: Model, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "results.jsonl"
    broken_off(judge, TEXTS, path, 5)
    with Writer(judge, path) as writer:
        assert [item.name for item, _ in writer.run(iter(TEXTS))] == TEXTS[5:]


def test_texts_that_changed_are_refused(judge: Model, tmp_path: Path) -> None:
    path = tmp_path / "results.jsonl"
    write_results(judge, TEXTS, path)
    before = path.read_bytes()
    with pytest.raises(BadInput, match="result of 'the end' as its number 3, and that input is 'new' now"):
        write_results(judge, [*TEXTS[:2], "new", *TEXTS[2:]], path)
    with pytest.raises(BadInput, match="number 3, and that input is missing now"):
        write_results(judge, TEXTS[:2], path)
    assert path.read_bytes() == before
    assert write_results(judge, [*TEXTS, "more"], path).done == 1
    assert write_results(judge, ["other"], path, resume=False).records == 1
    assert [record["input"] for record in lines(path)] == ["other"]


def test_a_folder_may_grow(pics: Model, models: Models, tmp_path: Path) -> None:
    folder, path = tmp_path / "pictures", tmp_path / "results.parquet"
    shutil.copytree(models.squares / "red", folder)
    assert write_results(pics, folder, path).records == 8
    for name in ("00.png", "9.png"):
        shutil.copy(models.red, folder / name)
    (folder / "3.png").unlink()
    summary = write_results(pics, folder, path)
    assert (summary.resumed, summary.done, summary.records) == (8, 2, 10)
    names = [Path(row["input"]).name for row in rows(path)]
    assert names == [f"{n}.png" for n in range(8)] + ["00.png", "9.png"]
    assert not list(tmp_path.glob("*part*"))


def rows(path: Path) -> list[dict[str, Any]]:
    import pyarrow.parquet as pq

    return pq.read_table(path).to_pylist()


def test_another_model_task_or_option_is_refused(judge: Model, vectors: Model, tmp_path: Path, zoo: Zoo) -> None:
    path = tmp_path / "results.jsonl"
    write_results(judge, TEXTS, path)
    before = path.read_bytes()
    with pytest.raises(BadInput, match="was written with model local/judge, and now it is local/texts") as caught:
        write_results(vectors, TEXTS, path)
    assert "--overwrite" in caught.value.remedy
    with pytest.raises(BadInput, match=r"was written with top_k \d+, and now it is 1"):
        write_results(judge, TEXTS, path, options={"top_k": "1"})
    with pytest.raises(BadInput, match="was written with on_error return, and now it is skip"):
        write_results(judge, TEXTS, path, on_error="skip")
    with pytest.raises(BadInput, match="was written with engine none, and now it is onnxruntime"):
        write_results(judge, TEXTS, path, how={"engine": "onnxruntime"})
    refused = pytest.raises(BadInput, match="was written with dtype float32, and now it is bfloat16")
    with zoo.load("local/judge", dtype="bfloat16", device="cpu") as other, refused:
        write_results(other, TEXTS, path)
    assert path.read_bytes() == before


def test_a_file_of_somebody_else_is_not_touched(judge: Model, tmp_path: Path) -> None:
    path = tmp_path / "notes.jsonl"
    path.write_text('{"mine": 1}\nno line break')
    with pytest.raises(BadInput, match=r"notes\.jsonl is there, without notes\.jsonl\.state\.json"):
        write_results(judge, TEXTS, path)
    assert path.read_text() == '{"mine": 1}\nno line break'
    other = tmp_path / "other.jsonl"
    write_results(judge, TEXTS, other)
    state(other)
    shutil.copy(f"{other}.state.json", f"{path}.state.json")
    with pytest.raises(BadData, match=r"line 1 of .*notes\.jsonl is no record"):
        write_results(judge, TEXTS, path)
    Path(f"{path}.state.json").write_text("{")
    with pytest.raises(BadInput, match="cannot be read"):
        write_results(judge, TEXTS, path)


def test_records_that_another_program_wrote_anew(judge: Model, tmp_path: Path) -> None:
    path = tmp_path / "results.jsonl"
    write_results(judge, TEXTS[:3], path)
    compact = "".join(json.dumps(record, separators=(",", ":"), sort_keys=True) + "\n" for record in lines(path))
    path.write_text(compact)
    assert write_results(judge, TEXTS, path).resumed == 3
    path.write_text(compact.replace(judge.revision, "0" * 64))
    with pytest.raises(BadData, match=r"line 1 of .* is of revision '000"):
        write_results(judge, TEXTS, path)


BAD = ["a.png", "BAD 1.png", "b.png", "BAD 2.png", "c.png", "BAD 3.png"]


@pytest.fixture
def mixed(models: Models, tmp_path: Path) -> list[str]:
    made = []
    for name in BAD:
        path = tmp_path / "in" / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(b"no picture" if name.startswith("BAD") else models.red.read_bytes())
        made.append(str(path))
    return made


@pytest.mark.parametrize("ending", ["jsonl", "parquet"])
def test_errors_are_records(pics: Model, mixed: list[str], tmp_path: Path, ending: str) -> None:
    path = tmp_path / f"results.{ending}"
    summary = write_results(pics, mixed, path)
    assert (summary.records, summary.failed) == (6, 3)
    found = lines(path) if ending == "jsonl" else rows(path)
    assert [bool(record.get("error")) for record in found] == [False, True] * 3
    assert "is not a picture" in found[1]["error"]["cause"] or found[1]["error"]["cause"]
    again = write_results(pics, mixed, path)
    assert (again.resumed, again.failed, again.done) == (6, 3, 0)


@pytest.mark.parametrize("ending", ["jsonl", "parquet"])
@pytest.mark.parametrize("after", [1, 2, 3, 4, 5, 6])
def test_skipped_inputs_stay_skipped(pics: Model, mixed: list[str], tmp_path: Path, ending: str, after: int) -> None:
    path = tmp_path / f"results.{ending}"
    broken_off(pics, mixed, path, after, on_error="skip")
    summary = write_results(pics, mixed, path, on_error="skip")
    assert (summary.records, summary.failed, summary.resumed, summary.done) == (3, 3, after, 6 - after)
    found = lines(path) if ending == "jsonl" else rows(path)
    assert [Path(record["input"]).name for record in found] == ["a.png", "b.png", "c.png"]
    skipped = lines(summary.skipped_file)
    assert [Path(record["input"]).name for record in skipped] == ["BAD 1.png", "BAD 2.png", "BAD 3.png"]
    assert [record["after"] for record in skipped] == [1, 2, 3]
    assert all(record["error"]["cause"] for record in skipped)


def test_skipped_inputs_whose_results_were_lost(pics: Model, mixed: list[str], tmp_path: Path) -> None:
    """The list of what was skipped may be ahead of the results when the machine fails: it is cut back to them."""
    path = tmp_path / "results.jsonl"
    summary = write_results(pics, mixed, path, on_error="skip")
    whole, notes = path.read_bytes(), summary.skipped_file.read_bytes()
    path.write_bytes(whole[: whole.index(b"\n") + 5])
    again = write_results(pics, mixed, path, on_error="skip")
    assert again.resumed == 2
    assert path.read_bytes() == whole
    assert summary.skipped_file.read_bytes() == notes


def test_raise_stops_there_and_keeps_what_came_before(pics: Model, mixed: list[str], tmp_path: Path) -> None:
    path = tmp_path / "results.jsonl"
    for _ in range(2):
        with pytest.raises(BadData, match=r"BAD 1\.png"):
            write_results(pics, mixed, path, on_error="raise")
        assert [Path(record["input"]).name for record in lines(path)] == ["a.png"]
    shutil.copy(mixed[0], mixed[1])
    with pytest.raises(BadData, match=r"BAD 2\.png"):
        write_results(pics, mixed, path, on_error="raise")
    assert len(lines(path)) == 3


def test_inputs_with_names_of_their_own(pics: Model, tmp_path: Path) -> None:
    path = tmp_path / "results.jsonl"
    red = np.full((24, 24, 3), (220, 30, 30), dtype=np.uint8)
    write_results(pics, [Item("first", red), Item("second", red)], path)
    assert [record["input"] for record in lines(path)] == ["first", "second"]


def test_a_second_writer_is_refused(judge: Model, tmp_path: Path) -> None:
    path = tmp_path / "results.jsonl"
    with Writer(judge, path) as writer:
        results = writer.run(TEXTS)
        next(results)
        with pytest.raises(ResourceError, match="another process is writing"):
            write_results(judge, TEXTS, path)
        with pytest.raises(ResourceError, match="another process is writing"):
            write_results(judge, TEXTS, path, resume=False)
        assert len(list(results)) == 7
    assert len(lines(path)) == 8


@pytest.mark.parametrize(
    ("name", "kind", "cause"),
    [
        ("x.csv", BadInput, r"results are nested and cannot be written as \.csv"),
        ("x.jsonl.gz", BadInput, r"cannot be written as \.gz"),
        ("x", BadInput, "as a file without an ending"),
        ("folder.jsonl", BadInput, "is a folder"),
        ("file/x.jsonl", ResourceError, "cannot be written"),
        ("n" * 300 + ".jsonl", ResourceError, "File name too long"),
    ],
)
def test_bad_names(judge: Model, tmp_path: Path, name: str, kind: type[Exception], cause: str) -> None:
    (tmp_path / "folder.jsonl").mkdir()
    (tmp_path / "file").touch()
    with pytest.raises(kind, match=cause):
        write_results(judge, TEXTS, tmp_path / name)
    assert {p.name for p in tmp_path.iterdir()} == {"folder.jsonl", "file"}


def test_bad_arguments(judge: Model, tmp_path: Path) -> None:
    path = tmp_path / "x.jsonl"
    with pytest.raises(BadOption, match="on_error='ignore'"):
        write_results(judge, TEXTS, path, on_error="ignore")  # type: ignore[arg-type]
    with pytest.raises(BadOption, match="there is no option 'top'"):
        write_results(judge, TEXTS, path, options={"top": 1})
    assert not list(tmp_path.iterdir())


def test_a_broken_table(judge: Model, tmp_path: Path) -> None:
    path = tmp_path / "results.parquet"
    write_results(judge, TEXTS, path)
    path.write_bytes(b"no table")
    with pytest.raises(IntegrityError, match="is not a sound Parquet file"):
        write_results(judge, TEXTS, path)
    assert write_results(judge, TEXTS, path, resume=False).records == 8
    assert len(rows(path)) == 8


def test_a_run_that_ended_between_table_and_part(judge: Model, tmp_path: Path) -> None:
    """The table was written and the part not yet deleted: its lines must not be taken in twice."""
    path = tmp_path / "results.parquet"
    broken_off(judge, TEXTS, path, 8)
    part = tmp_path / "results.parquet.part-0.jsonl"
    kept = part.read_bytes()
    write_results(judge, TEXTS, path)
    assert not part.exists()
    part.write_bytes(kept)
    assert write_results(judge, [*TEXTS, "more"], path).records == 9
    assert [row["input"] for row in rows(path)] == [*TEXTS, "more"]
    assert not part.exists()


def test_begin_again_clears_everything(judge: Model, tmp_path: Path) -> None:
    path = tmp_path / "results.parquet"
    write_results(judge, TEXTS, path)
    broken_off(judge, [*TEXTS, "x", "y"], path, 1)
    assert (tmp_path / "results.parquet.part-8.jsonl").exists()
    summary = write_results(judge, ["a", "b"], path, resume=False)
    assert (summary.records, summary.resumed) == (2, 0)
    assert [row["input"] for row in rows(path)] == ["a", "b"]
    assert sorted(p.name for p in tmp_path.iterdir()) == ["results.parquet", "results.parquet.state.json"]


def test_tables_hold_what_lines_hold(vectors: Model, judge: Model, tmp_path: Path) -> None:
    for number, model in enumerate((vectors, judge)):
        one, other = tmp_path / f"{number}.jsonl", tmp_path / f"{number}.parquet"
        write_results(model, TEXTS, one)
        write_results(model, TEXTS, other)
        for record, row in zip(lines(one), rows(other), strict=True):
            assert row.pop("error") is None
            assert {name: row.pop(name) for name in ("input", "task", "model", "revision")} == {
                name: record[name] for name in ("input", "task", "model", "revision")
            }
            assert row == record["result"]


def test_a_summary_as_values(judge: Model, tmp_path: Path) -> None:
    made = write_results(judge, TEXTS, tmp_path / "x.jsonl").to_dict()
    assert made.keys() == {"path", "records", "failed", "resumed", "done", "seconds", "rate"}
    assert json.loads(json.dumps(made)) == made
    assert Summary(path=Path("x"), records=0, failed=0, resumed=0, done=0, seconds=0).rate == 0


def test_a_file_name_that_is_no_text(pics: Model, models: Models, tmp_path: Path) -> None:
    import os

    odd = tmp_path / os.fsdecode(b"in/\xff\xfe.png")
    odd.parent.mkdir()
    odd.write_bytes(models.red.read_bytes())
    for ending in ("jsonl", "parquet"):
        path = tmp_path / f"results.{ending}"
        assert write_results(pics, [str(odd)], path).done == 1
        again = write_results(pics, [str(odd), models.red], path)
        assert (again.resumed, again.done) == (1, 1)
    assert lines(tmp_path / "results.jsonl")[0]["input"] == str(odd)


def test_no_input_at_all(judge: Model, tmp_path: Path) -> None:
    for ending in ("jsonl", "parquet"):
        path = tmp_path / f"results.{ending}"
        assert write_results(judge, [], path).records == 0
        assert write_results(judge, TEXTS, path).records == 8
