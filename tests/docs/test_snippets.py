"""Every command and every piece of Python in the documentation, run; and every block accounted for."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.docs.pages import ROOT, RUN, SHOWN, Page, page_files, read_page
from tests.docs.running import Session, commands, environment, matches, run_block
from tests.warm import Warm

# What the pages call the pictures of scikit-image.
PICTURES = {"cat": "chelsea", "cup": "coffee", "astronaut": "astronaut", "horse": "horse"}

PAGES = [read_page(path) for path in page_files()]
# Pages that install packages are followed in an environment of their own, by tests of their own.
ELSEWHERE = {"docs/tutorial-plugin.md": "tests/authoring/test_tutorial.py"}


@pytest.fixture(scope="session")
def empty_zoo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A zoo without models, its catalog in step with the plugins; copied for each page."""
    from zoo import Zoo

    home = tmp_path_factory.mktemp("empty") / "zoo"
    Zoo(home, quiet=True).ready()
    return home


@pytest.fixture(scope="session")
def warm() -> Iterator[Warm]:
    """Python with all imports done, for the commands of the pages."""
    with tempfile.TemporaryDirectory(prefix="zoo-") as folder:
        made = Warm(Path(folder), environment(Path(folder) / "zoo"))
        yield made
        made.close()


def furnish(home: Path, page: Page, empty: Path, real_zoo) -> None:
    """A zoo of the page's own, with copies of the models that it needs: what it makes or removes is nobody else's."""
    from zoo import Zoo

    shutil.copytree(empty, home)
    zoo = Zoo(home, quiet=True)
    for name in page.models:
        pulled = real_zoo.pull(name)
        folder = home / pulled.path.relative_to(real_zoo.zoo.home)
        folder.mkdir(parents=True)
        shutil.copy2(pulled.path / "zoo-manifest.json", folder)
        for file in pulled.manifest.files:
            blob = home / "blobs" / "sha256" / file.sha256[:2] / file.sha256
            if not blob.exists():
                blob.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(real_zoo.zoo.home / blob.relative_to(home), blob)
            (folder / file.path).parent.mkdir(parents=True, exist_ok=True)
            os.link(blob, folder / file.path)
        zoo.catalog.record_revision(pulled.manifest)


def reach_index(real_zoo) -> None:
    """Skip, with the reason, where the package index cannot be asked."""
    from zoo.errors import SourceError
    from zoo.store import Store

    try:
        Store(real_zoo.zoo.home / "nowhere").plan(real_zoo.zoo.card("u2netp"))
    except SourceError as error:
        pytest.skip(f"the package index cannot be reached: {error.cause}")


@pytest.mark.real
@pytest.mark.timeout(150)  # a page starts Python many times over; on an idle machine each takes under 30 s
@pytest.mark.parametrize("page", [p for p in PAGES if p.runnable and p.name not in ELSEWHERE], ids=lambda p: p.name)
def test_page(page: Page, tmp_path: Path, empty_zoo: Path, real_zoo, picture, warm: Warm) -> None:
    if page.index:
        reach_index(real_zoo)
    home = tmp_path / "zoo"
    furnish(home, page, empty_zoo, real_zoo)
    folder = tmp_path / "work"
    folder.mkdir()
    for name in page.pictures:
        shutil.copy(picture(PICTURES[name]), folder / f"{name}.png")
    session = Session(folder, warm.environment(environment(home)), str(warm.bin / "warm-python"))
    try:
        for block, following in zip(page.blocks, [*page.blocks[1:], None], strict=True):
            if block in page.runnable:
                run_block(session, block, following)
    finally:
        session.close()


def test_every_block_is_run_or_says_why_not() -> None:
    """A block in another language, or skipped without a reason, would be documentation that nobody checks."""
    blocks = [block for page in PAGES for block in page.blocks]
    assert not [f"{b}: {b.language!r}" for b in blocks if b.language not in {*RUN, *SHOWN}]
    assert not [str(b) for b in blocks if b.not_run is not None and len(b.not_run.split()) < 3]
    assert not [str(b) for b in blocks if b.not_run is not None and b.language not in RUN]
    marked = sum(page.text.count("<!-- not run:") for page in PAGES)
    assert marked == sum(b.not_run is not None for b in blocks), "a marker stands before no block"
    run = sum(len(page.runnable) for page in PAGES)
    assert run > 40
    assert marked < run / 2


def test_console_blocks_hold_commands() -> None:
    for page in PAGES:
        for block in page.runnable:
            assert block.language != "console" or list(commands(block)), str(block)


def test_pictures_and_folders() -> None:
    assert {name for page in PAGES for name in page.pictures} <= set(PICTURES)
    assert all((ROOT / page.name).is_file() for page in PAGES)
    assert set(ELSEWHERE) <= {page.name for page in PAGES}
    assert all((ROOT / test).is_file() for test in ELSEWHERE.values())


@pytest.mark.parametrize(
    ("expected", "actual", "fits"),
    [
        (["a 1"], ["a 1"], True),
        (["a 1"], ["a 2"], False),
        (["a … c"], ["a b c"], True),
        (["a … c"], ["a b d"], False),
        (["a", "…", "z"], ["a", "b", "c", "z"], True),
        (["a", "…", "z"], ["a", "z"], True),
        (["a", "…"], ["a"], True),
        (["a"], ["a", "b"], False),
        ([], ["b"], False),
        (["a.c"], ["abc"], False),
        (["/zoo/…"], ["/zoo/x", "y"], False),
    ],
)
def test_wildcards(expected: list[str], actual: list[str], fits: bool) -> None:
    assert matches(expected, actual) is fits


def test_a_wrong_output_is_found(tmp_path: Path) -> None:
    from tests.docs.pages import Block

    session = Session(tmp_path, environment(tmp_path / "zoo"))
    block = Block(page="x.md", line=1, language="console", lines=("$ export A=1; cd /", "$ echo $A $PWD", "1 /"))
    run_block(session, block, None)
    for lines in (("$ echo $A", "2"), ("$ false",), ("$ echo a \\", "> b", "a")):
        with pytest.raises(AssertionError, match=r"x\.md:1"):
            run_block(session, Block(page="x.md", line=1, language="console", lines=lines), None)


def test_python_blocks_share_their_names(tmp_path: Path) -> None:
    session = Session(tmp_path, environment(tmp_path / "zoo"))
    try:
        assert session.python("a = 1") == (0, [])
        assert session.python("print(a)\nprint('b')") == (0, ["1", "b"])
        code, output = session.python("1 / 0")
    finally:
        session.close()
    assert code == 1
    assert "ZeroDivisionError" in output[-1]
