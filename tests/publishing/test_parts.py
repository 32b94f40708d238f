"""The parts of publishing one by one: cards as YAML, paths in texts, public origins, names and licences."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from zoo.cards import ModelCard
from zoo.errors import BadInput
from zoo.publishing.carding import cards_text, check_readable
from zoo.publishing.cleaning import Privacy
from zoo.publishing.naming import Names, author_of, licence_of, spdx_or_ref
from zoo.publishing.origins import is_public, public_uri

NAMES = Names("zoo-x", "zoo_x", "1.0", "me/x")
ODD = (
    "no", "on", "1e5", "08", "0x1f", "2020-01-01", "12:30", "~", "", " x ", "a: b # c", "[x]", "*a", "ü", "'", '"',
    "Yes", "</s>", "/m/02xyz", "a\tb", "\u2028", "nan of it", "- x", "!!str", "%", "@x", "`", "null", "1_000", "+1",
    ".5", "=",
)  # fmt: skip


def test_any_label_survives_as_yaml(tmp_path: Path) -> None:
    same = ["again"]
    card = ModelCard(
        id="me/x",
        task="text-classification",
        library="transformers",
        loader="transformers",
        architecture="BertModel",
        summary="Is it a: good # one? no",
        config={"labels": list(ODD), "numbers": [1e-05, 1e22, 0.1, 3, True, None], "keys": dict.fromkeys(ODD, same)},
        facts={"parameters": "counted: by me"},
    ).check()
    path = tmp_path / "cards.yaml"
    path.write_text(cards_text(card, NAMES), encoding="utf-8")
    check_readable(path, card, "zoo_x")


@pytest.mark.parametrize(
    ("text", "clean"),
    [
        ("read /home/ada/films/rows.csv, twice", "read rows.csv, twice"),
        ("in /home/ada, /home/ada/ and C:\\Users\\ada", "in folder, folder and folder"),
        ("(/srv/x/y.csv)", "(y.csv)"),
        ("~/films and ~ada/x", "films and x"),
        ("C:\\Users\\ada\\rows.csv", "rows.csv"),
        ("file:/home/ada/model", "model"),
        ("see https://example.org/a/b and hf:me/x", "see https://example.org/a/b and hf:me/x"),
        ("n/a, 3/4, precision/recall, </s>", "n/a, 3/4, precision/recall, </s>"),
    ],
)
def test_paths_are_cut_out_of_texts(text: str, clean: str) -> None:
    assert Privacy().text(text) == clean


def test_settings_lose_paths_of_this_machine_and_nothing_else(tmp_path: Path) -> None:
    config: dict[str, Any] = {
        "_name_or_path": "/mnt/models/bert",
        "cache": f"{tmp_path}/cache/x",
        "labels": ["/m/02xyz", "a/b"],
        "url": "https://example.org/x",
    }
    cleaned = Privacy(tmp_path).setting(config)
    assert cleaned == config | {"_name_or_path": "bert", "cache": "x"}


@pytest.mark.parametrize(
    ("uri", "public"),
    [
        (f"hf:a/b@{'0' * 40}#x", True),
        ("hf:a/b@main#x", False),
        ("hf:a/b#x", False),
        ("pypi:a==1#x", True),
        ("https://example.org/a#x", True),
        ("https://me:secret@example.org/a", False),
        ("https://example.org/a?token=x", False),
        ("https://models.corp/a", False),
        ("https://server/a", False),
        ("https://192.168.1.2/a", False),
        ("http://example.org/a", False),
        ("file:/home/ada/x", False),
        ("run:1", False),
    ],
)
def test_origins_that_anybody_can_ask(uri: str, public: bool) -> None:
    assert is_public(uri) is public
    assert not any(word in public_uri(uri) for word in ("secret", "token", "/home"))


@pytest.mark.parametrize(
    ("given", "made", "stated"),
    [
        ("mit", "MIT", "MIT"),
        ("apache-2.0 or mit", "Apache-2.0 OR MIT", "Apache-2.0 OR MIT"),
        ("llama3", "llama3", "LicenseRef-llama3"),
        ("LicenseRef-Ours", "LicenseRef-Ours", "LicenseRef-Ours"),
        ("unknown", "not stated", None),
    ],
)
def test_licences_as_the_publisher_and_pip_say_them(given: str, made: str, stated: str | None) -> None:
    assert licence_of(given) == made
    assert spdx_or_ref(made) == stated


def test_authors() -> None:
    assert author_of("Ada Lovelace <ada@example.org>") == ("Ada Lovelace", "ada@example.org")
    assert author_of("Ada") == ("Ada", None)
    assert author_of(None) is None
    with pytest.raises(BadInput):
        author_of("Ada <nowhere>")
