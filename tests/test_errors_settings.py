"""Errors carry cause, remedy and exit code; settings are read when asked and refuse nonsense."""

from __future__ import annotations

from pathlib import Path

import pytest

from zoo import errors
from zoo.errors import BadInput, UnknownModel, ZooError, nearest
from zoo.settings import Settings, flag


def test_every_error_is_a_zoo_error_with_an_exit_code() -> None:
    kinds = [getattr(errors, name) for name in errors.__all__ if name != "nearest"]
    assert all(issubclass(kind, ZooError) for kind in kinds)
    assert {kind.exit_code for kind in kinds} == {1, 3, 4, 5, 6, 7, 8, 9}
    documented = [line.split()[0] for line in (errors.__doc__ or "").splitlines() if line[:1].isdigit()]
    assert {str(kind.exit_code) for kind in kinds} <= set(documented)


def test_unknown_names_get_the_nearest() -> None:
    error = UnknownModel("resnt50", nearest("resnt50", ["resnet50", "vgg16"]))
    assert error.near == ("resnet50",)
    assert "Did you mean resnet50?" in error.remedy
    assert str(error) == f"{error.cause}\n{error.remedy}"


def test_settings() -> None:
    read = Settings.read({"ZOO_HOME": "/x/y", "ZOO_OFFLINE": "Yes", "ZOO_DOWNLOADS": "7"})
    assert read == Settings(home=Path("/x/y"), offline=True, downloads=7)
    assert read.database == Path("/x/y/registry.db")
    assert Settings.read({"XDG_DATA_HOME": "/data"}).home == Path("/data/zoo")
    assert Settings.read({}).home == Path.home() / ".local/share/zoo"


@pytest.mark.parametrize(
    "env", [{"ZOO_OFFLINE": "perhaps"}, {"ZOO_DOWNLOADS": "0"}, {"ZOO_DOWNLOADS": "many"}, {"ZOO_DOWNLOADS": "-3"}]
)
def test_bad_settings_name_the_variable(env: dict[str, str]) -> None:
    with pytest.raises(BadInput, match=next(iter(env))):
        Settings.read(env)


@pytest.mark.parametrize(("text", "value"), [("1", True), ("on", True), ("", False), ("No", False)])
def test_flags(text: str, value: bool) -> None:
    assert flag("X", {"X": text}) is value
