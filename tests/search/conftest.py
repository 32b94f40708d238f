"""The catalog as `make registry` would build it from the plugins that are installed."""

from __future__ import annotations

from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def catalog(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The database, built once a run."""
    from tools.build_registry import DOMAINS
    from zoo.catalog.build import build
    from zoo.plugin import PluginManager

    plugins = PluginManager()
    versions = {info.name: info.version for info in plugins.plugins()}
    path = tmp_path_factory.mktemp("catalog") / "registry.db"
    build(path, [(name, versions[name], plugins.cards(name)) for name in DOMAINS])
    return path
