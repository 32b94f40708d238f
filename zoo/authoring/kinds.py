"""The kinds of plugins that there are templates for, and which one is meant."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from zoo.errors import BadInput, UnknownTask, nearest
from zoo.tasks import TASKS

__all__ = ["DOMAINS", "KINDS", "Kind", "kind_of"]


@dataclass(frozen=True, kw_only=True)
class Kind:
    """A template for a task.

    Attributes:
        task: of the model that it makes.
        domain: where it is offered.
        model: the last part of the model's id.
        drawn: what `python -m MODULE.data drawn` writes that can be given to `zoo predict`, as a shell writes it.
        data: what it writes that can be given to `zoo finetune`; empty where the task is not learnt.
        folders: of the templates, the later ones over the earlier.
        requires: further packages, as a project file requires them.
    """

    task: str
    domain: str
    model: str
    drawn: str
    data: str
    folders: tuple[str, ...]
    requires: tuple[str, ...] = ()


_LEARNT = ("common", "classification")

KINDS: dict[str, Kind] = {
    kind.task: kind
    for kind in (
        Kind(
            task="image-classification",
            domain="vision",
            model="shapes",
            drawn="drawn/circle/000.png",
            data="drawn",
            folders=(*_LEARNT, "image-classification"),
        ),
        Kind(
            task="text-classification",
            domain="nlp",
            model="opinions",
            drawn="'what a wonderful film'",
            data="drawn/texts.csv",
            folders=(*_LEARNT, "text-classification"),
        ),
        Kind(
            task="audio-classification",
            domain="speech",
            model="tones",
            drawn="drawn/rising/000.wav",
            data="drawn",
            folders=(*_LEARNT, "audio-classification"),
            requires=("soundfile>=0.13", "soxr>=0.5"),
        ),
        Kind(
            task="object-detection",
            domain="detection",
            model="blocks",
            drawn="drawn/000.png",
            data="drawn",
            folders=("common", "object-detection"),
        ),
        Kind(
            task="image-feature-extraction",
            domain="other",
            model="shape-vectors",
            drawn="drawn/circle/000.png",
            data="",
            folders=("common", "image-classification", "image-feature-extraction"),
        ),
    )
}

DOMAINS = ("vision", "nlp", "speech", "detection", "other")


def kind_of(domain: str | None = None, task: str | None = None) -> Kind:
    """The template for a domain, a task, or both; pictures' classes where neither is given.

    Raises:
        UnknownTask: the zoo has no such task, or no template for it.
        BadInput: no such domain, the task is another domain's, or `other` without a task.
    """
    if domain is not None and domain not in DOMAINS:
        raise BadInput(f"there is no domain {domain!r}", f"There is {', '.join(DOMAINS)}.")
    if task is not None:
        return _of_task(task, domain)
    if domain == "other":
        raise BadInput("a plugin of no domain needs a task", f"Give --task: {_listed(_other())}.")
    return next(kind for kind in KINDS.values() if kind.domain == (domain or "vision"))


def _of_task(task: str, domain: str | None) -> Kind:
    if task not in TASKS:
        near = nearest(task, TASKS)
        hint = f"Did you mean {', '.join(near)}? " if near else ""
        raise UnknownTask(f"the zoo has no task {task!r}", f"{hint}There are templates for {_listed(KINDS)}.")
    if task not in KINDS:
        raise UnknownTask(
            f"there is no template for {task}",
            f"Begin with one for {_listed(KINDS)}, and change its task, runner and adapter.",
        )
    kind = KINDS[task]
    if domain is not None and kind.domain != domain:
        raise BadInput(
            f"{task} is a task of the domain {kind.domain}, not of {domain}", f"Give --domain {kind.domain}."
        )
    return kind


def _other() -> list[str]:
    return [task for task, kind in KINDS.items() if kind.domain == "other"]


def _listed(tasks: Iterable[str]) -> str:
    return ", ".join(tasks)
