"""`make docs`: write the reference pages, `docs/reference/*.md`, from the code. The same code gives the same bytes.

python tools/reference.py            # writes the pages
python tools/reference.py --check    # exits with 1 when a committed page differs
"""

from __future__ import annotations

import dataclasses
import importlib
import inspect
import re
import sys
import textwrap
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

__all__ = ["main", "pages"]

ROOT = Path(__file__).parents[1]
FOLDER = ROOT / "docs/reference"
NOTE = "<!-- Generated from the code by `make docs`: change the code, not this page. -->"

MODULES = ("zoo", "zoo.cards", "zoo.tasks", "zoo.data", "zoo.plugin")
# What a plugin may import; the modules of the interface that `docs/reference/plugin-api.md` and a test list.
INTERFACE = ("zoo.plugin", "zoo.plugin.testing", "zoo.cards", "zoo.data", "zoo.errors", "zoo.tasks")
DOMAINS = ("zoo-vision", "zoo-nlp", "zoo-speech", "zoo-detection")
# Classes whose objects are handed out by functions: how they are made is nobody's business.
GIVEN = {"Model"}
SECTIONS = {"Args", "Attributes", "Parameters", "Raises", "Returns"}

# Variables of others that the zoo heeds, with what it uses them for.
OTHERS = (
    ("XDG_DATA_HOME", "where `ZOO_HOME` is by default"),
    ("HF_ENDPOINT", "the hub, or a mirror of it"),
    ("HF_TOKEN", "the token for the hub; else the login that `hf auth login` saved"),
    ("HF_HUB_DISABLE_IMPLICIT_TOKEN", "send no token to the hub"),
    ("HF_HUB_OFFLINE, TRANSFORMERS_OFFLINE", "ask no hub; what is in its cache is used"),
    ("HF_HOME, HF_HUB_CACHE, XDG_CACHE_HOME", "where the hub's cache is"),
    ("PIP_* and pip's configuration files", "the package index: see [offline](../how-to/offline.md)"),
    ("HTTPS_PROXY, NO_PROXY, REQUESTS_CA_BUNDLE", "proxy and certificates for downloads"),
)


def pages() -> dict[str, str]:
    """Every page by its file name."""
    made = {
        "cli.md": _cli(),
        "errors.md": _errors(),
        "hooks.md": _hooks(),
        "models.md": _models(),
        "plugin-api.md": _plugin_api(),
        "python.md": _python(),
        "settings.md": _settings(),
    }
    return {name: f"{NOTE}\n\n{text.rstrip()}\n" for name, text in made.items()}


def main(arguments: list[str]) -> int:
    """Write the pages, or, with `--check`, name those that differ."""
    stale = []
    for name, text in pages().items():
        path = FOLDER / name
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            stale.append(name)
        if "--check" not in arguments:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
    if "--check" in arguments and stale:
        print(f"out of date: {', '.join(stale)}; run `make docs`", file=sys.stderr)
        return 1
    return 0


def _cli() -> str:
    parts = [
        "# Commands",
        "Each command's `--help`. `zoo search`, `zoo show` and `zoo list` are answered without loading the full "
        "application; the options are the same.",
        "## zoo",
        _help(),
    ]
    for words in _commands():
        parts += [f"## zoo {' '.join(words)}", _help(*words)]
    return "\n\n".join(parts)


def _commands() -> Iterator[tuple[str, ...]]:
    """The words of each command, a group before its own."""
    from zoo.cli.app import COMMANDS, GROUPS

    yield from ((name,) for name in COMMANDS)
    for name, (_, commands) in GROUPS.items():
        yield (name,)
        yield from ((name, command) for command in commands)


def _help(*words: str) -> str:
    """A command's help, 100 columns wide whatever the terminal is."""
    from typer.testing import CliRunner

    from zoo.cli.app import make_app

    settings = {"COLUMNS": "100", "TERMINAL_WIDTH": "100"}
    done = CliRunner().invoke(make_app(), [*words, "--help"], prog_name="zoo", env=settings)
    if done.exit_code:
        raise SystemExit(f"zoo {' '.join(words)} --help ended with {done.exit_code}: {done.output}")
    lines = (line.rstrip() for line in done.output.strip().splitlines())
    return "```text\n" + "\n".join(lines) + "\n```"


def _errors() -> str:
    from zoo import errors

    introduction, table = inspect.cleandoc(errors.__doc__ or "").split("====", 1)
    rows = re.findall(r"^(\d+) +(\S.*)$", table, re.MULTILINE)
    parts = ["# Errors and exit codes", " ".join(introduction.split("\n\n", 1)[1].split()).partition(":")[0] + "."]
    parts += ["| code | meaning |\n|---|---|\n" + "\n".join(f"| {code} | {text} |" for code, text in rows)]
    parts += ["## The tree", "\n".join(_tree(errors.ZooError))]
    return "\n\n".join(parts)


def _tree(kind: type[Any], depth: int = 0) -> Iterator[str]:
    code = f", exit code {kind.exit_code}" if depth < 2 else ""
    yield f"{'  ' * depth}- `{kind.__name__}`{code}: {_first_sentence(kind)}"
    for child in sorted(kind.__subclasses__(), key=lambda c: c.__name__):
        if child.__module__ == "zoo.errors":
            yield from _tree(child, depth + 1)


def _first_sentence(thing: Any) -> str:
    return " ".join(inspect.cleandoc(thing.__doc__ or "").split("\n\n")[0].split())


def _hooks() -> str:
    from zoo.plugin import hookspecs

    parts = ["# Hooks", f"API version {hookspecs.API_VERSION}. {_text(hookspecs)}"]
    for name in sorted(n for n in hookspecs.__all__ if n.startswith("zoo_")):
        parts += [f"## {name}", _signature(name, getattr(hookspecs, name)), _text(getattr(hookspecs, name))]
    return "\n\n".join(parts)


def _plugin_api() -> str:
    from zoo.plugin import hookspecs

    parts = [
        "# What a plugin may use",
        f"API version {hookspecs.API_VERSION}: every name that a plugin may import from the zoo, with its exact "
        "signature. Everything else may change at any time. What each is for is told under [Python](python.md), "
        "[hooks](hooks.md) and [errors](errors.md); how the interface may change, in "
        "[how the zoo treats your plugin](../explanation/plugins.md).",
    ]
    for module, lines in surface().items():
        parts += [f"## {module}", "```text\n" + "\n".join(lines) + "\n```"]
    return "\n\n".join(parts)


def surface() -> dict[str, list[str]]:
    """The plugin interface: `{module: [one line for each public name, method and field]}`, hooks first."""
    from zoo.plugin import hookspecs

    hooks = [n for n in hookspecs.__all__ if n.startswith("zoo_")]
    made = {"hooks": sorted(line for n in hooks for line in _lines(n, getattr(hookspecs, n)))}
    for name in INTERFACE:
        module = importlib.import_module(name)
        made[name] = [line for member in module.__all__ for line in _lines(member, getattr(module, member))]
    return made


def _lines(name: str, thing: Any) -> Iterator[str]:
    """One public thing: a class with its bases, its fields or how it is made, and its methods."""
    if inspect.isroutine(thing):
        yield _flat(name, thing)
    elif not inspect.isclass(thing):
        yield f"{name} = {thing!r}" if isinstance(thing, str | int) else name
    else:
        yield from _class_lines(name, thing)


def _class_lines(name: str, thing: type[Any]) -> Iterator[str]:
    bases = ", ".join(base.__name__ for base in thing.__bases__ if base is not object)
    yield f"class {name}({bases})" if bases else f"class {name}"
    for field in dataclasses.fields(thing) if dataclasses.is_dataclass(thing) else ():
        missing = (dataclasses.MISSING, dataclasses.MISSING)
        yield f"    {field.name}: {field.type}" + (" = …" if (field.default, field.default_factory) != missing else "")
    if not dataclasses.is_dataclass(thing):
        stated = inspect.get_annotations(thing)
        yield from (f"    {attribute}: {stated[attribute]}" for attribute in stated if not attribute.startswith("_"))
    for method, value in sorted(_methods(thing).items()):
        if isinstance(value, property):
            returns = inspect.signature(value.fget).return_annotation if value.fget else "Any"
            yield f"    {method}: {returns}  (read only)"
        else:
            inner = value.__func__ if isinstance(value, classmethod | staticmethod) else value
            yield "    " + _flat(method, inner, drop_first=not isinstance(value, staticmethod))


def _flat(name: str, thing: Callable[..., Any], *, drop_first: bool = False) -> str:
    """A signature in one line."""
    signature = inspect.signature(thing)
    given = list(_parameters(list(signature.parameters.values())[1 if drop_first else 0 :]))
    returns = signature.return_annotation
    return f"{name}({', '.join(given)})" + ("" if returns is inspect.Signature.empty else f" -> {returns}")


def _settings() -> str:
    from zoo.settings import Settings

    described = inspect.cleandoc(Settings.__doc__ or "").partition("Attributes:")[2]
    rows = []
    for text in (" ".join(item.split()) for item in re.split(r"\n(?=    \w+: )", described) if item.strip()):
        meaning = text.partition(": ")[2]
        name = re.findall(r"ZOO_\w+", meaning)[0]
        rows.append((name, re.sub(rf" ?\(`{name}`(?:, (.*))?\)", r" (\1)", meaning).replace(" ()", "")))
    own = "\n".join(f"| `{name}` | {meaning} |" for name, meaning in sorted(rows))
    others = "\n".join(f"| {_code(names)} | {meaning} |" for names, meaning in OTHERS)
    return (
        "# Settings\n\nEnvironment variables, read when a command or function is called. "
        "A yes is `1`, `true`, `yes` or `on`; anything that is neither yes nor no is an error.\n\n"
        f"| variable | meaning |\n|---|---|\n{own}\n\n"
        f"## Variables of others\n\n| variable | meaning |\n|---|---|\n{others}"
    )


def _code(names: str) -> str:
    return ", ".join(f"`{n}`" if n.isupper() else n.replace("PIP_*", "`PIP_*`") for n in names.split(", "))


def _models() -> str:
    from zoo.plugin import PluginManager

    plugins = PluginManager()
    cards = [card for domain in DOMAINS for card in plugins.cards(domain)]
    inside = [card for card in cards if card.sources and card.sources[0].scheme == "pypi"]
    parts = [
        "# Models of the shipped catalog",
        f"{len(cards):,} models, {len(inside)} of them inside packages. [Where the facts come from]"
        "(../explanation/where-facts-come-from.md) tells how each number was found.",
        "## How many there are, and what is known of them",
        _counts(cards),
        "## Inside packages",
        "A package index is enough to pull these. The size is that of the files before any conversion. "
        "Both licences are as stated by their publishers; `zoo show MODEL` says where each was read.",
    ]
    for card in sorted(inside, key=lambda c: c.id):
        parts += [f"### {card.id}", card.summary, _facts(card)]
    return "\n\n".join(parts)


def _counts(cards: list[Any]) -> str:
    """A table of library and main task: how many models, and of how many each fact is known."""
    from zoo.cards import NOT_STATED

    known: dict[str, Callable[[Any], bool]] = {
        "parameters": lambda card: card.parameters is not None,
        "MACs": lambda card: card.macs is not None,
        "licence": lambda card: card.licence.weights != NOT_STATED,
        "metrics": lambda card: bool(card.metrics),
        "data": lambda card: bool(card.datasets),
        "paper": lambda card: card.paper is not None,
    }
    groups: dict[tuple[str, str], list[Any]] = {}
    for card in cards:
        groups.setdefault((card.library, card.task), []).append(card)
    lines = ["| library | task | models | " + " | ".join(known) + " |", "|---|---" + "|--:" * (len(known) + 1) + "|"]
    for (library, task), some in sorted(groups.items()):
        counts = [len(some), *(sum(map(test, some)) for test in known.values())]
        lines.append(f"| {library} | {task} | " + " | ".join(f"{count:,}" for count in counts) + " |")
    totals = [len(cards), *(sum(map(test, cards)) for test in known.values())]
    lines.append("| all | | " + " | ".join(f"{count:,}" for count in totals) + " |")
    return "\n".join(lines)


def _facts(card: Any) -> str:
    rows = [
        ("task", ", ".join(card.all_tasks)),
        ("architecture", f"{card.architecture} ({card.library})"),
        ("parameters", f"{card.parameters:,}"),
        ("size", f"{sum(file.size or 0 for file in card.files) / 1e6:.1f} MB"),
        ("licence of the weights", card.licence.weights),
        ("licence of the package", card.licence.package),
        ("source", ", ".join(f"`{source.uri}`" for source in card.sources)),
        ("paper", card.paper),
    ]
    return "\n".join(f"- {name}: {value}" for name, value in rows if value)


def _python() -> str:
    parts = ["# Python", "The public names; everything else may change between versions."]
    for name in MODULES:
        module = importlib.import_module(name)
        parts += [f"## {name}", _text(module)]
        for member in module.__all__:
            thing = getattr(module, member)
            home = getattr(thing, "__module__", "")
            if home != name and home in MODULES:
                link = f"{home}.{member}"
                parts += [f"### {name}.{member}", f"See [{link}](#{link.replace('.', '').lower()})."]
            elif inspect.isroutine(thing) or inspect.isclass(thing):
                parts += [f"### {name}.{member}", *_member(member, thing)]
    return "\n\n".join([*parts, "## zoo.errors", "See [errors](errors.md)."])


def _member(name: str, thing: Any) -> Iterator[str]:
    if not inspect.isclass(thing):
        yield _signature(name, thing)
        yield _text(thing)
        return
    if not getattr(thing, "_is_protocol", False) and name not in GIVEN:
        yield _signature(name, thing)
    yield _text(thing)
    for method, value in sorted(_methods(thing).items()):
        if isinstance(value, property):
            yield f"**`{method}`** · {_text(value)}"
        else:
            inner = value.__func__ if isinstance(value, classmethod | staticmethod) else value
            yield _signature(method, inner, drop_first=not isinstance(value, staticmethod))
            yield _text(inner)


def _methods(kind: type[Any]) -> dict[str, Any]:
    """The public methods and properties of a class and of its bases in the zoo."""
    found: dict[str, Any] = {}
    for base in reversed(kind.__mro__):
        if base.__module__.startswith("zoo."):
            found |= {name: value for name, value in vars(base).items() if _is_method(name, value)}
    return found


def _is_method(name: str, value: Any) -> bool:
    callable_ = inspect.isfunction(value) or isinstance(value, classmethod | staticmethod | property)
    return callable_ and not name.startswith("_")


def _signature(name: str, thing: Callable[..., Any], *, drop_first: bool = False) -> str:
    if dataclasses.is_dataclass(thing):
        return _fields(name, thing)
    signature = inspect.signature(thing)
    parameters = list(_parameters(list(signature.parameters.values())[1 if drop_first else 0 :]))
    empty = signature.return_annotation in {inspect.Signature.empty, None, "None"} and inspect.isclass(thing)
    returns = "" if empty else f" -> {signature.return_annotation}"
    flat = f"{name}({', '.join(parameters)}){returns}"
    if len(flat) > 100:
        inner = textwrap.indent("".join(f"{text},\n" for text in parameters), "    ")
        flat = f"{name}(\n{inner}){returns}"
    return f"```text\n{flat}\n```"


def _parameters(parameters: list[inspect.Parameter]) -> Iterator[str]:
    """Each parameter as it is written in the code; `inspect` would put the annotations into quotes."""
    starred = False
    for parameter in parameters:
        if parameter.kind is inspect.Parameter.KEYWORD_ONLY and not starred:
            starred = True
            yield "*"
        starred = starred or parameter.kind is inspect.Parameter.VAR_POSITIONAL
        default = "" if parameter.default is inspect.Parameter.empty else f" = {parameter.default!r}"
        stars = str(parameter).partition(parameter.name)[0]
        kind = "" if parameter.annotation is inspect.Parameter.empty else f": {parameter.annotation}"
        yield f"{stars}{parameter.name}{kind}{default}"


def _fields(name: str, kind: Any) -> str:
    """A dataclass as its fields, with their defaults where these are plain."""
    lines = []
    for field in dataclasses.fields(kind):
        plain = field.default is not dataclasses.MISSING
        made = field.default_factory is not dataclasses.MISSING
        default = f" = {field.default!r}" if plain else " = {}" if made else ""
        lines.append(f"{field.name}: {field.type}{default},")
    return f"```text\n{name}(\n{textwrap.indent(chr(10).join(lines), '    ')}\n)\n```" if lines else f"`{name}()`"


def _text(thing: Any) -> str:
    """A docstring as Markdown: its sections become lists."""
    made: list[str] = []
    in_section = False
    for line in inspect.cleandoc(thing.__doc__ or "").splitlines():
        if line.rstrip().removesuffix(":") in SECTIONS and line.rstrip().endswith(":"):
            in_section = True
            made += [line.rstrip(), ""]
        elif in_section and line.startswith("    ") and not line.startswith("     "):
            name, colon, rest = line.strip().partition(": ")
            made.append(f"- `{name}`: {rest}" if colon and re.fullmatch(r"[\w*, ]+", name) else f"- {line.strip()}")
        elif in_section and line.strip():
            made.append(f"  {line.strip()}")
        else:
            made.append(line.rstrip())
    return "\n".join(made)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
