"""Makes the weights of the templates anew, after a change of what makes them: `python -m tests.authoring.remake`."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.authoring.outside import as_installed
from zoo.authoring import KINDS, Written, write_plugin

TEMPLATES = Path(__file__).parents[2] / "zoo/authoring/templates"
PINNED = ("parameters", "value", "size", "sha256")


def write_golden(made: Written) -> None:
    """Write a plugin's golden results, as if it were installed: what an installation leaves is put beside it."""
    as_installed(made)
    own = {"PYTHONPATH": str(made.folder), "ZOO_HOME": str(made.folder / ".zoo"), "ZOO_PLUGINS": made.names.name}
    command = [sys.executable, "-m", "zoo", "plugin", "check", made.names.name, "--only", "golden", "--write-golden"]
    subprocess.run(command, cwd=made.folder, env=os.environ | own, check=True)


def remake(task: str) -> None:
    """Run a template's own `make`, and keep its weights, its golden results and the numbers on its card."""
    kind = KINDS[task]
    source = TEMPLATES / kind.folders[-1] / "MODULE"
    with tempfile.TemporaryDirectory() as temporary:
        made = write_plugin("zoo-mine", task=task, into=Path(temporary))
        package = made.folder / made.names.module
        subprocess.run([sys.executable, "-m", f"{made.names.module}.make"], cwd=made.folder, check=True)
        write_golden(made)
        (source / "golden.json.tmpl").write_text((package / "golden.json").read_text().replace(made.model, "$model"))
        (source / "weights").mkdir(exist_ok=True)
        shutil.copy(package / "weights/model.safetensors", source / "weights")
        card, template = (package / "cards.yaml").read_text(), source / "cards.yaml.tmpl"
        text = template.read_text()
        for name in PINNED:
            value = re.search(rf"\b{name}: ([0-9a-f.]+)(?=[\s,}}])", card)
            assert value is not None, name
            text = re.sub(rf"\b{name}: [0-9a-f.]+(?=[\s,}}])", f"{name}: {value[1]}", text)
        template.write_text(text)


if __name__ == "__main__":
    for wanted in sys.argv[1:] or KINDS:
        remake(wanted)
