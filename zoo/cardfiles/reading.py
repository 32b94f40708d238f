"""Cards in files: one or several, read strictly, each fault named with its line and field."""

from __future__ import annotations

import re
import sys
from pathlib import Path

from zoo.cardfiles.fields import Fault, shaped
from zoo.cardfiles.marked import Marked, read_json, read_yaml
from zoo.cardfiles.origins import Placing, beside
from zoo.cards import ModelCard
from zoo.errors import BadCard, BadData, BadRef

__all__ = ["CARD_FILES", "cards_file", "read_cards", "read_cards_file"]

CARD_FILES = ("cards.yaml", "cards.yml", "cards.json")  # what a folder of cards may call them

_LARGEST = 16_000_000  # bytes of a file of cards


def cards_file(folder: Path) -> Path | None:
    """The file of cards in a folder, None where there is none; raises `BadCard` for two: neither is the right one."""
    found = [folder / name for name in CARD_FILES if (folder / name).is_file()]
    if len(found) > 1:
        raise BadCard(f"{folder} holds {found[0].name} and {found[1].name}", "Keep one of them.")
    return found[0] if found else None


def read_cards(path: str) -> list[ModelCard]:
    """The cards of a YAML or JSON file, or of standard input for `-`; relative `file:` origins are beside the file.

    Raises:
        BadData: the file cannot be read.
        BadCard: names file, line and field.
    """
    if path == "-":
        content = sys.stdin.buffer.read(_LARGEST + 1)
        _check_size(len(content), "standard input")
        return _read(_decoded(content, "standard input"), "standard input", beside(Path.cwd()))
    file = Path(path).expanduser()
    return read_cards_file(file, beside(file.absolute().parent), shown=path)


def read_cards_file(file: Path, placed: Placing, *, shown: str | None = None) -> list[ModelCard]:
    """The cards of a YAML or JSON file.

    Args:
        file: it.
        placed: what its `file:` origins mean.
        shown: what messages call a file that cannot be read; its path by default.

    Raises:
        BadData: the file cannot be read.
        BadCard: names file, line and field.
    """
    return _read(_text(file, shown or str(file)), file.name, placed)


def _read(text: str, name: str, placed: Placing) -> list[ModelCard]:
    try:
        as_json = name.endswith(".json") or (not name.endswith((".yaml", ".yml")) and text.lstrip()[:1] in {"{", "["})
        documents = read_json(text) if as_json else read_yaml(text)
        cards = [card for document in documents for card in _cards(document, placed)]
    except BadCard as error:
        raise BadCard(f"{name}, {error.cause}", error.remedy or "`zoo catalog template` prints a card.") from error
    if not cards:
        raise BadCard(f"{name} holds no card", "`zoo catalog template` prints one to fill in.")
    return cards


def _text(file: Path, shown: str) -> str:
    try:
        _check_size(file.stat().st_size, shown)
        return _decoded(file.read_bytes(), shown)
    except OSError as error:
        raise BadData(f"{shown} cannot be read: {error.strerror}", "Give a file, or - for standard input.") from error


def _check_size(size: int, shown: str) -> None:
    if size > _LARGEST:
        raise BadData(f"{shown} has more than {_LARGEST // 10**6} MB", "Import a whole feed: `zoo catalog import`.")


def _decoded(content: bytes, shown: str) -> str:
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise BadData(f"{shown} is no UTF-8 text", "Save it as UTF-8.") from error


def _cards(document: Marked, placed: Placing) -> list[ModelCard]:
    if isinstance(document.value, list):
        return [_card(document, item, (i,), placed) for i, item in enumerate(document.value)]
    return [_card(document, document.value, (), placed)]


def _card(document: Marked, raw: object, at: tuple[int, ...], placed: Placing) -> ModelCard:
    try:
        return ModelCard.from_dict(shaped(raw, placed)).check()
    except Fault as fault:
        raise BadCard(_placed(document, (*at, *fault.path), f"{fault.where}: {fault.text}"), fault.remedy) from fault
    except (BadCard, BadRef) as error:
        # The schema's own words name the field.
        cause = re.sub(r"^card '[^']*': ", "", error.cause)
        fields = [str(field) for field in raw] if isinstance(raw, dict) else []
        named = next((field for field in fields if _names(cause, field)), None)
        path: tuple[str | int, ...] = (*at, named or ("id" if "model name" in cause else ""))
        raise BadCard(_placed(document, path, cause), error.remedy) from error


def _names(cause: str, field: str) -> bool:
    """Whether a message of the schema begins with this field, or with one item of it: `unknown task`, `alias 'X'`."""
    one = {"aliases": "alias", "sources": "source", "files": "file", "metrics": "metric"}.get(field, field)
    return re.match(rf"(unknown )?({re.escape(field)}|{re.escape(one)})\b", cause) is not None


def _placed(document: Marked, path: tuple[str | int, ...], text: str) -> str:
    line = document.line(*path)
    return f"line {line}: {text}" if line else text
