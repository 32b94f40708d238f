"""The house rules that a machine can check: imports point down, names are complete, start-up is light."""

from __future__ import annotations

import ast
import importlib
import pkgutil
import subprocess
import sys
from pathlib import Path

import pytest

import zoo

ROOT = Path(__file__).parent.parent

# From the ground up. A room may import rooms that stand before its own line, and its own package.
FLOORS: tuple[tuple[str, ...], ...] = (
    ("errors",),
    ("refs", "settings"),
    ("cards", "licences", "results", "tasks", "_cardcheck", "_chart", "_draw"),
    ("cardfiles", "manifests"),
    ("catalog", "store", "devices", "plugin", "data"),  # the five pillars: none imports another
    ("infer", "sync", "resolve", "rebuild", "descent"),
    ("opened",),
    ("registry",),
    ("doctor", "models", "comparing", "hubfeed", "identity", "lockfile", "upstream"),
    ("feeding", "fitting", "outputs"),
    ("runs",),
    ("evaluation",),
    ("reporting",),
    ("finetuning",),
    ("choosing", "publishing"),
    ("api", "authoring"),
    ("conformance",),  # what a plugin promises, tried
    ("testing",),  # the same for pytest: zoo/plugin/testing.py, which nothing else imports
    ("__init__",),
    ("cli",),
    ("__main__",),
)
FLOOR = {room: number for number, rooms in enumerate(FLOORS) for room in rooms}
# The vocabulary's classes hand work to helpers of their own floor; nothing else may look sideways.
SIDEWAYS = {
    ("cards", "_cardcheck"),
    ("_cardcheck", "cards"),
    ("_cardcheck", "tasks"),
    ("tasks", "results"),
    ("results", "_chart"),
    ("results", "_draw"),
}
SIDEWAYS |= {("resolve", "infer"), ("sync", "resolve")}
HEAVY = ("torch", "torchvision", "timm", "transformers", "numpy", "pandas", "datasets", "sklearn", "PIL", "onnxruntime")


def room_of(path: Path) -> str:
    parts = path.relative_to(ROOT / "zoo").with_suffix("").parts
    return "testing" if parts == ("plugin", "testing") else parts[0]


def imports(path: Path) -> list[tuple[str, bool]]:
    """`(module, only for types)` of every import in a file, those inside functions too."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    typing_only = {
        id(inner)
        for node in ast.walk(tree)
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"
        for inner in ast.walk(node)
    }
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found += [(alias.name, id(node) in typing_only) for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            found += [(f"{node.module}.{alias.name}", id(node) in typing_only) for alias in node.names]
    return found


def core_files() -> list[Path]:
    return sorted(p for p in (ROOT / "zoo").rglob("*.py") if "versions" not in p.parts)


@pytest.mark.parametrize("path", core_files(), ids=lambda p: str(p.relative_to(ROOT)))
def test_imports_point_down(path: Path) -> None:
    here = room_of(path)
    wrong = []
    for module, types_only in imports(path):
        parts = module.split(".")
        if parts[0].startswith("zoo_"):
            wrong.append(f"{module}: the core imports no plugin")
        if parts[0] != "zoo" or types_only:
            continue
        there = parts[1] if len(parts) > 1 and parts[1] in FLOOR else "__init__"
        if there != here and FLOOR[there] >= FLOOR[here] and (here, there) not in SIDEWAYS:
            # The version number is the one thing that everybody may ask the top for.
            if module == "zoo.__version__":
                continue
            wrong.append(f"{here} imports {module}, which does not stand below it")
    assert not wrong


def test_every_room_has_a_floor() -> None:
    rooms = {room_of(path) for path in core_files()}
    assert rooms == set(FLOOR)


PUBLIC_FOR_PLUGINS = ("zoo", "zoo.cards", "zoo.tasks", "zoo.errors", "zoo.plugin", "zoo.data")


PLUGIN_FILES = sorted(
    path for folder in ("plugins", "docs/examples") for path in ROOT.glob(f"{folder}/*/zoo_*/**/*.py")
)


@pytest.mark.parametrize("path", PLUGIN_FILES, ids=lambda p: p.name)
def test_plugins_use_public_names_only(path: Path) -> None:
    own = next(part for part in path.relative_to(ROOT).parts if part.startswith("zoo_"))
    wrong = []
    for module, _ in imports(path):
        package, _, name = module.rpartition(".")
        private = package not in PUBLIC_FOR_PLUGINS or name not in importlib.import_module(package).__all__
        if module.split(".")[0] == "zoo" and module not in PUBLIC_FOR_PLUGINS and private:
            wrong.append(module)
        if module.split(".")[0].startswith("zoo_") and module.split(".")[0] != own:
            wrong.append(module)
    assert not wrong


def test_heavy_packages_are_imported_where_they_are_used() -> None:
    """In the core only the rooms that run, train and measure may name torch or numpy at the top, and nobody else."""
    allowed = {("models", "torch"), ("fitting", "torch"), ("finetuning", "torch"), ("finetuning", "transformers")}
    allowed |= {("evaluation", "numpy"), ("finetuning", "numpy"), ("choosing", "numpy"), ("evaluation", "torch")}
    wrong = []
    for path in core_files():
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            names = [a.name for a in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            tops = {name.split(".")[0] for name in names} & set(HEAVY)
            wrong += [f"{path.relative_to(ROOT)}: {top}" for top in tops if (room_of(path), top) not in allowed]
    assert not wrong


def modules() -> list[str]:
    found = [m.name for m in pkgutil.walk_packages(zoo.__path__, "zoo.") if ".migrations" not in m.name]
    return [name for name in found if name != "zoo.__main__"]


@pytest.mark.parametrize("name", modules())
def test_public_names_are_sorted_and_exist(name: str) -> None:
    module = importlib.import_module(name)
    assert module.__all__ == sorted(module.__all__, key=_ruff_order)
    missing = [member for member in module.__all__ if not hasattr(module, member)]
    assert not missing


def _ruff_order(name: str) -> tuple[int, str]:
    """Constants, then classes, then the rest, each by name: the order of ruff's RUF022."""
    if name.isupper():
        return (0, name)
    return (1, name) if name.lstrip("_")[:1].isupper() else (2, name)


def test_no_room_takes_a_public_name() -> None:
    """Importing a package sets its name in `zoo`: a room called as a function is would replace the function."""
    for name in modules():
        importlib.import_module(name)
    functions = ("evaluate", "finetune", "installed", "load", "pull", "recommend", "remove", "search", "show")
    assert all(callable(getattr(zoo, name)) for name in functions)


def test_the_public_names_of_zoo() -> None:
    """Changing this list is changing the product: say so in CHANGELOG.md."""
    assert zoo.__all__ == [
        "Model",
        "ModelCard",
        "Ref",
        "Run",
        "Zoo",
        "ZooError",
        "__version__",
        "compare",
        "evaluate",
        "facets",
        "finetune",
        "installed",
        "lineage",
        "load",
        "pull",
        "recommend",
        "remove",
        "search",
        "show",
        "similar",
    ]
    assert set(dir(zoo)) == set(zoo.__all__)
    assert all(getattr(zoo, name) is not None for name in zoo.__all__)


@pytest.mark.parametrize(
    "code",
    [
        "import zoo",
        "import zoo, zoo.cards, zoo.tasks, zoo.errors, zoo.plugin, zoo.data",
        "import zoo_nlp, zoo_vision, zoo_speech, zoo_detection",
        "import sys; sys.argv = ['zoo', '--help']; import zoo.cli; zoo.cli.main()",
        "import sys; sys.argv = ['zoo', 'search', 'resnet', '--limit', '3']; import zoo.cli; zoo.cli.main()",
        "import sys; sys.argv = ['zoo', 'list']; import zoo.cli; zoo.cli.main()",
        "import sys; sys.argv = ['zoo', 'show', 'mobilenetv2_100']; import zoo.cli; zoo.cli.main()",
        "import zoo; zoo.search('resnet'); zoo.show('mobilenetv2_100')",
    ],
)
def test_light_things_import_nothing_heavy(code: str, zoo_home: Path) -> None:
    """The first call of a home syncs the plugins; even that must not import what runs models."""
    check = f"import sys, atexit; atexit.register(lambda: print('HEAVY', sorted(set(sys.modules) & set({HEAVY}))))"
    done = subprocess.run([sys.executable, "-c", f"{check}\n{code}"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "HEAVY []" in done.stdout


def test_search_imports_no_database_toolkit(zoo_home: Path) -> None:
    code = "import sys; sys.argv = ['zoo', 'search', 'resnet']; import zoo.cli\n"
    code += "try: zoo.cli.main()\nexcept SystemExit: pass\n"
    subprocess.run([sys.executable, "-c", code], check=True, capture_output=True)  # the first search syncs plugins
    slow = {"sqlalchemy", "alembic", "typer", "pydantic", "requests", "rich"}
    code += f"print('LOADED', sorted(set(sys.modules) & {slow}))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "LOADED []" in done.stdout
