"""Pulls one card in a process of its own: `puller.py HOME CARD.json [OPTIONS as JSON]`; prints the revision."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from zoo.cards import ModelCard
from zoo.errors import ZooError
from zoo.store import Retries, Store


def main() -> int:
    home, card = Path(sys.argv[1]), ModelCard.from_dict(json.loads(Path(sys.argv[2]).read_text()))
    options = json.loads(sys.argv[3]) if len(sys.argv) > 3 else {}
    if limit := options.pop("file_size", None):
        import resource

        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
    if options.pop("no_sockets", False):
        sys.addaudithook(_refuse_sockets)
    store = Store(home, retries=Retries(tries=3, base=0.01), **options)
    print("started", flush=True)
    try:
        print(store.pull(card).revision, flush=True)
    except ZooError as error:
        print(f"{type(error).__name__}: {error}", flush=True)
        return error.exit_code
    except KeyboardInterrupt:
        print("interrupted", flush=True)
        return 130
    return 0


def _refuse_sockets(event: str, _: object) -> None:
    if event.startswith("socket."):
        print(f"a socket was touched: {event}", flush=True)
        raise SystemExit(99)


if __name__ == "__main__":
    sys.exit(main())
