"""Models that no catalog knows, from a hub and from a package index, to a prediction: real servers, real clients."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch

from tests.store.local_hub import HubRepository, LocalHub
from tests.store.local_index import LocalIndex, make_wheel
from tests.tiny_fixtures import Models
from zoo import Zoo
from zoo.errors import NotFound, UnknownModel


@pytest.fixture
def zoo(tmp_path: Path) -> Zoo:
    return Zoo(tmp_path / "zoo", quiet=True)


def files_of(folder: Path) -> dict[str, bytes]:
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


@pytest.fixture
def hub(models: Models, monkeypatch: pytest.MonkeyPatch) -> Iterator[LocalHub]:
    repository = HubRepository(files=files_of(models.pics), large={"model.safetensors"})
    with LocalHub(repositories={"team/tiny-pics": repository}).serve() as served:
        monkeypatch.setenv("HF_ENDPOINT", served.url)
        yield served


@pytest.fixture
def index(models: Models, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[LocalIndex]:
    for name in [n for n in os.environ if n.startswith("PIP_") or n.lower().endswith("_proxy")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    members = {f"tiny_texts/model/{name}": data for name, data in files_of(models.texts).items()}
    wheel = make_wheel(tmp_path, "tiny-texts", "1.0", {**members, "tiny_texts/__init__.py": b"raise SystemExit(9)"})
    with LocalIndex().serve() as served:
        served.add("tiny-texts", wheel)
        monkeypatch.setenv("PIP_INDEX_URL", served.simple)
        yield served


def test_from_the_hub(zoo: Zoo, hub: LocalHub, models: Models) -> None:
    with zoo.load("hf:team/tiny-pics") as model, zoo.load(str(models.pics)) as local:
        assert model.predict(models.red) == local.predict(models.red)
        assert model.card.id == "team/tiny-pics"
        assert model.card.licence.weights == "apache-2.0"
        assert model.provenance["upstream"] == "a" * 40
        assert model.revision == local.revision  # the same bytes, wherever they are from
    asked = len(hub.requests)
    zoo.load("hf:team/tiny-pics").unload()
    assert len(hub.requests) == asked, "what is here is not asked for again"


def test_from_the_hub_and_then_offline(zoo: Zoo, hub: LocalHub, models: Models) -> None:
    zoo.pull("hf:team/tiny-pics@main")
    asked = len(hub.requests)
    offline = Zoo(zoo.home, offline=True, quiet=True)
    for ref in ("hf:team/tiny-pics", "team/tiny-pics", "tiny-pics"):
        offline.load(ref).unload()
    assert len(hub.requests) == asked


def test_what_the_hub_does_not_have(zoo: Zoo, hub: LocalHub) -> None:
    for ref in ("hf:team/nothing", "hf:team/tiny-pics@nothing"):
        with pytest.raises(NotFound):
            zoo.pull(ref)
    with pytest.raises(UnknownModel):
        zoo.show("team/nothing")


def test_out_of_a_package(zoo: Zoo, index: LocalIndex, models: Models) -> None:
    """The package's own code would end the process, and is never run."""
    with zoo.load("pypi:tiny-texts==1.0") as model, zoo.load(str(models.texts)) as local:
        ours, theirs = model.predict("a good film").vector, local.predict("a good film").vector
        assert torch.equal(torch.as_tensor(ours), torch.as_tensor(theirs))
        assert model.card.id == "pypi/tiny-texts"
        assert list(model.provenance["containers"]) == ["pypi:tiny-texts==1.0"]
    offline = Zoo(zoo.home, offline=True, quiet=True)
    offline.load("pypi:tiny-texts==1.0").unload()
