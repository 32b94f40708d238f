"""Which models of a hub can a plugin load? Asked of what the plugins supply, never of a model's own claims alone."""

from __future__ import annotations

import functools
import re
from collections.abc import Mapping
from dataclasses import dataclass

__all__ = ["LeftOut", "Loadable"]

# Libraries of the hub whose repositories another one's loader reads.
_READ_BY = {"sentence-transformers": "transformers"}

# The endings of transformers' classes that have the head of a task, besides those of the plugins' own cards.
_HEADS: Mapping[str, tuple[str, ...]] = {
    "fill-mask": ("ForMaskedLM", "ForPreTraining", "LMHeadModel"),
    "image-classification": ("ForImageClassification", "ForImageClassificationWithTeacher"),
    "object-detection": ("ForObjectDetection",),
    "question-answering": ("ForQuestionAnswering", "ForQuestionAnsweringSimple"),
    "text-classification": ("ForSequenceClassification",),
    "text-generation": ("ForCausalLM", "LMHeadModel"),
    "text-ranking": ("ForSequenceClassification",),
    "token-classification": ("ForTokenClassification",),
    "zero-shot-classification": ("ForSequenceClassification",),
}
# Tasks that need no head: the body of any class will do.
_HEADLESS = {"feature-extraction", "sentence-similarity"}
_ENDING = re.compile(r"(For[A-Z]\w*|LMHeadModel|Model)$")


class LeftOut(Exception):
    """A model that is not listed; `reason` reads on after "12 left out:", such as `of tasks that …`."""

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(reason)


@dataclass(frozen=True, kw_only=True)
class Loadable:
    """What the installed plugins can load and run.

    Attributes:
        runners: `(loader, task)` of all runners.
        usual: `{(library, architecture, task): loader}` as the plugins' own cards have it.
    """

    runners: frozenset[tuple[str, str]]
    usual: Mapping[tuple[str, str, str], str]

    def library(self, named: str) -> str:
        """The library that builds what the hub lists under a library's name."""
        return _READ_BY.get(named, named)

    def check(self, library: str, task: str) -> None:
        """Raise `LeftOut` where no plugin loads a library, or none runs a task with it, whatever the architecture."""
        loaders = self._loaders(library)
        if not any(loader in loaders for loader, _ in self.runners):
            raise LeftOut("of libraries that no plugin loads")
        if not any((loader, task) in self.runners for loader in loaders):
            raise LeftOut("of tasks that no plugin runs with their library")

    def loader(self, library: str, architecture: str, task: str) -> str:
        """The loader of an architecture for a task.

        It is the one that the plugins' own cards have for it. For an architecture that they do not know it is the one
        named after the library, when the architecture has a head like those that it loads for the task.

        Raises:
            LeftOut: there is none.
        """
        usual = self.usual.get((library, architecture, task))
        if usual and (usual, task) in self.runners:
            return usual
        able = sorted(loader for loader in self._loaders(library) if (loader, task) in self.runners)
        named = [loader for loader in able if loader == library] or [
            loader for loader in able if loader.startswith(f"{library}-")
        ]
        if not named:
            raise LeftOut("of architectures that no plugin loads for their task")
        if library == "transformers" and task not in _HEADLESS and not self._has_head(named[0], architecture, task):
            raise LeftOut("whose architecture lacks the head of their task")
        return named[0]

    def _loaders(self, library: str) -> set[str]:
        return {library} | self._by_library.get(library, set())

    def _has_head(self, loader: str, architecture: str, task: str) -> bool:
        ending = _ending(architecture)
        return ending in self._endings.get((loader, task), ()) or ending in _HEADS.get(task, ())

    @functools.cached_property
    def _by_library(self) -> dict[str, set[str]]:
        made: dict[str, set[str]] = {}
        for (library, _, _), loader in self.usual.items():
            made.setdefault(library, set()).add(loader)
        return made

    @functools.cached_property
    def _endings(self) -> dict[tuple[str, str], set[str]]:
        made: dict[tuple[str, str], set[str]] = {}
        for (_, architecture, task), loader in self.usual.items():
            made.setdefault((loader, task), set()).add(_ending(architecture))
        return made


def _ending(architecture: str) -> str:
    match = _ENDING.search(architecture)
    return match[0] if match else architecture
