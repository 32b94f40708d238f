"""`make registry`: build the shipped catalog `registry.db` from the cards of the built-in plugins, reproducibly."""

from __future__ import annotations

import sys
from pathlib import Path

from zoo.catalog.build import build, content_digest
from zoo.plugin import PluginManager

DOMAINS = ("zoo-detection", "zoo-nlp", "zoo-speech", "zoo-vision")


def main(target: Path) -> None:
    """Build `target`; a built-in plugin that is missing or broken is an error."""
    plugins = PluginManager()
    infos = {info.name: info for info in plugins.plugins()}
    for name in DOMAINS:
        if name not in infos or infos[name].error:
            sys.exit(f"plugin {name}: {infos[name].error if name in infos else 'not installed'}")
    build(target, [(name, infos[name].version, plugins.cards(name)) for name in DOMAINS])
    print(f"{target}: {sum(len(plugins.cards(name)) for name in DOMAINS)} cards, content {content_digest(target)}")


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "registry.db"))
