"""Plugins that misbehave in every way, all installed at once: all else works on, and each is named with its reason."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from tests.plugin.installing import CARD, HEAD, Ran, environment, install, run_zoo

HOOK = HEAD + "@hookimpl\n"

# Each plugin's code, and what must be said of it.
BAD = {
    "raises": ("raise RuntimeError('out of order')", "RuntimeError: out of order"),
    "no-syntax": ("def (", "SyntaxError"),
    "exits": ("import sys; sys.exit(3)", "SystemExit: 3"),
    "interrupts": ("raise KeyboardInterrupt", "KeyboardInterrupt"),
    "odd-exception": ("raise GeneratorExit('odd')", "GeneratorExit: odd"),
    "mute-exception": (
        "class Mute(Exception):\n    def __str__(self): raise ValueError\nraise Mute",
        "Mute: (its text cannot be read)",
    ),
    "missing-import": ("import no_such_package_anywhere", "No module named 'no_such_package_anywhere'"),
    "ends-python": ("import os; os._exit(7)", "it ended Python (exit code 7) when it was imported"),
    "segfaults": ("import ctypes; ctypes.string_at(0)", "it crashed Python (SIGSEGV) when it was imported"),
    "aborts": ("import os; os.abort()", "it crashed Python (SIGABRT) when it was imported"),
    "loops": ("while True: pass", "importing it took more than 2 s; ZOO_PLUGIN_TIMEOUT gives it more"),
    "loops-in-c": ("import itertools; sum(itertools.repeat(0))", "importing it took more than 2 s"),
    "sleeps": ("import time; time.sleep(1000)", "importing it took more than 2 s"),
    "recurses": ("def f(): f()\nf()", "RecursionError"),
    "asks": ("input('your name? ')", "EOFError"),
    "moves": (f"import os; os.chdir('/')\n{HEAD}", "it changes the working directory when it is imported"),
    "catches": (
        f"import signal; signal.signal(signal.SIGINT, signal.SIG_IGN)\n{HEAD}",
        "it changes what signal SIGINT does when it is imported",
    ),
    "closes": (f"import sys; sys.stdout.close()\n{HEAD}", "it replaces or closes a standard stream"),
    "threads": (
        f"import threading, time; threading.Thread(target=time.sleep, args=(1000,), name='busy').start()\n{HEAD}",
        "it leaves a thread running (busy), which would keep Python from ending",
    ),
    "forks": (
        f"import subprocess, sys; subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(1000)'])\n{HEAD}",
        "it leaves a process running when it is imported",
    ),
    "no-api": ("", "names no API version, this zoo has 1"),
    "other-api": ("zoo_api = 99", "was built for API version 99, this zoo has 1"),
    "misspelt": (HOOK + "def zoo_lodaers(): return {}", "the unknown hook zoo_lodaers; did you mean zoo_loaders?"),
    "unmarked": (HEAD + "def zoo_cards(): return []", "zoo_cards lacks the mark @hookimpl"),
    "other-arguments": (HOOK + "def zoo_cards(colour): return []", "zoo_cards takes no argument, and here it asks for"),
    "hook-raises": (HOOK + "def zoo_loaders(): return 1 / 0", "ZeroDivisionError: division by zero"),
    "no-table": (HOOK + "def zoo_loaders(): return 3", "zoo_loaders gives a value of type int"),
    "no-target": (HOOK + "def zoo_loaders(): return {'x': 'nowhere'}", "entry 'x': 'nowhere' is no 'module:Class'"),
    "no-task": (
        HOOK + "def zoo_runners(): return {('x', 'fill-msk'): 'a:B'}",
        "no task is called 'fill-msk'; did you mean fill-mask?",
    ),
    "taken-loader": (HOOK + "def zoo_loaders(): return {'timm': 'a:B'}", "both supply loaders 'timm'"),
    "a-taken-loader": (HOOK + "def zoo_loaders(): return {'gguf': 'a:B'}", "both supply loaders 'gguf'"),
    "endless-cards": (
        HOOK + "def zoo_cards():\n    n = 0\n    while True:\n        n += 1\n"
        "        yield ModelCard(id=f'a/m{n}', task='fill-mask', library='x', loader='x', architecture='x')",
        "reading its cards took more than 2 s",
    ),
    "bad-card": (
        HOOK + "def zoo_cards(): return [ModelCard(id='a/../b', task='fill-mask', library='x', loader='x', "
        "architecture='x')]",
        "supplies a bad card",
    ),
    "no-cards": (HOOK + "def zoo_cards(): return [3]", "a value of type int among its cards"),
    "taken-card": (CARD.format(id="mobilenetv2_100", name="taken_card"), "mobilenetv2_100"),
}
# What is bad manners, and no reason not to be used.
NOTED = {
    "floods": ("for _ in range(20_000): print('x' * 100)\n" + HEAD, "prints when it is imported"),
    "environs": ("import os; os.environ['MINE'] = '1'\n" + HEAD, "changes the environment: MINE"),
    "heavy": ("import numpy\n" + HEAD, "imports numpy when it is registered"),
}


class Lot(NamedTuple):
    """One run of all commands beside all bad plugins."""

    env: dict[str, str]
    listed: Ran
    searched: Ran
    plugins: dict[str, Any]


@pytest.fixture(scope="module")
def lot(tmp_path_factory: pytest.TempPathFactory, stocked_home: Path) -> Iterator[Lot]:
    root = tmp_path_factory.mktemp("lot")
    shutil.copytree(stocked_home, root / "zoo", symlinks=True)
    site = root / "site-packages"
    for name, (code, _) in {**BAD, **NOTED}.items():
        install(site, name, code)
    install(site, "good", CARD.format(id="good/one", name="good"))
    install(site, "imposter", "", entry="zoo-nlp = good")
    (site / "faulty_cards").mkdir()
    (site / "faulty_cards" / "cards.yaml").write_text("id: [\n", encoding="utf-8")
    install(site, "faulty-cards", "", entry="faulty-cards = faulty_cards")
    env = environment(root / "zoo", site, cache=root / "cache", ZOO_PLUGIN_TIMEOUT="2")
    searched = run_zoo(env, "search", "mobilenetv2_100", "--json")
    listed = run_zoo(env, "plugin", "list", "--json")
    yield Lot(env, listed, searched, {row["name"]: row for row in listed.json})
    shutil.rmtree(root)


@pytest.mark.parametrize("name", BAD)
def test_each_is_quarantined_with_its_reason(lot: Lot, name: str) -> None:
    plugin = lot.plugins[name]
    assert plugin["state"] == "quarantined"
    assert BAD[name][1] in plugin["error"]
    assert plugin["error"].isprintable()


@pytest.mark.parametrize("name", NOTED)
def test_bad_manners_are_noted(lot: Lot, name: str) -> None:
    assert lot.plugins[name]["state"] == "works"
    assert any(NOTED[name][1] in note for note in lot.plugins[name]["notes"])


def test_the_others_work_on(lot: Lot) -> None:
    works = {name for name, plugin in lot.plugins.items() if plugin["state"] == "works"}
    assert works == {"good", *NOTED, "zoo-detection", "zoo-nlp", "zoo-speech", "zoo-vision"}
    assert lot.plugins["good"] | {"digest": ""} == {
        "name": "good",
        "distribution": "good 1.0",
        "version": "1.0",
        "module": "good",
        "kind": "code",
        "state": "works",
        "error": None,
        "notes": [],
        "models": 1,
        "loaders": ["good"],
        "digest": "",
    }
    assert lot.listed.code == 0
    assert not lot.listed.err.strip("x\n")


def test_what_a_plugin_prints_is_cut_short_and_never_on_standard_output(lot: Lot) -> None:
    assert 0 < len(lot.listed.err) < 1000


def test_searching_works_on(lot: Lot) -> None:
    assert lot.searched.code == 0
    assert lot.searched.json[0]["id"] == "mobilenetv2_100"
    assert "Traceback" not in lot.searched.err


def test_predicting_works_on(lot: Lot) -> None:
    predicted = run_zoo(lot.env, "predict", "judge", "a good film", "--json")
    assert predicted.code == 0
    assert [label["label"] for label in predicted.json["result"]["labels"]] == ["good", "bad"]
    assert "Traceback" not in predicted.err


def test_each_is_announced_once(lot: Lot) -> None:
    lines = lot.searched.err.splitlines()
    assert "zoo: new plugin good 1.0: 1 model, loader good; see `zoo plugin list`" in lines
    assert "zoo: new plugin raises 1.0: it is not used: RuntimeError: out of order; see `zoo plugin list`" in lines
    assert len([line for line in lines if "new plugin" in line]) == len(BAD) + len(NOTED) + 3
    assert "new plugin" not in lot.listed.err


def test_a_plugin_of_a_taken_name(lot: Lot) -> None:
    """The one whose own name it is has it, whichever comes first in the alphabet."""
    assert lot.plugins["zoo-nlp"]["distribution"].startswith("zoo-nlp ")
    second = lot.plugins["zoo-nlp (2)"]
    assert (second["distribution"], second["state"]) == ("imposter 1.0", "quarantined")
    assert "another plugin is already called 'zoo-nlp'" in second["error"]


def test_a_plugin_without_code_that_is_faulty(lot: Lot) -> None:
    plugin = lot.plugins["faulty-cards"]
    assert (plugin["kind"], plugin["state"]) == ("cards", "quarantined")
    assert "cards.yaml" in plugin["error"]


def test_the_list_reads_well(lot: Lot) -> None:
    outcome = run_zoo(lot.env, "plugin", "list")
    assert outcome.code == 0
    assert "\nsegfaults: it crashed Python (SIGSEGV) when it was imported\n" in outcome.out
    assert [line for line in outcome.out.splitlines() if line.startswith("zoo-vision ") and " works " in line]
