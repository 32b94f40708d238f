"""`zoo catalog sync`: huggingface-hub's own client against a local server that speaks the hub's protocol."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from tests.feeds.conftest import repository
from tests.store.local_hub import LocalHub
from tests.tiny_fixtures import Cli, Models
from zoo import Zoo
from zoo.catalog.build import content_digest
from zoo.errors import BadOption, NetworkError, OfflineError, UnknownModel
from zoo.feeding import sync_hub
from zoo.feeding.hub import FEED
from zoo.hubfeed import Wanted

COMMIT = "c0ffee" + "0" * 34


def stock(hub: LocalHub, count: int = 3) -> None:
    for i in range(count):
        hub.repositories[f"org/judge-{i}"] = repository(
            "text-classification", "BertForSequenceClassification", downloads=100 - i
        )


def ids(zoo: Zoo) -> list[str]:
    return [card.id for card in zoo.catalog.own_cards(FEED)]


def test_what_the_hub_states_is_on_the_card(hub: LocalHub, zoo: Zoo) -> None:
    tags = ["transformers", "license:mit", "arxiv:1810.04805", "region:us"]
    card_data = {
        "license": "mit",
        "language": ["en", "de", None],
        "datasets": ["imdb"],
        "tags": ["Reviews"],
        "base_model": "google-bert/bert-base-uncased",
    }
    index = [{"results": [{"dataset": {"name": "IMDb"}, "metrics": [{"type": "accuracy", "value": 0.93}]}]}]
    hub.repositories["org/judge"] = made = repository(
        "text-classification",
        "BertForSequenceClassification",
        tags=tags,
        cardData=card_data,
        createdAt="2024-05-06T07:08:09.000Z",
        downloads=1234,
        safetensors={"parameters": {"F32": 1000, "I64": 2}, "total": 1002},
        **{"model-index": index},
    )
    made.commit = COMMIT
    done = sync_hub(zoo, Wanted())
    assert (done.added, done.listed, done.left_out, done.complete) == (1, 1, {}, True)
    card = zoo.card("org/judge")
    assert card is not None
    page = f"{hub.url}/org/judge at commit {COMMIT}"
    assert card.to_dict() == {
        "id": "org/judge",
        "task": "text-classification",
        "library": "transformers",
        "loader": "transformers",
        "architecture": "BertForSequenceClassification",
        "parameters": 1002,
        "size": 4016,
        "published": "2024-05-06",
        "downloads": 1234,
        "licence": {"weights": "MIT", "source": page},
        "sources": [{"uri": "hf:org/judge"}],
        "metrics": [{"name": "accuracy", "value": 0.93, "dataset": "IMDb", "source": page}],
        "tags": ["Reviews"],
        "languages": ["de", "en"],
        "datasets": ["imdb"],
        "family": "bert",
        "paper": "https://arxiv.org/abs/1810.04805",
        "base": "google-bert/bert-base-uncased",
        "facts": {
            "architecture, base, datasets, downloads, family, languages, metrics, paper, task": page,
            "parameters": f"the hub's count of the values in the safetensors files, {page}",
            "size": f"those counts by type, {page}",
            "published": f"when the repository was made, {page}",
        },
    }


def test_a_synced_model_is_pulled_and_run(hub: LocalHub, zoo: Zoo, cli: Cli, models: Models) -> None:
    """From the hub's list to the prediction, with a real small model in the repository."""
    hub.repositories["org/judge"] = made = repository("text-classification", "BertForSequenceClassification")
    made.files = {path.name: path.read_bytes() for path in models.judge.iterdir()}
    assert cli("catalog", "sync", "hf").code == 0
    assert cli("pull", "org/judge").code == 0
    said = cli("predict", "org/judge", "a good film", "--json")
    assert said.code == 0, said.err
    assert "good" in said.out
    assert cli("show", "org/judge", "--json").json["feed"]["name"] == "hf"
    assert cli("catalog", "drop", "hf").code == 0
    assert cli("list", "--json").json[0]["id"] == "org/judge"


def test_provenance_names_hub_commit_and_time(hub: LocalHub, zoo: Zoo, cli: Cli) -> None:
    stock(hub, 1)
    assert cli("catalog", "sync", "hf").code == 0
    shown = cli("show", "org/judge-0", "--json").json
    assert (shown["feed"]["name"], shown["feed"]["kind"], shown["feed"]["version"]) == ("hf", "hub", hub.url)
    assert shown["feed"]["synced"]
    printed = cli("show", "org/judge-0").out
    assert f"hf {hub.url} (hub)" in printed
    assert f"at commit {'a' * 40}" in printed


def test_what_is_not_stated_stays_unknown(hub: LocalHub, zoo: Zoo) -> None:
    stock(hub, 1)
    hub.repositories["org/judge-0"].info |= {
        "createdAt": "2022-03-02T23:29:04.000Z",
        "cardData": {"license": "unknown"},
    }
    sync_hub(zoo, Wanted())
    card = zoo.card("org/judge-0")
    assert card is not None
    assert card.licence.weights == "not stated"
    assert card.licence.source is None
    assert (card.parameters, card.size, card.published, card.paper, card.base) == (None, None, None, None, None)


def test_syncing_twice_changes_nothing(hub: LocalHub, zoo: Zoo) -> None:
    stock(hub)
    sync_hub(zoo, Wanted())
    before = zoo.database.read_bytes()
    again = sync_hub(zoo, Wanted())
    assert (again.added, again.updated, again.removed, again.unchanged) == (0, 0, 0, 3)
    assert zoo.database.read_bytes() == before


def test_three_pages(hub: LocalHub, zoo: Zoo) -> None:
    stock(hub, 25)
    hub.page = 10
    seen: list[int] = []
    done = sync_hub(zoo, Wanted(), report=seen.append)
    assert seen == [10, 20, 25]
    assert (done.added, len(hub.requests)) == (25, 3)
    assert all("expand=siblings" in path and "sort=downloads" in path for _, path, _ in hub.requests)


def test_the_question_is_the_one_that_the_hubs_client_asks(hub: LocalHub, zoo: Zoo) -> None:
    """The parameters of `HfApi.list_models` for the same list."""
    from huggingface_hub import HfApi

    from zoo.hubfeed.listing import _EXPAND

    wanted = Wanted(task="fill-mask", library="transformers", author="org", search="bert", limit=7, sort="created")
    sync_hub(zoo, wanted)
    list(
        HfApi(endpoint=hub.url, token=False).list_models(
            filter="transformers",
            author="org",
            pipeline_tag="fill-mask",
            search="bert",
            limit=7,
            sort="created_at",
            expand=_EXPAND,
        )
    )
    mine, theirs = [path for _, path, _ in hub.requests if path.startswith("/api/models?")]
    assert sorted(mine.partition("?")[2].split("&")) == sorted(theirs.partition("?")[2].split("&"))


def test_filters_and_limit(hub: LocalHub, zoo: Zoo) -> None:
    stock(hub, 5)
    hub.repositories["other/fill"] = repository("fill-mask", "BertForMaskedLM", downloads=10_000)
    done = sync_hub(zoo, Wanted(task="text-classification", author="org", search="JUDGE", limit=2))
    assert (done.listed, done.complete) == (2, False)
    assert ids(zoo) == ["org/judge-0", "org/judge-1"]
    assert sync_hub(zoo, Wanted(task="fill-mask")).added == 1
    assert ids(zoo) == ["org/judge-0", "org/judge-1", "other/fill"]


def test_an_unknown_task_names_the_nearest(hub: LocalHub, zoo: Zoo) -> None:
    with pytest.raises(BadOption, match="text-classification"):
        sync_hub(zoo, Wanted(task="text-clasification"))
    with pytest.raises(BadOption, match="downloads"):
        sync_hub(zoo, Wanted(sort="size"))
    assert hub.requests == []


def test_a_renamed_model_goes_with_prune_only(hub: LocalHub, zoo: Zoo) -> None:
    stock(hub, 3)
    hub.repositories["else/where"] = repository("fill-mask", "BertForMaskedLM")
    sync_hub(zoo, Wanted())
    hub.repositories["org/judge-new"] = hub.repositories.pop("org/judge-1")
    del hub.repositories["else/where"]
    done = sync_hub(zoo, Wanted(author="org"))
    assert (done.added, done.removed) == (1, 0)
    assert "org/judge-1" in ids(zoo)
    done = sync_hub(zoo, Wanted(author="org"), prune=True)
    assert (done.added, done.removed) == (0, 1)
    assert ids(zoo) == ["else/where", "org/judge-0", "org/judge-2", "org/judge-new"]
    with pytest.raises(UnknownModel):
        zoo.show("org/judge-1")


def test_prune_needs_the_whole_list(hub: LocalHub, zoo: Zoo) -> None:
    stock(hub, 3)
    sync_hub(zoo, Wanted())
    with pytest.raises(BadOption, match="cut off at 2"):
        sync_hub(zoo, Wanted(limit=2), prune=True)
    assert len(ids(zoo)) == 3


def test_prune_keeps_what_is_listed_but_cannot_be_read_now(hub: LocalHub, zoo: Zoo) -> None:
    stock(hub, 2)
    sync_hub(zoo, Wanted())
    hub.repositories["org/judge-0"].info["downloads"] = -5
    done = sync_hub(zoo, Wanted(), prune=True)
    assert (done.removed, done.left_out) == (0, {"with malformed facts": 1})
    assert len(ids(zoo)) == 2


def test_a_dry_run_writes_nothing(hub: LocalHub, zoo: Zoo, cli: Cli) -> None:
    stock(hub)
    _ = zoo.catalog
    before = zoo.database.read_bytes()
    told = cli("catalog", "sync", "hf", "--dry-run", "--json").json
    assert (told["added"], told["dry_run"]) == (3, True)
    assert zoo.database.read_bytes() == before


LEFT_OUT = {
    "without a task": {"pipeline_tag": None},
    "of tasks that the zoo does not know": {"pipeline_tag": "time-travel"},
    "of libraries that no plugin loads": {"library_name": "keras-hub"},
    "of tasks that no plugin runs with their library": {"pipeline_tag": "word-analogy"},
    "that the hub has disabled": {"disabled": True},
    "that need code of their own": {"tags": ["custom_code"]},
    "whose weights are quantised": {"config": {"architectures": ["X"], "quantization_config": {"bits": 4}}},
    "whose architecture is not stated": {"config": {}},
    "whose architecture lacks the head of their task": {"config": {"architectures": ["BertModel"]}},
}


@pytest.mark.parametrize("reason", LEFT_OUT)
def test_what_no_plugin_can_load_is_left_out_and_counted(hub: LocalHub, zoo: Zoo, reason: str) -> None:
    hub.repositories["org/odd"] = repository("text-classification", "BertForSequenceClassification", **LEFT_OUT[reason])
    stock(hub, 1)
    done = sync_hub(zoo, Wanted())
    assert done.left_out == {reason: 1}
    assert ids(zoo) == ["org/judge-0"]


def test_without_weights(hub: LocalHub, zoo: Zoo) -> None:
    stock(hub, 2)
    hub.repositories["org/judge-0"].files = {"config.json": b"{}", "adapter_model.safetensors": b"x"}
    hub.repositories["org/judge-1"].files = {"config.json": b"{}", "onnx/model.safetensors": b"x"}
    assert sync_hub(zoo, Wanted()).left_out == {"without weights that a loader reads": 2}


def test_loaders_are_those_of_the_plugins(hub: LocalHub, zoo: Zoo) -> None:
    """A Whisper goes to the loader that the speech plugin has for it, sentence embeddings to transformers'."""
    hub.repositories["org/whisper-mine"] = repository(
        "automatic-speech-recognition",
        "WhisperForConditionalGeneration",
        config={"architectures": ["WhisperForConditionalGeneration"], "model_type": "whisper"},
    )
    hub.repositories["org/sentences"] = repository("sentence-similarity", "BertModel", library="sentence-transformers")
    sync_hub(zoo, Wanted())
    whisper, sentences = zoo.card("org/whisper-mine"), zoo.card("org/sentences")
    assert whisper is not None
    assert sentences is not None
    assert zoo.plugins.loader(whisper.loader)
    assert whisper.loader == zoo.resolve("openai/whisper-base").card.loader
    assert (sentences.library, sentences.loader) == ("transformers", "transformers")
    assert sentences.tags == ("sentence-transformers",)
    assert sentences.tasks == ("feature-extraction",)


def test_timm_says_in_its_own_file_how_it_is_built(hub: LocalHub, zoo: Zoo) -> None:
    hub.repositories["me/bees"] = made = repository("image-classification", "", library="timm", config={})
    config = {
        "architecture": "resnet18",
        "num_classes": 2,
        "label_names": ["ant", "bee"],
        "pretrained_cfg": {"std": [1]},
    }
    made.files["config.json"] = json.dumps(config).encode()
    hub.repositories["me/broken"] = broken = repository("image-classification", "", library="timm", config={})
    broken.files["config.json"] = b"{"
    done = sync_hub(zoo, Wanted())
    card = zoo.card("me/bees")
    assert card is not None, done
    assert (card.architecture, card.loader, card.config["labels"]) == ("resnet18", "timm", ["ant", "bee"])
    assert card.tasks == ("image-feature-extraction",)
    assert done.left_out == {"whose architecture is not stated": 1}


def test_a_name_of_another_feed_is_left_to_it(hub: LocalHub, zoo: Zoo, cli: Cli) -> None:
    before = zoo.card("google-bert/bert-base-uncased")
    for name in ("google-bert/bert-base-uncased", "Google-BERT/bert-base-uncased"):
        hub.repositories[name] = repository("fill-mask", "BertForMaskedLM", downloads=10**8)
    done = sync_hub(zoo, Wanted())
    assert done.left_out == {"that feed zoo-nlp supplies": 2}
    assert zoo.card("google-bert/bert-base-uncased") == before
    told = cli("catalog", "sync", "hf").out
    assert "2 left out: 2 that feed zoo-nlp supplies" in told


def test_gated_and_private(hub: LocalHub, zoo: Zoo, monkeypatch: pytest.MonkeyPatch) -> None:
    stock(hub, 3)
    hub.repositories["org/judge-0"].gated = True
    hub.repositories["org/judge-1"].private = True
    sync_hub(zoo, Wanted())
    assert ids(zoo) == ["org/judge-0", "org/judge-2"]
    card = zoo.card("org/judge-0")
    assert card is not None
    assert card.tags == ("gated",)
    monkeypatch.delenv("HF_HUB_DISABLE_IMPLICIT_TOKEN")
    monkeypatch.setenv("HF_TOKEN", hub.token)
    sync_hub(zoo, Wanted())
    private = zoo.card("org/judge-1")
    assert private is not None
    assert private.tags == ("private",)


HOSTILE = {
    "id": ["../../etc/passwd", "a/b/c", "org/\x1b[31mred", "", None, 7, "o" * 5000, "org/con", "org/x\u202ey"],
    "library_name": ["trans\x1b]0;pwned\x07formers"],
    "pipeline_tag": ["text-\x00classification"],
    "downloads": [-1, 10**30, 1.5],
    "createdAt": ["2024-05-06\n"],
    "safetensors": [{"total": -1}, {"total": 10**20}, {"total": 1, "parameters": {"F32": -4}}],
    "cardData": [{"language": ["e\x1bn"]}, {"datasets": ["x" * 10_000]}, {"tags": ["t"] * 5000}, {"license": "\x9b1"}],
    "tags": [["\x1b[2J"], ["arxiv:\x00"]],
    "model-index": [[{"results": [{"metrics": [{"type": "accuracy", "value": float("nan")}]}]}]],
    "config": [{"architectures": ["Bert\x1bForSequenceClassification"]}],
}


def test_hostile_facts_leave_a_model_out(hub: LocalHub, zoo: Zoo) -> None:
    stock(hub, 1)
    files = [{"rfilename": "config.json"}, {"rfilename": "model.safetensors"}]
    info = repository("text-classification", "BertForSequenceClassification").info | {"sha": COMMIT, "siblings": files}
    for name, values in HOSTILE.items():
        hub.odd += [{"id": f"odd/{name}-{i}", **info, name: value} for i, value in enumerate(values)]
    done = sync_hub(zoo, Wanted())
    assert ids(zoo) == ["org/judge-0"]
    assert done.left_out == {
        "with malformed facts": sum(map(len, HOSTILE.values())) - len(HOSTILE["id"]),
        "without an id that the zoo can use": len(HOSTILE["id"]),
    }


# Each may be anything but what it should be, and is then not stated, or the model is left out.
ODD_VALUES = [None, 1, -1.5, True, "x", "", [], {}, [[]], [{}], {"a": {"b": []}}, ["\ud800"]]
ODD_FIELDS = [
    "id", "pipeline_tag", "library_name", "tags", "cardData", "config", "createdAt", "downloads", "safetensors", "sha",
    "siblings", "model-index", "gated", "private", "disabled",
]  # fmt: skip


def test_values_of_any_type_never_crash_a_sync(hub: LocalHub, zoo: Zoo) -> None:
    files = [{"rfilename": "config.json"}, {"rfilename": "model.safetensors"}]
    info = repository("text-classification", "BertForSequenceClassification").info | {"sha": COMMIT, "siblings": files}
    hub.odd = [None, 3, "x", [], {}]
    for field in ODD_FIELDS:
        for i, value in enumerate(ODD_VALUES):
            hub.odd.append({"id": f"odd/{field}-{i}", **info, field: value})
            for inner in ("license", "language", "datasets", "tags", "base_model", "license_name"):
                hub.odd.append({"id": f"odd/{field}-{inner}-{i}", **info, "cardData": {inner: value}})
    done = sync_hub(zoo, Wanted())
    assert done.listed == len(hub.odd)
    assert done.added + sum(done.left_out.values()) == done.listed
    assert all(card.check() for card in zoo.catalog.own_cards(FEED))


def test_an_edited_fact_survives_a_changed_upstream(hub: LocalHub, zoo: Zoo, cli: Cli) -> None:
    stock(hub, 2)
    info = hub.repositories["org/judge-0"].info
    info["cardData"] = {"license": "apache-2.0"}
    sync_hub(zoo, Wanted())
    assert cli("catalog", "edit", "org/judge-0", "licence=MIT").code == 0
    again = sync_hub(zoo, Wanted())
    assert (again.updated, again.unchanged, again.kept) == (0, 2, ())
    info["cardData"] = {"license": "cc-by-nc-4.0"}
    info["downloads"] = 5
    told = cli("catalog", "sync", "hf").out
    assert "1 updated" in told
    assert (
        "kept: org/judge-0 licence: yours is MIT, the feed now says CC-BY-NC-4.0; "
        "`zoo catalog reset org/judge-0 licence` takes it"
    ) in told
    card = zoo.card("org/judge-0")
    assert card is not None
    assert (card.licence.weights, card.downloads) == ("MIT", 5)
    assert cli("search", "judge", "--licence", "MIT", "--json").json[0]["id"] == "org/judge-0"
    assert "kept" not in cli("catalog", "sync", "hf").out
    assert cli("catalog", "reset", "org/judge-0", "licence").code == 0
    card = zoo.card("org/judge-0")
    assert card is not None
    assert card.licence.weights == "CC-BY-NC-4.0"
    assert card == zoo.catalog.own_cards(FEED)[0]


STATUSES = {
    401: "refuses to list",
    403: "refuses to list",
    404: "HTTP 404",
    429: "asked too often",
    500: "HTTP 500",
    503: "HTTP 503",
}


@pytest.mark.parametrize("status", STATUSES)
@pytest.mark.parametrize("page", [0, 1])
def test_an_answer_that_is_an_error_writes_nothing(hub: LocalHub, zoo: Zoo, cli: Cli, status: int, page: int) -> None:
    stock(hub, 25)
    hub.page = 10
    before = content_digest(zoo.catalog.path)
    hub.break_at = (page, status, b"{}")
    done = cli("catalog", "sync", "hf")
    assert done.code == 6
    assert STATUSES[status] in done.err
    assert hub.url in done.err
    assert content_digest(zoo.catalog.path) == before


NO_LISTS = [b"", b"<html>log in</html>", b"[{", b'{"error": 1}', b"3", b"[" * 100_000, b"\xff\xfe"]


@pytest.mark.parametrize("body", NO_LISTS, ids=range(len(NO_LISTS)))
def test_an_answer_that_is_no_list(hub: LocalHub, zoo: Zoo, body: bytes) -> None:
    stock(hub, 25)
    hub.page = 10
    hub.break_at = (1, 200, body)
    with pytest.raises(NetworkError, match="does not answer as a hub does"):
        sync_hub(zoo, Wanted())
    assert ids(zoo) == []


def test_what_passes_is_tried_again(hub: LocalHub, zoo: Zoo) -> None:
    stock(hub, 3)
    hub.break_at = (0, 503, b"")

    class Mending(list):
        def append(self, request: object) -> None:
            super().append(request)
            if len(self) == 3:
                hub.break_at = None

    hub.requests = Mending()
    assert sync_hub(zoo, Wanted()).added == 3
    assert len(hub.requests) == 3


def test_pages_that_lead_elsewhere_or_in_a_circle(hub: LocalHub, zoo: Zoo) -> None:
    stock(hub, 25)
    hub.page = 10
    hub.next_host = hub.url.replace("127.0.0.1", "localhost")
    with pytest.raises(NetworkError, match="another host"):
        sync_hub(zoo, Wanted())
    assert len(hub.requests) == 1


def test_no_server(hub: LocalHub, zoo: Zoo, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:1")
    with pytest.raises(NetworkError, match="cannot be reached"):
        sync_hub(zoo, Wanted())


def test_a_server_that_does_not_answer_in_time(hub: LocalHub, zoo: Zoo, monkeypatch: pytest.MonkeyPatch) -> None:
    import socket

    monkeypatch.setattr("zoo.hubfeed.listing._TIMEOUT", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        monkeypatch.setenv("HF_ENDPOINT", f"http://127.0.0.1:{silent.getsockname()[1]}")
        with pytest.raises(NetworkError, match="cannot be reached"):
            sync_hub(zoo, Wanted())


@pytest.mark.parametrize("variable", ["ZOO_OFFLINE", "HF_HUB_OFFLINE", "--offline"])
def test_offline_opens_no_socket(hub: LocalHub, zoo: Zoo, cli: Cli, monkeypatch: pytest.MonkeyPatch, variable: str):
    extra = [variable] if variable.startswith("-") else []
    if not extra:
        monkeypatch.setenv(variable, "1")
    done = cli("catalog", "sync", "hf", *extra)
    assert (done.code, hub.requests) == (OfflineError.exit_code, [])


def test_another_hub_is_refused(hub: LocalHub, zoo: Zoo, cli: Cli) -> None:
    assert cli("catalog", "sync", "hg").code == 3


@pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")
def test_ctrl_c_leaves_the_catalog_as_it_was(hub: LocalHub, zoo: Zoo) -> None:
    stock(hub, 25)
    hub.page = 10
    before = content_digest(zoo.catalog.path)
    asked, go_on = threading.Event(), threading.Event()

    class Slow(list):
        def append(self, request: object) -> None:
            super().append(request)
            if len(self) == 2:
                asked.set()
                go_on.wait(30)

    hub.requests = Slow()
    env = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    done = subprocess.Popen(
        [sys.executable, "-m", "zoo", "catalog", "sync", "hf"], env=env, stderr=subprocess.PIPE, text=True
    )
    try:
        assert asked.wait(30)
        done.send_signal(signal.SIGINT)
        _, err = done.communicate(timeout=30)
    finally:
        go_on.set()
        done.kill()
    assert done.returncode == 130
    assert "Traceback" not in err
    assert content_digest(zoo.catalog.path) == before
