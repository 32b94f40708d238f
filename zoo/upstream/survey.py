"""The survey of all installed models: a few questions at once, and one origin that fails hides no other."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor, as_completed
from typing import TYPE_CHECKING

from zoo.cards import ModelCard, Ref
from zoo.errors import NotInstalled, ZooError
from zoo.upstream.findings import Answer, Finding, joined
from zoo.upstream.origins import Origins

if TYPE_CHECKING:
    from zoo.manifests import Manifest
    from zoo.registry import Registry

__all__ = ["outdated"]

_AT_ONCE = 8


def outdated(
    registry: Registry, models: Iterable[str] = (), *, report: Callable[[int, int], None] | None = None
) -> list[Finding]:
    """Compare the installed models with their cards and their origins; by model.

    Args:
        registry: the zoo; an offline one asks nothing of the network, and says so of each model.
        models: only these, each with `@alias-or-revision` where it is not the newest revision; all when empty.
        report: is told how many of how many models have been looked at.

    Raises:
        NotInstalled: a named model is not here.
    """
    chosen = _named(registry, models) or _all(registry)
    say = report or (lambda done, total: None)
    say(0, len(chosen))
    with Origins(registry) as origins, ThreadPoolExecutor(max_workers=_AT_ONCE) as pool:
        running = [pool.submit(_look, origins, card, manifest) for card, manifest in chosen]
        try:
            for done, _ in enumerate(as_completed(running), 1):
                say(done, len(running))
        except BaseException:  # Ctrl-C must not wait for questions that have not begun
            pool.shutdown(wait=False, cancel_futures=True)
            raise
        return [future.result() for future in running]


def _named(registry: Registry, models: Iterable[str]) -> list[tuple[ModelCard | None, Manifest]]:
    chosen: dict[tuple[str, str], tuple[ModelCard | None, Manifest]] = {}
    for ref in models:
        resolved = registry.resolve(Ref.parse(ref))
        latest = registry.catalog.latest_revision(resolved.card.id)
        revision = resolved.revision or (latest.revision if latest else None)
        if revision is None:
            raise NotInstalled(f"{resolved.card.id} is not installed", f"Run `zoo pull {resolved.card.id}`.")
        chosen[resolved.card.id, revision] = (resolved.card, registry.store.manifest(resolved.card.id, revision))
    return [chosen[key] for key in sorted(chosen)]


def _all(registry: Registry) -> list[tuple[ModelCard | None, Manifest]]:
    newest: dict[str, Manifest] = {}
    for manifest in registry.store.installed():
        known = newest.get(manifest.model)
        if known is None or (known.pulled, known.revision) < (manifest.pulled, manifest.revision):
            newest[manifest.model] = manifest
    return [(registry.card(model), newest[model]) for model in sorted(newest)]


def _look(origins: Origins, card: ModelCard | None, manifest: Manifest) -> Finding:
    answers = list(_answers(origins, card, manifest))
    return joined(manifest.model, manifest.revision, manifest.pulled, answers)


def _answers(origins: Origins, card: ModelCard | None, manifest: Manifest) -> Iterable[Answer]:
    if any(uri.startswith("run:") for file in manifest.files for uri in file.origin):
        yield Answer(state="local", why="it was made here")
        return
    if card and (other := _other_bytes(card, manifest)):
        yield other
        return
    for base in origins.bases(manifest):
        try:
            yield origins.ask(base, card, manifest)
        except ZooError as error:
            yield Answer(state="unknown", why=error.cause)


def _other_bytes(card: ModelCard, manifest: Manifest) -> Answer | None:
    """Whether the card names other files, or pins other bytes, than are here: it was updated since."""
    arrived = {str(file.arrived["path"]): file.arrived for file in manifest.files}
    wanted = {file.path: file for file in card.files}
    if not wanted:
        return None
    changed = [
        path
        for path, file in wanted.items()
        if path not in arrived
        or file.sha256 not in {None, arrived[path]["sha256"]}
        or file.size not in {None, arrived[path]["size"]}
    ]
    changed += sorted(arrived.keys() - wanted.keys())
    if not changed:
        return None
    return Answer(
        state="moved",
        upstream=", ".join(dict.fromkeys(source.uri for source in card.sources)) or "its card",
        why=f"its card now has another {', '.join(changed[:3])}{' …' if len(changed) > 3 else ''}",
        how=f"zoo pull {card.id}",
    )
