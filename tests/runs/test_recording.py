from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import psutil
import pytest

from tests.runs.conftest import Made, record
from zoo.errors import BadInput, CatalogError, NoSpace, NotFound
from zoo.registry import Registry
from zoo.runs import begin, environment, folder_of, found, new_run_id, reopen, update
from zoo.runs.process import lives, own_process


def read(registry: Registry, run: str):
    return json.loads((folder_of(registry, run) / "record.json").read_text(encoding="utf-8"))


def test_a_run_is_running_while_it_runs_and_done_at_its_end(registry: Registry):
    with begin(registry, record()) as kept:
        during = read(registry, kept["id"])
        assert during["outcome"] == "running"
        assert during["process"]["pid"] == os.getpid()
        assert registry.catalog.run(kept["id"]).outcome == "running"
        kept["metrics"] = {"accuracy": 0.9}
    after = read(registry, kept["id"])
    assert after["outcome"] == "done"
    assert after["ended"] >= after["started"]
    assert "process" not in after and "error" not in after
    entered = registry.catalog.run(kept["id"])
    assert (entered.outcome, entered.metrics, entered.ended) == ("done", {"accuracy": 0.9}, after["ended"])


@pytest.mark.parametrize(
    ("error", "outcome", "cause"),
    [
        (ValueError("no"), "failed", "ValueError: no"),
        (NoSpace("the disk is full", "Free some."), "failed", "the disk is full"),
        (KeyboardInterrupt(), "interrupted", "interrupted with Ctrl-C"),
        (SystemExit(3), "failed", "SystemExit: 3"),
    ],
)
def test_whatever_is_raised_is_recorded_and_comes_through(registry: Registry, error, outcome: str, cause: str):
    kept = record()
    with pytest.raises(type(error)) as raised, begin(registry, kept):
        raise error
    assert raised.value is error
    assert (read(registry, kept["id"])["outcome"], read(registry, kept["id"])["error"]) == (outcome, cause)
    assert registry.catalog.run(kept["id"]).outcome == outcome


def test_numbers_that_json_has_not_are_written_as_json(registry: Registry):
    with begin(registry, record()) as kept:
        kept |= {
            "nan": float("nan"),
            "infinite": [float("inf")],
            "numpy": np.float32(0.5),
            "array": np.arange(3),
            "path": Path("a/b"),
            "names": {"b", "a"},
            "count": np.int64(7),
        }
        update(registry, kept)
        told = read(registry, kept["id"])
    assert (told["nan"], told["infinite"], told["numpy"]) == (None, [None], 0.5)
    assert (told["array"], told["path"], told["names"], told["count"]) == ([0, 1, 2], "a/b", ["a", "b"], 7)


def test_two_runs_of_one_name_are_refused_and_the_first_stays(registry: Registry, made: Made):
    run = made(id="20260101-000000-aaaaaa", model="first")
    with pytest.raises(CatalogError, match="already another run"), begin(registry, record(id=run, model="second")):
        pytest.fail("it began")
    assert read(registry, run)["model"] == "first"


def test_ids_sort_by_time():
    ids = [new_run_id() for _ in range(50)]
    assert len(set(ids)) == 50
    assert [name[:17] for name in ids] == sorted(name[:17] for name in ids)


def test_a_run_that_failed_goes_on_where_the_record_says(registry: Registry, made: Made):
    run = made("failed", timing={"seconds": 100.0}, checkpoint={"step": 7})
    again = reopen(registry, run[:-2])
    assert again["checkpoint"] == {"step": 7}
    assert registry.catalog.run(run).outcome == "running"
    assert found(registry, run).outcome == "running"
    with begin(registry, again) as kept:
        kept["metrics"] = {"accuracy": 1.0}
    told = read(registry, run)
    assert told["outcome"] == "done" and "error" not in told
    assert told["timing"]["seconds"] >= 100
    assert [entry["after"] for entry in told["resumed"]] == ["failed"]
    assert registry.catalog.run(run).outcome == "done"


def test_what_is_done_or_runs_is_not_reopened(registry: Registry, made: Made):
    run = made()
    with pytest.raises(BadInput, match="is done"):
        reopen(registry, run)
    assert read(registry, run)["outcome"] == "done"
    with begin(registry, record()) as kept, pytest.raises(BadInput, match=rf"still runs \(process {os.getpid()}\)"):
        reopen(registry, kept["id"])
    with pytest.raises(NotFound, match="no run 'x'"):
        reopen(registry, "x")


def test_a_run_of_another_machine_is_not_taken_over(registry: Registry, made: Made):
    run = made("failed")
    path = folder_of(registry, run) / "record.json"
    elsewhere = {"outcome": "running", "process": {"pid": 1, "started": 1.0, "host": "another machine"}}
    path.write_text(json.dumps({**read(registry, run), **elsewhere}), encoding="utf-8")
    assert found(registry, run).outcome == "running"
    with pytest.raises(BadInput, match="begun on another machine"):
        reopen(registry, run)


KILLED = """
import sys, time
from zoo.registry import Registry
from zoo.runs import begin
with begin(Registry(quiet=True), {"id": "20260101-000000-killed", "kind": "finetune", "model": "m", "base": "b"}):
    print("begun", flush=True)
    time.sleep(60)
"""


def test_a_killed_run_is_stopped_and_goes_on(registry: Registry):
    run = "20260101-000000-killed"
    process = subprocess.Popen([sys.executable, "-c", KILLED], stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == "begun\n"
        assert found(registry, run).outcome == "running"
        with pytest.raises(BadInput, match="still runs"):
            reopen(registry, run)
        process.send_signal(signal.SIGKILL)
        # Not waited for yet: a zombie still has its number.
        psutil.wait_procs([psutil.Process(process.pid)], timeout=0.5)
        assert found(registry, run).outcome == "stopped"
    finally:
        process.kill()
        process.communicate()
    assert found(registry, run).outcome == "stopped"
    assert registry.catalog.run(run).outcome == "running"  # nobody could tell the catalog
    with begin(registry, reopen(registry, run)):
        pass
    assert registry.catalog.run(run).outcome == "done"


def test_a_number_that_was_given_again_is_not_the_run():
    own = own_process()
    assert lives(own)
    assert not lives({**own, "started": own["started"] - 1000})
    assert not lives({**own, "pid": "x"})
    assert not lives({}) and not lives(None)


def test_runs_come_back_when_the_database_is_lost(registry: Registry, made: Made):
    tuned = made(revision="cd" * 32)
    judged = made(kind="evaluate", base=None, revision="cd" * 32)
    failed = made("failed")
    for path in registry.home.glob("registry.db*"):
        path.unlink()
    fresh = Registry(quiet=True)
    assert {run.id: run.outcome for run in fresh.catalog.runs()} == {tuned: "done", judged: "done", failed: "failed"}
    assert [(edge.base, edge.run) for _, edge in _edges(fresh)] == [("timm/mobilenetv2_100.ra_in1k", tuned)]
    with begin(fresh, reopen(fresh, failed)):
        pass
    assert fresh.catalog.run(failed).outcome == "done"


def _edges(registry: Registry):
    return [(step, edge) for step, edge in enumerate(registry.catalog.lineage("my-pets").ancestors[:1])]


def test_a_full_disk_at_the_end_hides_no_error(registry: Registry, monkeypatch: pytest.MonkeyPatch):
    """The disk fills up while the run works: its own error comes through, and what is on the disk can be resumed."""
    from zoo.rebuild import local

    kept = record()
    real = local.canonical_json
    full = NoSpace("the disk is full", "Free some space.")

    def refuse(value):
        if kept.get("filled"):
            raise full
        return real(value)

    monkeypatch.setattr(local, "canonical_json", refuse)
    with pytest.raises(RuntimeError, match="training broke"), begin(registry, kept):
        kept["filled"] = True
        raise RuntimeError("training broke")
    assert read(registry, kept["id"])["outcome"] == "running"
    assert list(folder_of(registry, kept["id"]).glob(".record*")) == []


def test_the_environment_is_told_without_torch():
    code = (
        "import json, sys; from zoo.runs import environment; print(json.dumps([environment(), 'torch' in sys.modules]))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    told, imported = json.loads(done.stdout)
    assert not imported
    assert told["hardware"]["accelerators"] is None
    assert told["hardware"]["cores"] >= 1 and told["hardware"]["memory"] > 10**8
    assert told["threads"] >= 1
    assert told["argv"] == ["-c"]
    assert told["packages"]["torch"]


def test_a_module_that_runs_is_its_command(monkeypatch: pytest.MonkeyPatch):
    for program, name in (
        ("/x/zoo/__main__.py", "zoo"),
        ("/x/bin/zoo", "zoo"),
        ("/x/pytest/__main__.py", "__main__.py"),
    ):
        monkeypatch.setattr(sys, "argv", [program, "finetune"])
        assert environment()["argv"] == [name, "finetune"]


def test_with_torch_its_threads_count():
    import torch

    assert environment()["threads"] == torch.get_num_threads()
    assert isinstance(environment()["hardware"]["accelerators"], list)
