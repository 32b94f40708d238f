"""The plugins that `zoo plugin new` writes are typed: mypy --strict finds nothing in any of them.

Part of `make lint`, after mypy has looked at the zoo itself, whose cache makes this a matter of seconds. They are
checked under the zoo's settings, with what their own say of untyped libraries added.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

from zoo.authoring import KINDS, write_plugin

ROOT = Path(__file__).parents[1]
BEGIN, END = "[[tool.mypy.overrides]]", "[tool.ruff]"


def main() -> int:
    """Write one plugin of each kind and check them together; returns mypy's exit code."""
    with tempfile.TemporaryDirectory(prefix="zoo-templates-") as name:
        folder = Path(name)
        made = [write_plugin(f"zoo-{task}"[:30].rstrip("-"), task=task, into=folder) for task in KINDS]
        theirs = (made[0].folder / "pyproject.toml").read_text(encoding="utf-8")
        untyped = theirs[theirs.index(BEGIN) : theirs.index(END)]
        settings = folder / "pyproject.toml"
        own = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
        settings.write_text(f"{own}\n{untyped}", encoding="utf-8")
        command = [sys.executable, "-m", "mypy", "--cache-dir", ROOT / ".mypy_cache", "--config-file", settings]
        packages = [one.folder / one.names.module for one in made]
        return subprocess.run([*command, *packages], cwd=ROOT, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
