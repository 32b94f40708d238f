"""The shipped catalog is what the plugins' cards make of it, to the last row."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from zoo.catalog.build import content_digest

ROOT = Path(__file__).parent.parent


def test_the_shipped_catalog_is_reproduced(tmp_path: Path) -> None:
    """`make registry` after a change of cards keeps this true."""
    for name in ("one.db", "two.db"):
        subprocess.run([sys.executable, ROOT / "tools/build_registry.py", tmp_path / name], check=True, cwd=tmp_path)
    built = content_digest(tmp_path / "one.db")
    assert built == content_digest(tmp_path / "two.db")
    assert built == content_digest(ROOT / "registry.db")
