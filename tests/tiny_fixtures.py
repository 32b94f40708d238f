"""Fixtures of the tests that work with the small models: their folders, a zoo that has them, and the command line."""

from __future__ import annotations

import io
import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.tiny import coloured_pictures, text_table, write_pictures_model, write_text_model

__all__ = ["Cli", "Models", "Outcome", "cli", "home", "leftovers", "models", "stocked_home"]


@dataclass(frozen=True)
class Models:
    """Folders with small models and data; never changed by a test.

    `pics` is timm's, `texts` a BERT body, `judge` a BERT classifier, `squares` pictures by colour, `films` a CSV.
    """

    root: Path

    @property
    def pics(self) -> Path:
        return self.root / "pics"

    @property
    def texts(self) -> Path:
        return self.root / "texts"

    @property
    def judge(self) -> Path:
        return self.root / "judge"

    @property
    def squares(self) -> Path:
        return self.root / "squares"

    @property
    def films(self) -> Path:
        return self.root / "films.csv"

    @property
    def red(self) -> Path:
        """One picture."""
        return self.squares / "red" / "0.png"


@dataclass(frozen=True)
class Outcome:
    """How a command ended."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)

    @property
    def lines(self) -> list[Any]:
        return [json.loads(line) for line in self.out.splitlines()]


Cli = Callable[..., Outcome]


@pytest.fixture(scope="session")
def models(tmp_path_factory: pytest.TempPathFactory) -> Models:
    """The small models' folders, made once a test run."""
    root = tmp_path_factory.getbasetemp() / "tiny"
    if not root.exists():
        write_pictures_model(root / "pics")
        write_text_model(root / "texts")
        write_text_model(root / "judge", "BertForSequenceClassification", id2label={0: "bad", 1: "good"})
        coloured_pictures(root / "squares")
        text_table(root / "films.csv")
    return Models(root)


@pytest.fixture(scope="session")
def stocked_home(models: Models, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A zoo's folder with the small models installed; copied by `home`, never used itself."""
    from zoo import Zoo

    stocked = tmp_path_factory.getbasetemp() / "stocked"
    if not stocked.exists():
        zoo = Zoo(stocked, offline=True, quiet=True)
        for folder in (models.pics, models.texts, models.judge):
            zoo.pull(str(folder))
    return stocked


@pytest.fixture
def home(stocked_home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A zoo of the test's own with the small models installed, set as `ZOO_HOME`, offline."""
    copy = tmp_path / "zoo"
    shutil.copytree(stocked_home, copy, symlinks=True)
    monkeypatch.setenv("ZOO_HOME", str(copy))
    monkeypatch.setenv("ZOO_OFFLINE", "1")
    return copy


@pytest.fixture
def cli(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Cli:
    """`cli("predict", model, "-", stdin=b"…")`: the command `zoo` run in this process, from parsing to its end."""
    from zoo.cli import _run
    from zoo.cli.guard import guarded_call

    def run(*args: object, stdin: bytes = b"", full: bool = False) -> Outcome:
        from zoo.cli.app import run_app

        monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(stdin), encoding="utf-8"))
        capsys.readouterr()
        code = guarded_call(lambda: (run_app if full else _run)([str(arg) for arg in args]))
        out, err = capsys.readouterr()
        return Outcome(code, out, err)

    return run


def leftovers(home: Path) -> list[str]:
    """What a command that failed must not leave: unfinished files, or models of which store and catalog disagree."""
    from zoo import Zoo
    from zoo.catalog import hot

    if not (home / "registry.db").is_file():
        return []
    debris = [path for path in home.rglob("*") if path.is_file() and _unfinished(path.relative_to(home))]
    stored = {(manifest.model, manifest.revision) for manifest in Zoo(home, offline=True).store.installed()}
    rows = hot.listing(home / "registry.db")
    listed = {(row["id"], revision["revision"]) for row in rows for revision in row["revisions"]}
    bare = [row["id"] for row in rows if "task" not in row]
    return [str(path) for path in debris] + sorted(map(str, stored ^ listed)) + bare


def _unfinished(path: Path) -> bool:
    if path.parts[0] == "partial":  # where an interrupted pull goes on, and the store tidies up
        return False
    return path.name.startswith(".") or path.suffix in {".tmp", ".part", ".incomplete"}
