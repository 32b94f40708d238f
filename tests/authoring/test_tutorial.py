"""The tutorial for authors, followed word for word by an outsider; it ends with a passing conformance table."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from tests.authoring.outside import environment, outside
from tests.docs.pages import ROOT, read_page
from tests.docs.running import Session, run_block

PAGE = read_page(ROOT / "docs/tutorial-plugin.md")


@pytest.mark.timeout(600)  # an environment is made, and Python starts some twenty times
def test_the_tutorial(tmp_path: Path) -> None:
    commands = outside(tmp_path)
    work = tmp_path / "work"
    work.mkdir()
    session = Session(work, environment(commands, tmp_path / "zoo"), str(commands / "python"))
    try:
        for block in PAGE.runnable:
            run_block(session, block, None)
        assert session.shell("pip uninstall --quiet --yes zoo-mine")[0] == 0
        code, output = session.shell("zoo search --json mine")
        assert (code, [row["id"] for row in json.loads("\n".join(output))]) == (0, ["mine/finer"])
    finally:
        session.close()
    shutil.rmtree(tmp_path / "env")


def test_every_block_is_followed() -> None:
    assert PAGE.blocks == tuple(PAGE.runnable)
    assert not {block.language for block in PAGE.blocks} - {"bash", "console"}
