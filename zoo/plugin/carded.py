"""Plugins without code: a folder, or an installed package, of which only `cards.yaml` and files are used.

Nothing of it is imported: its cards are read as data, and its models are built by the loaders of other plugins.
"""

from __future__ import annotations

from pathlib import Path

from zoo.cardfiles.origins import within, within_package
from zoo.cardfiles.packages import ImportPackage, find_package
from zoo.cardfiles.reading import CARD_FILES, cards_file, read_cards_file
from zoo.cards import ModelCard
from zoo.errors import BadCard, PluginError
from zoo.plugin.hookspecs import API_VERSION, hookimpl

__all__ = ["CardFolder", "packaged_cards"]


class CardFolder:
    """A plugin without code; what the manager registers in place of a module.

    Args:
        name: of the plugin.
        folder: holds the file of cards.
        package: the import package that the folder is, so that its files are `package:` origins; None for a folder of
            the user's, whose files are `file:` origins.

    Raises:
        PluginError: the folder is gone, or holds no file of cards.
    """

    zoo_api = API_VERSION

    def __init__(self, name: str, folder: Path, package: str | None = None) -> None:
        self.name = name
        self.folder = folder
        self.package = package
        self.file = _file(name, folder)
        self.__name__ = package or str(folder)

    @hookimpl
    def zoo_cards(self) -> list[ModelCard]:
        """The checked cards; raises `BadCard`, which names file, line and field."""
        placed = within(self.folder) if self.package is None else within_package(self.package)
        return read_cards_file(self.file, placed)


def _file(name: str, folder: Path) -> Path:
    if not folder.is_dir():
        raise PluginError(f"the folder {folder} is gone", f"Bring it back, or run `zoo plugin remove {name}`.")
    try:
        file = cards_file(folder)
    except BadCard as error:
        raise PluginError(error.cause, error.remedy) from error
    if file is None:
        raise PluginError(f"the folder {folder} holds no {CARD_FILES[0]}", "`zoo catalog template` prints a card.")
    return file


def _folder_with_cards(package: ImportPackage) -> Path:
    """The portion of a package that holds the cards, its first one where none does."""
    held = (folder for folder in package.folders if any((folder / name).is_file() for name in CARD_FILES))
    return next(held, package.folder)


def packaged_cards(package: str) -> list[ModelCard]:
    """The cards of `cards.yaml` (or `cards.yml`, `cards.json`) in an import package, for the hook `zoo_cards`.

    The package is not imported. An origin `file:./weights` is `package:<package>#weights`: a file of the package.
    Sizes and hashes are those that the author wrote down; none is filled in from the files as they happen to be here.

    Args:
        package: its top-level name, such as `zoo_mine`.

    Raises:
        BadCard: names file, line and field; or the package holds no file of cards.
        NotFound: no such package is installed.
    """
    found = find_package(package)
    folder = _folder_with_cards(found)
    file = cards_file(folder)
    if file is None:
        raise BadCard(f"the package {package} holds no {CARD_FILES[0]}", f"Put it into {folder}.")
    return read_cards_file(file, within_package(package))
