"""The local hub, with a history: a repository's head moves, and its earlier commits can still be had."""

from __future__ import annotations

from dataclasses import dataclass, field

from tests.store.local_hub import HubRepository, LocalHub, _Handler

__all__ = ["MovingHub"]


@dataclass
class MovingHub(LocalHub):
    """`commit(name, files)` makes a new head; `forget(name)` rewrites the history: only the head is left."""

    past: dict[str, list[HubRepository]] = field(default_factory=dict)

    def commit(self, name: str, files: dict[str, bytes]) -> str:
        if old := self.repositories.get(name):
            self.past.setdefault(name, []).append(old)
        number = len(self.past.get(name, [])) + 1
        made = HubRepository(files=files, commit=f"{number:x}" * 40)
        self.repositories[name] = made
        return made.commit

    def forget(self, name: str) -> None:
        self.past.pop(name, None)

    def handler(self) -> type[_Handler]:
        return _MovingHandler


class _MovingHandler(_Handler):
    hub: MovingHub

    def _repository(self, name: str, revision: str | None) -> HubRepository | None:
        earlier = [one for one in self.hub.past.get(name, []) if one.commit == revision]
        return earlier[0] if earlier else super()._repository(name, revision)
