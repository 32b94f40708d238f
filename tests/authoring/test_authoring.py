"""`zoo plugin new`: names, kinds, and that what is written is whole, true and clean."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from packaging.specifiers import SpecifierSet

import zoo
from tests.tiny_fixtures import Cli
from zoo.authoring import DOMAINS, KINDS, Written, kind_of, names_of, write_plugin
from zoo.cardfiles.origins import within
from zoo.cardfiles.reading import read_cards_file
from zoo.errors import BadInput, UnknownTask, ZooError

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Written]:
    """A plugin of each kind; of one the name is as long as names may be."""
    home = tmp_path_factory.mktemp("written")
    names = dict(
        zip(KINDS, ("zoo-p", "zoo-t2", "zoo-" + "sounds-" * 3 + "abcde", "zoo-boxes", "zoo-vectors"), strict=True)
    )
    author = "Zoë O'Neil <zoe@example.org>"
    return {task: write_plugin(name, task=task, into=home, author=author) for task, name in names.items()}


@pytest.mark.parametrize(
    ("typed", "name", "module", "owner", "title"),
    [
        ("zoo-mine", "zoo-mine", "zoo_mine", "mine", "Mine"),
        (" Zoo_My.Models ", "zoo-my-models", "zoo_my_models", "my-models", "MyModels"),
        ("zoo-3d", "zoo-3d", "zoo_3d", "3d", "Zoo3d"),
        ("birdsong", "birdsong", "birdsong", "birdsong", "Birdsong"),
    ],
)
def test_names(typed: str, name: str, module: str, owner: str, title: str) -> None:
    made = names_of(typed)
    assert (made.name, made.module, made.owner, made.title) == (name, module, owner, title)


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("", "cannot be"),
        ("-", "cannot be"),
        ("3d", "cannot be"),
        ("zoo mine", "cannot be"),
        ("zoo-müll", "cannot be"),
        ("../zoo-mine", "a path"),
        ("zoo-" + "x" * 30, "too long"),
        ("json", "a module of Python"),
        ("class", "a word of Python"),
        ("torch", "an installed package"),
        ("zoo", "an installed package"),
        ("zoo-nlp", "an installed package"),
    ],
)
def test_names_that_cannot_be(name: str, why: str) -> None:
    with pytest.raises(BadInput, match=why):
        names_of(name)


def test_which_template() -> None:
    assert kind_of().task == "image-classification"
    assert kind_of("speech").task == "audio-classification"
    assert kind_of(task="object-detection").domain == "detection"
    assert {kind.domain for kind in KINDS.values()} <= set(DOMAINS)
    assert all(kind_of(kind.domain, task) is kind for task, kind in KINDS.items())


@pytest.mark.parametrize(
    ("domain", "task", "error", "why"),
    [
        ("music", None, BadInput, "There is vision, nlp"),
        (None, "image-clasification", UnknownTask, "Did you mean image-classification"),
        (None, "translation", UnknownTask, "Begin with one for"),
        ("nlp", "object-detection", BadInput, "a task of the domain detection"),
        ("other", None, BadInput, "needs a task"),
    ],
)
def test_no_such_template(domain: str | None, task: str | None, error: type[ZooError], why: str) -> None:
    with pytest.raises(error, match=why):
        kind_of(domain, task)


@pytest.mark.parametrize("task", KINDS)
def test_a_whole_distribution_is_written(written: dict[str, Written], task: str) -> None:
    made = written[task]
    files = set(made.files)
    package = made.names.module
    assert files == {p.relative_to(made.folder).as_posix() for p in made.folder.rglob("*") if p.is_file()}
    common = "pyproject.toml README.md LICENSE CHANGELOG.md .gitignore .github/workflows/test.yml"
    parts = "__init__ loader runner model make data conformance" + (" tuner" if made.kind.data else "")
    assert {*common.split(), "tests/test_conformance.py", "tests/test_model.py"} <= files
    assert {f"{package}/{part}.py" for part in parts.split()} | {f"{package}/py.typed"} <= files
    assert (f"{package}/tuner.py" in files) is ("tuner.py" in (made.folder / "README.md").read_text("utf-8"))
    texts = {name: (made.folder / name).read_text("utf-8") for name in files if not name.endswith(".safetensors")}
    assert not [name for name, text in texts.items() if "${Title}" in text or "$module" in text]
    assert not [name for name, text in texts.items() if name.endswith(".py") and len(text.splitlines()) >= 120]


@pytest.mark.parametrize("task", KINDS)
def test_the_project_file(written: dict[str, Written], task: str) -> None:
    made = written[task]
    project = tomllib.loads((made.folder / "pyproject.toml").read_text("utf-8"))["project"]
    assert project["entry-points"] == {"zoo": {made.names.name: made.names.module}}
    assert project["authors"] == [{"name": "Zoë O'Neil", "email": "zoe@example.org"}]
    needed = project["dependencies"][0].removeprefix("zoo-registry[run]")
    assert zoo.__version__ in SpecifierSet(needed)
    assert "2.0" not in SpecifierSet(needed)
    assert "Zoë O'Neil" in (made.folder / "LICENSE").read_text("utf-8")


@pytest.mark.parametrize("task", KINDS)
def test_the_card_says_what_the_weights_are(written: dict[str, Written], task: str) -> None:
    from safetensors.torch import load_file

    made = written[task]
    package = made.folder / made.names.module
    (card,) = read_cards_file(package / "cards.yaml", within(package))
    (file,) = card.files
    weights = package / "weights" / file.path
    assert (card.id, card.task, card.loader) == (made.model, task, made.names.name)
    assert file.size == weights.stat().st_size < 200_000
    assert file.sha256 == hashlib.sha256(weights.read_bytes()).hexdigest()
    assert card.parameters == sum(tensor.numel() for tensor in load_file(weights).values())
    assert card.metrics[0].value > 0.9
    assert json.loads((package / "golden.json").read_text("utf-8"))["model"] == made.model


def test_it_is_clean(written: dict[str, Written]) -> None:
    """ruff finds nothing in any of them, under the settings that they bring along; `make lint` asks mypy."""
    folders = [made.folder for made in written.values()]
    for command in (["check"], ["format", "--check"]):
        done = subprocess.run(
            [sys.executable, "-m", "ruff", *command, "--no-cache", *folders],
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr


def test_all_or_nothing(tmp_path: Path) -> None:
    write_plugin("zoo-mine", into=tmp_path / "deep" / "home")
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(BadInput, match="is there already"):
        write_plugin("Zoo_Mine", into=tmp_path / "deep" / "home")
    with pytest.raises(BadInput, match="cannot be an author"):
        write_plugin("zoo-other", into=tmp_path, author="<nobody>")
    (tmp_path / "file").touch()
    with pytest.raises(BadInput, match="cannot be written"):
        write_plugin("zoo-other", into=tmp_path / "file")
    (tmp_path / "file").unlink()
    assert sorted(tmp_path.rglob("*")) == before


def test_the_command(cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    outcome = cli("plugin", "new", "zoo-mine", "--domain", "nlp")
    assert (outcome.code, outcome.err) == (0, "")
    assert "pip install -e '.[test]'" in outcome.out
    assert "zoo plugin check zoo-mine" in outcome.out
    assert (tmp_path / "zoo-mine/zoo_mine/pieces.py").is_file()
    again = cli("plugin", "new", "zoo-mine")
    assert again.code == 4
    assert again.err.startswith("zoo: ")
    told = json.loads(cli("plugin", "new", "zoo-other", "--into", "there", "--json").out)
    assert told["model"] == "other/shapes"
    assert Path(told["folder"]) == tmp_path / "there/zoo-other"
    assert "zoo_other/cards.yaml" in told["files"]
