"""What a `file:` origin on a card means: a place on this machine, or a file inside an installed package."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path, PurePosixPath
from urllib.parse import quote, unquote

from zoo.errors import BadCard

__all__ = ["Placing", "beside", "file_uri", "package_uri", "within", "within_package"]

# Gives the origin that is meant by a `file:` URI of a card; raises `BadCard` for one that cannot be meant there.
Placing = Callable[[str], str]


def file_uri(path: Path, member: str | None = None) -> str:
    """The `file:` URI of an absolute path, and of a file inside it; other characters are written as `%41`."""
    base = "file:" + quote(path.absolute().as_posix())
    return base if member is None else f"{base}#{quote(member)}"


def package_uri(package: str, member: str = "") -> str:
    """The `package:` URI of an import package, or of a file or folder inside it."""
    return f"package:{package}#{quote(member)}" if member else f"package:{package}"


def beside(folder: Path) -> Placing:
    """Relative origins are meant beside a file in `folder`, wherever they lead; full paths stay."""

    def place(uri: str) -> str:
        rest = uri.partition(":")[2]
        if rest.startswith("/"):
            return uri
        path, mark, member = rest.partition("#")
        return file_uri((folder / path).resolve()) + mark + member

    return place


def within(folder: Path) -> Placing:
    """Relative origins are meant beside a file in `folder`, and may not lead out of it; full paths stay."""
    anywhere = beside(folder)

    def place(uri: str) -> str:
        if not uri.startswith("file:/"):
            _inner(uri)
            path = uri.partition(":")[2].partition("#")[0]
            if not (folder / path).resolve().is_relative_to(folder.resolve()):
                raise BadCard(f"{uri!r} is a link out of the folder of the cards", "Write the full path: `file:/…`.")
        return anywhere(uri)

    return place


def within_package(package: str) -> Placing:
    """Relative origins are files of an import package: `file:./weights` is `package:zoo_mine#weights`."""

    def place(uri: str) -> str:
        if uri.startswith("file:/"):
            raise BadCard(
                f"{uri!r} is a place on one machine, and the card goes to others",
                "Put the file beside the cards and write `file:./NAME`.",
            )
        return package_uri(package, _inner(uri))

    return place


def _inner(uri: str) -> str:
    """The path below the cards' folder that a relative origin names, empty for the folder itself."""
    path, _, member = uri.partition(":")[2].partition("#")
    parts = [part for part in (*PurePosixPath(path).parts, *PurePosixPath(unquote(member)).parts) if part != "."]
    if ".." in parts or "/" in parts:
        raise BadCard(f"{uri!r} leads out of the folder of the cards", "Put the file beside the cards, or below.")
    return "/".join(parts)
