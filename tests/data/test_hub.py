"""Data sets of the hub: fetched by name from a hub on this machine, kept, and the ways in which that fails."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.data.hub_of_data import HubOfData
from tests.store.local_hub import HubRepository
from zoo.data import read_raw
from zoo.errors import BadRef

# In a process of its own: the hub's libraries read their settings once, when they are imported.
SCRIPT = """
import json, sys
from pathlib import Path
from zoo.data import read_labelled
from zoo.errors import ZooError
for source, offline in json.loads(sys.argv[1]):
    try:
        data = read_labelled(source, "text-classification", cache=Path(sys.argv[2]), offline=offline)
        told = {"name": data.name, "parts": {k: len(v) for k, v in data.parts.items()}, "recipe": data.recipe["source"],
                "labels": data.train.labels, "row": data.train.rows[0]}
    except ZooError as error:
        told = {"error": type(error).__name__, "cause": error.cause, "remedy": error.remedy}
    print(json.dumps(told))
"""


def ask(url: str, folder: Path, *sources: tuple[str, bool]) -> list[dict[str, Any]]:
    env = {**os.environ, "HF_ENDPOINT": url, "HF_HOME": str(folder / "hf")}
    command = [sys.executable, "-c", SCRIPT, json.dumps(sources), str(folder / "cache")]
    done = subprocess.run(command, env=env, cwd=folder, capture_output=True, text=True, check=False)
    assert done.stderr == ""
    return [json.loads(line) for line in done.stdout.splitlines()]


def parquet_bytes(rows: list[dict[str, Any]]) -> bytes:
    stream = io.BytesIO()
    pq.write_table(pa.Table.from_pylist(rows), stream)
    return stream.getvalue()


def repositories() -> dict[str, HubRepository]:
    rows = [{"text": f"text {number}", "label": "ab"[number % 2]} for number in range(8)]
    card = b"---\nlicense: mit\n---\n"
    names = ["{config_name: one, data_files: one.parquet}", "{config_name: two, data_files: two.parquet}"]
    configs = "\n".join(["---", "configs:", *(f"- {name}" for name in names), "---", ""]).encode()
    whole, few = parquet_bytes(rows), parquet_bytes(rows[:4])
    parts = {"data/train-00000-of-00001.parquet": whole, "data/validation-00000-of-00001.parquet": few}
    return {
        "me/films": HubRepository(files={"README.md": card, **parts}),
        "me/several": HubRepository(files={"README.md": configs, "one.parquet": whole, "two.parquet": few}),
        "me/script": HubRepository(files={"README.md": card, "script.py": b"raise SystemExit(7)"}),
        "me/gated": HubRepository(files={"README.md": card, **parts}, gated=True),
        "me/empty": HubRepository(files={"README.md": card}),
    }


FILMS = {
    "name": "films",
    "parts": {"train": 8, "validation": 4},
    "recipe": "hf:me/films",
    "labels": ["a", "b"] * 4,
    "row": "films/train:1",
}


def test_the_hub(tmp_path: Path) -> None:
    names = ("films", "several@two", "several", "script", "gated", "empty", "nowhere", "several@three")
    with HubOfData(repositories=repositories()).serve() as hub:
        told = dict(zip(names, ask(hub.url, tmp_path, *((f"hf:me/{name}", False) for name in names)), strict=True))
        asked = len(hub.requests)
        offline = ask(hub.url, tmp_path, ("hf:me/films", True), ("hf:me/several@one", True))
        assert len(hub.requests) == asked
    assert told["films"] == FILMS
    assert told["several@two"]["parts"] == {"train": 4}
    assert told["script"]["cause"] == "me/script is a script, which is never run"
    for name in ("several", "script", "gated", "empty", "nowhere", "several@three"):
        assert told[name]["error"] == "BadData"
        assert f"me/{name.partition('@')[0]}" in told[name]["cause"]
        assert len(told[name]["cause"].splitlines()) == 1
    assert "hf:me/several@CONFIG" in told["several"]["remedy"]
    assert offline[0] == FILMS
    assert offline[1]["error"] == "OfflineError"


def test_a_hub_that_cannot_be_reached(tmp_path: Path) -> None:
    with HubOfData().serve() as hub:
        gone = hub.url
    online, offline = ask(gone, tmp_path, ("hf:me/films", False), ("hf:me/films", True))
    assert (online["error"], offline["error"]) == ("NetworkError", "OfflineError")
    assert "cannot be reached" in online["cause"]
    assert "forbidden" in offline["cause"]


def test_a_folder_is_no_data_set_of_the_hub(tmp_path: Path) -> None:
    (tmp_path / "me" / "films").mkdir(parents=True)
    (tmp_path / "me" / "films" / "train.csv").write_text("text,label\na,x\nb,y\n")
    (told,) = ask("http://127.0.0.1:9", tmp_path, ("hf:me/films", True))
    assert told["error"] == "OfflineError"


@pytest.mark.parametrize("name", ["hf:", "hf:a/b/c", "hf:/etc", "hf:../up", "hf:a//b"])
def test_what_is_no_name(name: str) -> None:
    with pytest.raises(BadRef):
        read_raw(name, "text-classification")
