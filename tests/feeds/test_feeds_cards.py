"""The user's own cards: from a file into the catalog, and to a prediction; every fault with file, line and field."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.tiny_fixtures import Cli, Models
from zoo import Zoo
from zoo.catalog.build import content_digest
from zoo.errors import BadCard, CatalogError
from zoo.feeding import add_cards, read_cards, template

GOOD = """\
id: me/judge
task: text-classification
library: transformers
loader: transformers
architecture: BertForSequenceClassification
licence: MIT
sources: [hf:me/judge]
"""


def written(folder: Path, text: str, name: str = "card.yaml") -> str:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return str(path)


def test_the_template_is_a_good_card(tmp_path: Path) -> None:
    (card,) = read_cards(written(tmp_path, template()))
    assert card.id == "me/my-model"
    assert card.sources[0].uri == f"file:{tmp_path}/my-model"


def test_the_template_names_every_field(tmp_path: Path) -> None:
    import dataclasses
    import re

    from zoo.cards import ModelCard

    named = set(re.findall(r"^(?:# )?(\w+):", template(), re.MULTILINE))
    assert named == {field.name for field in dataclasses.fields(ModelCard)} - {"downloads"}
    opened = re.sub(r"^# (\w+:|  - \{)", r"\1", template(), flags=re.MULTILINE).replace("- {path", "  - {path")
    opened = re.sub(r"^licence: Apache.*$", "", opened, flags=re.MULTILINE).replace("64 hex digits", "a" * 64)
    opened = re.sub(r"^#   - ", "  - ", opened, flags=re.MULTILINE)
    (card,) = read_cards(written(tmp_path, opened))
    assert (card.parameters, card.macs, card.published) == (22_700_000, 5_600_000_000, "2026-01-31")
    assert card.languages == ("de", "en")


def test_a_card_of_ones_own_is_pulled_and_run(zoo: Zoo, models: Models, cli: Cli, tmp_path: Path) -> None:
    """From the YAML file to the prediction, with a real small model in a folder beside it."""
    (tmp_path / "folder").symlink_to(models.judge)
    card = written(tmp_path, GOOD.replace("[hf:me/judge]", "\n  - file:./folder").replace("me/judge", "team/judge"))
    added = cli("catalog", "add", card)
    assert (added.code, added.out) == (0, "user: 1 added, 0 updated, 0 removed, 0 unchanged\n  team/judge\n")
    assert cli("search", "judge", "--json").json[0]["id"] == "team/judge"
    assert cli("show", "team/judge", "--json").json["feed"]["kind"] == "user"
    assert cli("pull", "team/judge").code == 0
    said = cli("predict", "team/judge", "a good film", "--json")
    assert said.code == 0, said.err
    assert "good" in said.out
    again = cli("catalog", "add", card, "--json").json
    assert (again["added"], again["updated"], again["unchanged"]) == (0, 0, 1)
    assert cli("catalog", "remove", "team/judge").code == 0
    assert cli("show", "team/judge", "--json").json["card"] is None  # its files are still here


def test_several_cards_in_one_file(tmp_path: Path) -> None:
    two = GOOD + "---\n" + GOOD.replace("me/judge", "me/other")
    assert [card.id for card in read_cards(written(tmp_path, two))] == ["me/judge", "me/other"]
    as_list = json.dumps([card.to_dict() for card in read_cards(written(tmp_path, two))], indent=2)
    assert [card.id for card in read_cards(written(tmp_path, as_list, "cards.json"))] == ["me/judge", "me/other"]


def test_standard_input(cli: Cli, zoo: Zoo) -> None:
    added = cli("catalog", "add", "-", "--feed", "team", "--json", stdin=GOOD.encode())
    assert added.json["models"] == ["me/judge"]
    assert added.json["feed"] == "team"
    as_json = json.dumps({**read_cards_from(GOOD), "summary": "anew"}).encode()
    assert cli("catalog", "add", "-", "--feed", "team", "--json", stdin=as_json).json["updated"] == 1
    feeds = {feed["name"]: feed for feed in cli("catalog", "feeds", "--json").json}
    assert (feeds["team"]["kind"], feeds["team"]["models"]) == ("user", 1)


def read_cards_from(text: str) -> dict[str, object]:
    return dict(line.split(": ", 1) for line in text.splitlines() if "[" not in line)


def test_words_of_yaml_stay_words(tmp_path: Path) -> None:
    """Norwegian is no `false`, a date and a year are texts, a list need not be sorted."""
    more = "languages: [no, on, de]\npublished: 2024-05-06\ntags: fast\nparameters: 1_000\n"
    (card,) = read_cards(written(tmp_path, GOOD + more))
    assert card.languages == ("de", "no", "on")
    assert (card.published, card.tags, card.parameters) == ("2024-05-06", ("fast",), 1000)
    (card,) = read_cards(written(tmp_path, GOOD + "published: 2024\n"))
    assert card.published == "2024"


BAD = {
    "an unknown field": ("licens: MIT\n", r"line 8: licens: is no field of a card", "licence"),
    "a missing field": (None, r"line 1: the card: lacks architecture", ""),
    "a task that does not exist": ("task: cooking\n", r"line 7: unknown task 'cooking'", ""),
    "a list where a text belongs": ("summary: [a, b]\n", r"line 8: summary: must be a text, not a list", ""),
    "a count that is none": ("parameters: many\n", r"line 8: parameters: must be a count", ""),
    "a negative count": ("parameters: -3\n", r"line 8: parameters: must be a count", ""),
    "a date that is none": ("published: last week\n", r"line 8: published must be YYYY", ""),
    "a metric without its value": (
        "metrics:\n  - {name: top1, value: 80.0}\n  - name: top5\n", r"line 10: metrics\[1\]: lacks value", "",
    ),
    "a metric that is no number": (
        "metrics:\n  - name: top1\n    value: high\n", r"line 10: metrics\[0\]\.value: must be a number", "",
    ),
    "an odd source": (
        "sources:\n  - hf:me/judge\n  - {url: x}\n", r"line 9: sources\[1\]\.url: is no field here", "uri",
    ),
    "a file that leaves its folder": (
        "files:\n  - {path: ../x, origin: 'https://example.org/x'}\n", r"file path '\.\./x' is not a plain", "",
    ),
    "an alias in capitals": ("aliases: [Judge]\n", r"line 8: alias 'Judge' must be in lower case", ""),
    "a field twice": ("summary: a\nsummary: b\n", r"line 9: 'summary' is there twice", ""),
    "no YAML": ("summary: 'open\n", r"line \d+: not valid YAML", ""),
    "a tab": ("summary:\n\t- x\n", r"line 9: not valid YAML", ""),
    "code": ("summary: !!python/object/apply:os.system ['echo hi']\n", r"line 8: the type '.*' is not read here", ""),
    "a reference": ("tags: &a [x]\nlanguages: *a\n", r"line \d: a reference", ""),
    "a control character": ('summary: "a\\x1b[2J"\n', r"line 8: summary: holds a control character", ""),
    "no card at all": ("", r"the card: must be fields with values, not a text", ""),
}  # fmt: skip


@pytest.mark.parametrize("fault", BAD)
def test_a_bad_card_is_named_with_line_and_field(zoo: Zoo, cli: Cli, tmp_path: Path, fault: str) -> None:
    more, cause, remedy = BAD[fault]
    text = GOOD + (more or "")
    if more is None:
        text = GOOD.replace("architecture: BertForSequenceClassification\n", "")
    elif more == "":
        text = "just a line\n"
    else:
        field = more.partition(":")[0]
        lines = [line for line in GOOD.splitlines(keepends=True) if not line.startswith(f"{field}:")]
        text = "".join(lines) + more
        if len(lines) < 7 and field == "sources":
            cause = cause.replace("line 10", "line 9")
    path = written(tmp_path, text)
    with pytest.raises(BadCard, match=rf"card\.yaml, .*{cause}") as caught:
        read_cards(path)
    assert remedy in caught.value.remedy
    before = content_digest(zoo.catalog.path)
    done = cli("catalog", "add", path)
    assert (done.code, done.out) == (4, "")
    assert "Traceback" not in done.err
    assert content_digest(zoo.catalog.path) == before


@pytest.mark.parametrize("text", ["{", '{"id": 1, "id": 2}', '{"id": NaN}', "[" * 100_000, "[]", "3"])
def test_bad_json(tmp_path: Path, text: str) -> None:
    with pytest.raises(BadCard, match=r"card\.json"):
        read_cards(written(tmp_path, text, "card.json"))


def test_files_that_cannot_be_read(cli: Cli, zoo: Zoo, tmp_path: Path) -> None:
    (tmp_path / "latin.yaml").write_bytes(b"summary: caf\xe9\n")
    for path in (tmp_path / "none.yaml", tmp_path, tmp_path / "latin.yaml"):
        done = cli("catalog", "add", path)
        assert (done.code, "Traceback" in done.err) == (4, False)


def test_a_card_that_nothing_can_load_is_refused(zoo: Zoo, tmp_path: Path) -> None:
    (card,) = read_cards(written(tmp_path, GOOD))
    with pytest.raises(BadCard, match="no installed plugin supplies loader 'transformer'") as caught:
        add_cards(zoo, [card.replace(loader="transformer")])
    assert "transformers" in caught.value.remedy
    with pytest.raises(BadCard, match="no installed plugin runs word-analogy") as caught:
        add_cards(zoo, [card.replace(tasks=("word-analogy",))])
    assert "text-classification" in caught.value.remedy


def test_names_of_others_stay_theirs(zoo: Zoo, tmp_path: Path) -> None:
    (card,) = read_cards(written(tmp_path, GOOD))
    before = content_digest(zoo.catalog.path)
    with pytest.raises(CatalogError, match="both supply"):
        add_cards(zoo, [card, card.replace(id="google-bert/bert-base-uncased")])
    with pytest.raises(BadCard, match="declared twice"):
        add_cards(zoo, [card, card.replace(id="ME/judge")])
    for feed in ("zoo-nlp", "local", "hf/x", "", "Team"):
        with pytest.raises(CatalogError):
            add_cards(zoo, [card], feed=feed)
    assert content_digest(zoo.catalog.path) == before


def test_only_cards_of_hubs_and_of_ones_own_can_be_removed(zoo: Zoo, cli: Cli, models: Models) -> None:
    before = content_digest(zoo.catalog.path)
    assert cli("catalog", "remove", "google-bert/bert-base-uncased").code == 9
    assert cli("catalog", "remove", "nobody/knows").code == 3
    assert content_digest(zoo.catalog.path) == before
    zoo.pull(str(models.judge))
    assert "zoo rm local/judge" in cli("catalog", "remove", "local/judge").err
    assert zoo.card("local/judge") is not None
