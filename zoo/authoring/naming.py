"""The names of a new plugin: of its distribution, its import package, its classes and its models."""

from __future__ import annotations

import importlib.util
import keyword
import re
import sys
from dataclasses import dataclass

from zoo.errors import BadInput

__all__ = ["Names", "names_of"]

_WANTED = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
_LONGEST = 30  # so that lines with it stay short
_ADVICE = "Use lower-case letters, digits and single hyphens, beginning with a letter: `zoo-mine`."


@dataclass(frozen=True, kw_only=True)
class Names:
    """What a plugin is called in different places.

    Attributes:
        name: of the distribution and of the plugin: `zoo-my-models`.
        module: its import package: `zoo_my_models`.
        owner: before the slash in the ids of its models: `my-models`.
        title: how its classes begin: `MyModels`.
    """

    name: str
    module: str
    owner: str
    title: str


def names_of(name: str) -> Names:
    """The names that follow from what the author typed; `Zoo_My.Models` is `zoo-my-models`.

    Raises:
        BadInput: it is no name, or Python has or will have another module of this name.
    """
    if "/" in name or "\\" in name:
        raise BadInput(f"{name[:80]!r} is a path, not a name", "Say where it is to be written by --into.")
    made = re.sub(r"[-_.]+", "-", name.strip()).lower()
    if not _WANTED.fullmatch(made):
        raise BadInput(f"{name[:80]!r} cannot be a plugin's name", _ADVICE)
    if len(made) > _LONGEST:
        raise BadInput(f"a name of {len(made)} characters is too long", f"Use {_LONGEST} at most.")
    module = made.replace("-", "_")
    if taken := _taken(module):
        raise BadInput(f"{made!r} cannot be a plugin's name: {module} is {taken}", "Choose another, as `zoo-mine`.")
    owner = made.removeprefix("zoo-")
    title = "".join(part.capitalize() for part in owner.split("-"))
    return Names(name=made, module=module, owner=owner, title=title if title[0].isalpha() else f"Zoo{title}")


def _taken(module: str) -> str | None:
    """What else is called so, in a few words; None for a name that is free."""
    if keyword.iskeyword(module) or keyword.issoftkeyword(module):
        return "a word of Python"
    if module in sys.stdlib_module_names or module == "test":
        return "a module of Python"
    if importlib.util.find_spec(module) is not None:
        return "an installed package"
    return None
