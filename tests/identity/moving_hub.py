"""The local hub, with a history: a repository's head moves, and its earlier commits can still be had."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import ThreadingHTTPServer

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

    @contextmanager
    def serve(self) -> Iterator[MovingHub]:
        handler = type("Handler", (_MovingHandler,), {"hub": self})
        with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
            server.daemon_threads = True
            self.url = f"http://127.0.0.1:{server.server_port}"
            thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
            thread.start()
            try:
                yield self
            finally:
                server.shutdown()
                thread.join()


class _MovingHandler(_Handler):
    hub: MovingHub

    def _repository(self, name: str, revision: str | None) -> HubRepository | None:
        earlier = [one for one in self.hub.past.get(name, []) if one.commit == revision]
        return earlier[0] if earlier else super()._repository(name, revision)
