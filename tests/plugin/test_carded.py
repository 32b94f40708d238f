"""Plugins without code: cards and weights in a wheel, and in a folder; nothing of them is imported."""

from __future__ import annotations

import hashlib
import sys
import zipfile
from collections.abc import Callable
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest

from tests.tiny_fixtures import Cli, Models
from zoo.cards import ModelCard
from zoo.errors import BadCard, HashMismatch, NotFound, PluginError
from zoo.plugin import PluginManager, packaged_cards
from zoo.plugin.carded import CardFolder

PACKAGE = "zoo_tiny_judge"
PROJECT = f"""\
[build-system]
requires = ["hatchling>=1.27"]
build-backend = "hatchling.build"

[project]
name = "zoo-tiny-judge"
version = "1.0"
requires-python = ">=3.11"
license = "MIT"
dependencies = ["zoo-nlp>=0.1.0"]

[project.entry-points.zoo]
zoo-tiny-judge = "{PACKAGE}"

[tool.hatch.build.targets.wheel]
packages = ["{PACKAGE}"]
"""
CARD = """\
id: me/tiny-judge
task: text-classification
library: transformers
loader: transformers
architecture: BertForSequenceClassification
summary: Is a film review good or bad?
licence: {weights: MIT, source: made for a test}
sources: [file:./judge]
"""


def card_text(folder: Path) -> str:
    """The card with every file of a folder `judge` pinned."""
    lines = [CARD + "files:"]
    for path in sorted(folder.iterdir()):
        content = path.read_bytes()
        lines.append(
            f"  - {{path: {path.name}, origin: 'file:./judge#{path.name}', size: {len(content)}, "
            f"sha256: {hashlib.sha256(content).hexdigest()}}}"
        )
    return "\n".join(lines) + "\n"


@pytest.fixture(scope="module")
def wheel(models: Models, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A wheel with a card, a small classifier, and no line of Python, as hatchling builds it."""
    import shutil

    from hatchling.build import build_wheel

    project = tmp_path_factory.mktemp("project")
    (project / PACKAGE).mkdir()
    shutil.copytree(models.judge, project / PACKAGE / "judge")
    (project / "pyproject.toml").write_text(PROJECT)
    (project / PACKAGE / "cards.yaml").write_text(card_text(models.judge))
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(project)
        made = build_wheel(str(project))
    return project / made


@pytest.fixture
def site(wheel: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The wheel as pip leaves it in a folder of the search path."""
    made = tmp_path / "site-packages"
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(made)
    monkeypatch.syspath_prepend(made)
    return made


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Path]:
    """Writes an import package of these files."""
    monkeypatch.syspath_prepend(tmp_path)

    def write(**files: str) -> Path:
        folder = tmp_path / "zoo_cards_of_a_test"
        folder.mkdir()
        for name, text in files.items():
            (folder / name.replace("__", ".")).write_text(text)
        return folder

    return write


def test_the_wheel_holds_no_python(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
    assert f"{PACKAGE}/cards.yaml" in names
    assert f"{PACKAGE}/judge/model.safetensors" in names
    assert not [name for name in names if name.endswith(".py")]


def test_an_installed_wheel_is_found_pulled_and_run_offline(site: Path, home: Path, cli: Cli) -> None:
    listed = {row["name"]: row for row in cli("plugin", "list", "--json").json}
    assert listed["zoo-tiny-judge"]["error"] is None
    assert listed["zoo-tiny-judge"]["distribution"] == "zoo-tiny-judge 1.0"
    assert listed["zoo-tiny-judge"]["kind"] == "cards"
    assert "me/tiny-judge" in [row["id"] for row in cli("search", "tiny-judge", "--json").json]

    pulled = cli("pull", "me/tiny-judge", "--json").json
    assert pulled[0]["model"] == "me/tiny-judge"
    assert cli("show", "me/tiny-judge", "--json").json["feed"]["name"] == "zoo-tiny-judge"
    texts = ("the film was very good", "a poor play")
    ours, theirs = (cli("predict", model, *texts, "--json").lines for model in ("me/tiny-judge", "local/judge"))
    assert [line["result"] for line in ours] == [line["result"] for line in theirs]
    assert not [name for name in sys.modules if name.startswith(PACKAGE)]


def test_files_are_origins_of_the_package(site: Path) -> None:
    manager = PluginManager([EntryPoint(name="zoo-tiny-judge", value=PACKAGE, group="zoo")])
    (card,) = manager.cards("zoo-tiny-judge")
    assert [card.to_dict()] == [other.to_dict() for other in packaged_cards(PACKAGE)]
    assert [source.uri for source in card.sources] == [f"package:{PACKAGE}#judge"]
    origins = {file.path: file.origin for file in card.files}
    assert origins["config.json"] == (f"package:{PACKAGE}#judge/config.json",)
    assert all(file.sha256 and file.size for file in card.files)


def test_files_that_are_not_what_the_card_pins(site: Path, tmp_path: Path) -> None:
    from zoo.store import Store

    weights = site / PACKAGE / "judge" / "model.safetensors"
    content = bytearray(weights.read_bytes())
    content[-1] ^= 1
    weights.write_bytes(content)
    with pytest.raises(HashMismatch, match=r"model\.safetensors of me/tiny-judge"):
        Store(tmp_path / "home", offline=True).pull(packaged_cards(PACKAGE)[0])


def test_a_plugin_with_code_may_have_its_cards_in_a_file(package: Callable[..., Path]) -> None:
    code = (
        "from zoo.plugin import hookimpl, packaged_cards\n"
        "zoo_api = 1\n"
        "@hookimpl\n"
        "def zoo_cards():\n"
        "    return packaged_cards(__name__)\n"
    )
    folder = package(__init____py=code, cards__yaml=CARD)
    manager = PluginManager([EntryPoint(name="mine", value=folder.name, group="zoo")])
    assert [info.error for info in manager.plugins()] == [None]
    assert [card.sources[0].uri for card in manager.cards("mine")] == [f"package:{folder.name}#judge"]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (CARD.replace("file:./judge", "file:../judge"), "line 8: sources[0].uri: 'file:../judge' leads out"),
        (CARD.replace("file:./judge", "file:./a#../../b"), "line 8: sources[0].uri: 'file:./a#../../b' leads out"),
        (CARD.replace("file:./judge", "file:/models/judge"), "line 8: sources[0].uri: 'file:/models/judge' is a place"),
        (CARD + "parametres: 3\n", "line 9: parametres: is no field of a card"),
        (CARD + "---\nid: me/other\n", "line 10: the card: lacks task"),
        (CARD + "files:\n- path: a\n  origin: 'file:../a'\n", "line 11: files[0].origin[0]: 'file:../a' leads out"),
        ("[1, 2", "line 1: not valid YAML"),
        ("", "holds no card"),
    ],
)
def test_a_fault_is_named_with_file_line_and_field(text: str, says: str, package: Callable[..., Path]) -> None:
    folder = package(cards__yaml=text)
    with pytest.raises(BadCard) as caught:
        packaged_cards(folder.name)
    assert caught.value.cause.startswith("cards.yaml")
    assert says in caught.value.cause
    assert caught.value.remedy


def test_json_and_the_names_of_the_file(package: Callable[..., Path]) -> None:
    folder = package(
        cards__json='[{"id": "a", "task": "fill-mask", "library": "x", "loader": "x", "architecture": "y"}]'
    )
    assert [card.id for card in packaged_cards(folder.name)] == ["a"]
    (folder / "cards.yml").write_text(CARD)
    with pytest.raises(BadCard, match=r"cards\.yml and cards\.json"):
        packaged_cards(folder.name)
    for path in folder.iterdir():
        path.unlink()
    with pytest.raises(BadCard, match=r"holds no cards\.yaml"):
        packaged_cards(folder.name)
    with pytest.raises(NotFound, match="not installed"):
        packaged_cards("zoo_not_installed")


def test_a_folder_of_the_users(models: Models, tmp_path: Path) -> None:
    def cards(text: str) -> list[ModelCard]:
        (tmp_path / "cards.yaml").write_text(text)
        return CardFolder("mine", tmp_path).zoo_cards()

    assert cards(CARD)[0].sources[0].uri == f"file:{tmp_path}/judge"
    full = f"file:{models.judge}"
    assert cards(CARD.replace("file:./judge", full))[0].sources[0].uri == full
    with pytest.raises(BadCard, match="leads out of the folder"):
        cards(CARD.replace("file:./judge", "file:../judge"))
    (tmp_path / "judge").symlink_to(models.judge)
    with pytest.raises(BadCard, match="is a link out of the folder"):
        cards(CARD)
    (tmp_path / "cards.yaml").unlink()
    with pytest.raises(PluginError, match=r"holds no cards\.yaml"):
        CardFolder("mine", tmp_path)
    with pytest.raises(PluginError, match=r"is gone\n.*zoo plugin remove mine"):
        CardFolder("mine", tmp_path / "gone")
