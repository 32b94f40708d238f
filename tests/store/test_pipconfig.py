"""pip's configuration, read by pip itself from real files, merged as pip merges it."""

from __future__ import annotations

from pathlib import Path

import pytest

from zoo.errors import BadInput
from zoo.store.sources.pipconfig import PipConfig, parse_debug, read_pip_config


@pytest.fixture
def pip_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home with nothing configured: no environment variables, and files in a place of their own."""
    import os

    for name in [name for name in os.environ if name.startswith("PIP_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "user"))
    monkeypatch.setenv("XDG_CONFIG_DIRS", str(tmp_path / "system"))
    return tmp_path


def write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def test_user_file(pip_home: Path) -> None:
    write(
        pip_home / "user/pip/pip.conf",
        "[global]\nindex-url = https://u:p@mirror.example/simple\ntimeout = 7.5\n"
        "trusted_host = a.example b.example:8443\n"
        "extra-index-url =\n    https://one.example/simple\n    https://two.example:8080/a\n"
        "cert = ~/ca.pem\n[install]\nfind-links = /wheels\n[freeze]\ntimeout = 99\n",
    )
    config = read_pip_config()
    assert config.index_url == "https://u:p@mirror.example/simple"
    assert config.timeout == 7.5
    assert config.trusted_hosts == ("a.example", "b.example:8443")
    assert config.extra_index_urls == ("https://one.example/simple", "https://two.example:8080/a")
    assert config.find_links == ("/wheels",)
    assert config.cert == str(pip_home / "ca.pem")


def test_levels_and_sections(pip_home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(pip_home / "system/pip/pip.conf", "[global]\nproxy = http://system\nretries = 1\n[download]\nretries = 2\n")
    write(pip_home / ".pip/pip.conf", "[global]\nproxy = http://legacy\nindex-url = http://legacy/simple\n")
    write(pip_home / "user/pip/pip.conf", "[global]\nproxy = http://user\nretries = 3\n")
    config = read_pip_config()
    # the newer of two user files wins, whatever the order of their paths; a section wins over [global] of any level
    assert (config.proxy, config.retries, config.index_url) == ("http://user", 2, "http://legacy/simple")
    monkeypatch.setenv("PIP_PROXY", "http://environment")
    monkeypatch.setenv("PIP_DEFAULT_TIMEOUT", "180")
    assert (read_pip_config().proxy, read_pip_config().timeout) == ("http://environment", 180)


def test_file_named_by_the_environment_replaces_the_users(pip_home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(pip_home / "user/pip/pip.conf", "[global]\nindex-url = http://user/simple\nproxy = http://user\n")
    write(pip_home / "mine.conf", "[global]\nindex-url = http://mine/simple\n")
    monkeypatch.setenv("PIP_CONFIG_FILE", str(pip_home / "mine.conf"))
    assert (read_pip_config().index_url, read_pip_config().proxy) == ("http://mine/simple", None)
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")
    assert read_pip_config().index_url is None


def test_environment(pip_home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PIP_NO_INDEX", "yes")
    monkeypatch.setenv("PIP_FIND_LINKS", "/a /b\n/c")
    monkeypatch.setenv("PIP_INDEX_URL", "")
    monkeypatch.setenv("PIP_QUIET", "3")
    config = read_pip_config()
    assert config.no_index
    assert config.indexes == ()
    assert config.find_links == ("/a", "/b", "/c")


def test_nothing_configured() -> None:
    assert PipConfig.from_options({}) == PipConfig()
    assert PipConfig().indexes == (None,)


def test_a_pip_in_the_current_folder_does_not_run(pip_home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(pip_home / "pip.py", "import pathlib; pathlib.Path('canary').touch()")
    monkeypatch.chdir(pip_home)
    read_pip_config()
    assert not (pip_home / "canary").exists()


@pytest.mark.parametrize(
    ("name", "value"),
    [("PIP_TIMEOUT", "soon"), ("PIP_RETRIES", "-1"), ("PIP_TIMEOUT", "inf"), ("PIP_NO_INDEX", "perhaps")],
)
def test_bad_values(pip_home: Path, monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    # pip itself rejects some of them before we can
    monkeypatch.setenv(name, value)
    with pytest.raises(BadInput, match=r"pip"):
        read_pip_config()


def test_broken_file(pip_home: Path) -> None:
    write(pip_home / "user/pip/pip.conf", "index-url without a section")
    with pytest.raises(BadInput, match="cannot read its configuration") as caught:
        read_pip_config()
    assert "pip config debug" in caught.value.remedy


def test_parse_of_an_empty_report() -> None:
    assert parse_debug("env_var:\nenv:\nglobal:\n  /etc/pip.conf, exists: False\nuser:\n") == {}
