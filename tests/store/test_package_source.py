"""`package:` origins: real packages on the search path, with code and without, editable, zipped, and odd ones."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from tests.store.making import CONFIG, WEIGHTS, make_card, safetensors, sha256
from zoo.cards import Source
from zoo.errors import BadCard, BadInput, BadRef, HashMismatch, NotFound, UnsafeFile, UnsupportedFormat
from zoo.store import Store
from zoo.store.sources.package import PackageReader

NAME = "zoo_packed_for_tests"
MODEL = f"package:{NAME}#weights/model.safetensors"


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of installed packages."""
    made = tmp_path / "site"
    made.mkdir()
    monkeypatch.syspath_prepend(made)
    return made


@pytest.fixture
def package(site: Path) -> Path:
    """An installed package that must not be imported, with two files of a model."""
    made = site / NAME
    (made / "weights" / "deep").mkdir(parents=True)
    (made / "__init__.py").write_text("raise SystemExit('imported')")
    (made / "weights" / "model.safetensors").write_bytes(WEIGHTS)
    (made / "weights" / "deep" / "con fig.json").write_bytes(CONFIG)
    (made / "weights" / "build.py").write_text("raise SystemExit('imported')")
    (made / "weights" / ".hidden").write_text("secret")
    (made / "cards.yaml").write_text("id: a")
    (made / "README.md").write_text("About it.")
    installed(site, "zoo-packed", "1.2", f"{NAME}/__init__.py,,\n")
    return made


def installed(site: Path, name: str, version: str, record: str = "", **files: str) -> None:
    folder = site / f"{name.replace('-', '_')}-{version}.dist-info"
    folder.mkdir()
    (folder / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
    (folder / "RECORD").write_text(record)
    for file, text in files.items():
        (folder / file.replace("__", ".")).write_text(text)


def paths(uri: str) -> dict[str, str]:
    return {file.path: file.origin[0] for file in PackageReader(offline=True).listing(uri).files}


def test_a_file_is_pulled_offline_and_its_distribution_is_recorded(package: Path, home: Path) -> None:
    store = Store(home, offline=True)
    files = {"model.safetensors": (MODEL, WEIGHTS), "c.json": (f"package:{NAME}#weights/deep/con%20fig.json", CONFIG)}
    card = make_card("me/packed", files, (Source(uri=f"package:{NAME}"),))
    assert store.plan(card).download == 0
    manifest = store.pull(card)
    assert manifest.upstream == "zoo-packed 1.2"
    assert {file.path: file.sha256 for file in manifest.files} == {
        "model.safetensors": sha256(WEIGHTS),
        "c.json": sha256(CONFIG),
    }
    assert [file.origin for file in manifest.files if file.path == "model.safetensors"] == [(MODEL,)]
    assert (package / "weights/model.safetensors").stat().st_nlink == 1, "copied, never linked"
    assert store.plan(card).installed == manifest.revision
    assert NAME not in sys.modules


def test_other_bytes_than_the_card_pins(package: Path, store: Store) -> None:
    longer, same_length = safetensors(6000), safetensors(5000, seed=9)
    for other in (longer, same_length):
        with pytest.raises(HashMismatch, match=r"model\.safetensors"):
            store.pull(make_card("me/packed", {"model.safetensors": (MODEL, other)}))
    assert not list(store.installed())


def test_listings(package: Path) -> None:
    below = {
        "deep/con fig.json": f"package:{NAME}#weights/deep/con%20fig.json",
        "model.safetensors": MODEL,
    }
    assert paths(f"package:{NAME}#weights/") == paths(f"package:{NAME}#weights") == below
    assert paths(MODEL) == {"model.safetensors": MODEL}
    # Of the whole package: no code, no cards; the one config.json says which folder the model is.
    assert sorted(paths(f"package:{NAME}")) == ["README.md", "weights/deep/con fig.json", "weights/model.safetensors"]
    (package / "weights" / "config.json").write_bytes(CONFIG)
    assert sorted(paths(f"package:{NAME}")) == ["config.json", "deep/con fig.json", "model.safetensors"]


def test_an_unpinned_folder_is_read_again(package: Path, store: Store) -> None:
    card = make_card("me/packed", {}, (Source(uri=f"package:{NAME}#weights"),))
    first = store.pull(card)
    assert store.pull(card) == first
    (package / "weights" / "model.safetensors").write_bytes(safetensors(5000, seed=8))
    assert store.pull(card).revision != first.revision


def test_a_package_without_code_may_lie_in_several_folders(
    site: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    second = tmp_path / "second"
    for root, file in ((site, "one.json"), (second, "one.json"), (second, "two.json")):
        (root / NAME).mkdir(parents=True, exist_ok=True)
        (root / NAME / file).write_bytes(CONFIG)
    monkeypatch.syspath_prepend(second)
    reader = PackageReader(offline=True)
    assert reader.locate(f"package:{NAME}#two.json").local == second / NAME / "two.json"
    assert reader.locate(f"package:{NAME}#one.json").local == second / NAME / "one.json"
    assert sorted(paths(f"package:{NAME}")) == ["one.json", "two.json"]
    assert reader.locate(f"package:{NAME}#one.json").upstream is None


def test_an_editable_installation_is_read_where_its_author_works(site: Path, tmp_path: Path) -> None:
    """In a process of its own: Python reads the `.pth` file of an editable installation when it starts."""
    work = tmp_path / "work"
    (work / NAME).mkdir(parents=True)
    (work / NAME / "w.safetensors").write_bytes(WEIGHTS)
    (site / "_editable.pth").write_text(str(work))
    entry = {"entry_points__txt": f"[zoo]\nzoo-packed = {NAME}\n"}
    installed(site, "quite-another-name", "3", "_editable.pth,,\n", **entry)
    code = (
        f"import site, sys; site.addsitedir({str(site)!r})\n"
        "from zoo.store.sources.package import PackageReader\n"
        f"found = PackageReader(offline=True).locate('package:{NAME}#w.safetensors')\n"
        "print(found.local, found.upstream, sep='|')"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == f"{work / NAME / 'w.safetensors'}|quite-another-name 3"


@pytest.mark.parametrize("member", ["../secret", "weights/../../secret", "%2e%2e/secret", "/etc/passwd", "a//b", "."])
def test_paths_that_lead_elsewhere(member: str, package: Path) -> None:
    (package.parent / "secret").write_text("secret")
    with pytest.raises(BadCard, match="not a plain relative path"):
        PackageReader(offline=True).locate(f"package:{NAME}#{member}")


def test_links_that_lead_elsewhere(package: Path) -> None:
    (package.parent / "outside").mkdir()
    (package.parent / "outside" / "w.bin").write_bytes(b"secret")
    reader = PackageReader(offline=True)
    (package / "inner").symlink_to("weights")
    assert reader.locate(f"package:{NAME}#inner/model.safetensors").size == len(WEIGHTS)
    (package / "link").symlink_to("../outside")
    for call in (reader.locate, reader.listing):
        with pytest.raises(UnsafeFile, match="outside its folder"):
            call(f"package:{NAME}#link/w.bin")
    for uri in (f"package:{NAME}#link", f"package:{NAME}"):
        with pytest.raises(UnsafeFile, match="outside its folder"):
            reader.listing(uri)


def test_what_is_not_there(package: Path) -> None:
    reader = PackageReader(offline=True)
    with pytest.raises(NotFound, match=r"no file 'weights/model\.safetensor'\n.*weights/model\.safetensors"):
        reader.locate(f"package:{NAME}#weights/model.safetensor")
    with pytest.raises(NotFound, match=rf"not installed\nDid you mean {NAME}.*`pip install zoo-packed-for-test`"):
        reader.locate(f"package:{NAME[:-1]}#weights/model.safetensors")
    (package / "empty").mkdir()
    with pytest.raises(NotFound, match="holds no data files"):
        reader.listing(f"package:{NAME}#empty")
    with pytest.raises(BadInput, match="names a package, not a file"):
        reader.locate(f"package:{NAME}")
    with pytest.raises(BadInput, match="no ordinary file"):
        reader.locate(f"package:{NAME}#weights")


@pytest.mark.parametrize("name", ["os.path", f"{NAME}.weights", "", "zoo-mine", "../zoo", "1st"])
def test_names_that_are_no_top_level_package(name: str) -> None:
    with pytest.raises(BadRef):
        PackageReader(offline=True).locate(f"package:{name}#x")


def test_modules_and_zip_archives(site: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (site / "zoo_lonely_module.py").write_text("raise SystemExit('imported')")
    zipped = site / "packed.zip"
    with zipfile.ZipFile(zipped, "w") as archive:
        archive.writestr("zoo_zipped_package/__init__.py", "")
        archive.writestr("zoo_zipped_package/w.json", "{}")
    monkeypatch.syspath_prepend(zipped)
    reader = PackageReader(offline=True)
    for name, why in (("zoo_lonely_module", "single module"), ("zoo_zipped_package", "zip archive"), ("sys", "module")):
        with pytest.raises(UnsupportedFormat, match=why):
            reader.locate(f"package:{name}#w.json")
