"""Who leaves when room is needed, and how it comes back."""

from __future__ import annotations

import threading

import pytest
import torch

from tests.devices.fakes import Small, World, device, together, use
from zoo.devices import Claim, Lease, Placement
from zoo.errors import DeviceError


def three(world: World, **options: object) -> list[Lease]:
    return [world.load(name, 30, on="cpu:1", **options) for name in "abc"]


def test_the_least_recently_used_leaves_first() -> None:
    world = World(device("cpu:1", 100), device("cpu", 1000))
    a, b, c = three(world)
    for lease in (b, c, a):
        use(lease)
    world.load("d", 30, on="cpu:1")
    assert world.states() == {"a": "here", "b": "moved to cpu", "c": "here", "d": "here"}
    world.load("e", 60, on="cpu:1")
    assert world.states() == {"a": "moved to cpu", "b": "moved to cpu", "c": "moved to cpu", "d": "here", "e": "here"}
    use(c)
    assert world.states()["d"] == "moved to cpu"
    assert world.leased() == {"cpu:1": 90, "cpu": 90}


def test_no_more_leave_than_must() -> None:
    world = World(device("cpu:1", 100), device("cpu", 1000))
    three(world)
    world.load("small", 10, on="cpu:1")
    assert set(world.states().values()) == {"here"}


def test_pinned_stay_and_others_go_instead() -> None:
    world = World(device("cpu:1", 100), device("cpu", 1000))
    a, b, c = three(world)
    a.pin()
    a.pin()
    a.unpin()
    kept = world.load("d", 40, on="cpu:1")
    assert world.states() == {"a": "here", "b": "moved to cpu", "c": "here", "d": "here"}
    a.unpin()
    a.unpin()
    kept.pin()
    use(b)
    assert world.states() == {"a": "moved to cpu", "b": "here", "c": "here", "d": "here"}
    c.pin()
    with pytest.raises(DeviceError, match=r"b needs 30 bytes.*held by c \(pinned\), d \(pinned\), e \(pinned\)"):
        b.release()
        e = world.load("e", 30, on="cpu:1")
        e.pin()
        b = world.load("b", 30, on="cpu:1")


def test_the_same_module_comes_back_after_it_was_moved() -> None:
    world = World(device("cpu:1", 100), device("cpu", 1000))
    a, b = world.load("a", 60, on="cpu:1"), world.load("b", 60, on="cpu:1")
    x = torch.arange(4.0)
    before = use(b)(x)
    module = use(a)
    assert module.moves == ["cpu", "cpu:1"]
    assert world.states() == {"a": "here", "b": "moved to cpu"}
    assert torch.equal(b.module()(x), before)
    assert world.made == [("a", "cpu:1"), ("b", "cpu:1")]


def test_without_room_on_the_cpu_it_is_dropped_and_made_again() -> None:
    world = World(device("cpu:1", 100), device("cpu", 50))
    a, b = world.load("a", 60, on="cpu:1"), world.load("b", 60, on="cpu:1")
    assert world.states() == {"a": "dropped", "b": "here"}
    assert isinstance(use(a), Small)
    assert world.states() == {"a": "here", "b": "dropped"}
    assert world.made == [("a", "cpu:1"), ("b", "cpu:1"), ("a", "cpu:1")]
    assert world.leased() == {"cpu:1": 60, "cpu": 0}
    assert b.claim.weights == 60


def test_those_on_the_cpu_are_dropped_and_so_are_guests_from_accelerators() -> None:
    world = World(device("cpu:1", 100), device("cpu", 100))
    a, b = world.load("a", 60, on="cpu:1"), world.load("b", 60, on="cpu:1")
    c = world.load("c", 30, on="cpu")
    d = world.load("d", 50, on="cpu")
    assert world.states() == {"a": "dropped", "b": "here", "c": "here", "d": "here"}
    e = world.load("e", 50, on="cpu")
    assert world.states() == {"a": "dropped", "b": "here", "c": "dropped", "d": "here", "e": "here"}
    assert all(isinstance(use(lease), Small) for lease in (a, b, c, d, e))


def test_what_cannot_be_moved_is_dropped() -> None:
    class Broken(Small):
        def to(self, where: object, *args: object, **options: object) -> Small:
            raise RuntimeError("CUDA error: unspecified launch failure")

    world = World(device("cpu:1", 100), device("cpu", 1000))
    made: list[object] = [object(), Broken()]
    leases = [world.load(str(i), 60, on="cpu:1", make=lambda c, p, m=m: m) for i, m in enumerate(made)]
    assert world.states() == {"0": "dropped", "1": "here"}
    assert use(leases[0]) is made[0]
    assert world.states() == {"0": "here", "1": "dropped"}


def test_a_pinned_model_that_was_moved_comes_back_and_stays() -> None:
    world = World(device("cpu:1", 100), device("cpu", 1000))
    a, b = world.load("a", 60, on="cpu:1"), world.load("b", 60, on="cpu:1")
    a.pin()
    assert world.states()["a"] == "moved to cpu"
    a.module()
    with pytest.raises(DeviceError, match=r"a \(pinned\)"):
        b.module()
    a.release()
    assert use(b).moves == ["cpu", "cpu:1"]


def test_measured_activations_grow_the_claim_and_make_others_leave() -> None:
    world = World(device("cpu:1", 100), device("cpu", 1000))
    a, b = world.load("a", 30, on="cpu:1", activation=10), world.load("b", 30, on="cpu:1", activation=20)
    assert world.leased()["cpu:1"] == 80, "turns come one by one: the largest activations count once"
    assert a.room() == b.room() == 40
    with a.turn():
        a.measured(40)
        a.measured(5)
        assert world.states() == {"a": "here", "b": "here"}
        assert a.claim.activation == 40
        a.measured(41)
        assert world.states() == {"a": "here", "b": "moved to cpu"}
    assert a.room() == 70
    a.measured(500)
    assert world.states()["a"] == "here", "it is not the one that leaves for its own sake"
    assert a.claim.activation == 70, "no more than the budget gives it alone, or it could not come back"
    use(b)
    assert world.states() == {"a": "moved to cpu", "b": "here"}
    use(a)
    assert world.states() == {"a": "here", "b": "moved to cpu"}


def test_a_model_in_its_turn_never_leaves_and_others_wait_for_its_end() -> None:
    world = World(device("cpu:1", 100), device("cpu", 1000))
    a, b = world.load("a", 60, on="cpu:1"), world.load("b", 60, on="cpu:1")
    entered, waiting = threading.Event(), threading.Event()

    def holds() -> str:
        with a.turn() as module:
            entered.set()
            assert waiting.wait(20)
            for _ in range(200):
                module(torch.zeros(4))
            assert world.states()["a"] == "here"
            assert module.moves == ["cpu", "cpu:1"]
        return "a"

    def wants() -> str:
        assert entered.wait(20)
        threading.Timer(0.05, waiting.set).start()
        use(b)
        return "b"

    def loads() -> str:
        assert entered.wait(20)
        world.load("c", 90, on="cpu:1").release()
        return "c"

    assert sorted(together([holds, wants, loads])) == ["a", "b", "c"]


def test_inside_a_turn_nobody_is_waited_for() -> None:
    world = World(device("cpu:1", 100), device("cpu", 1000))
    a, b = world.load("a", 60, on="cpu:1"), world.load("b", 60, on="cpu:1")
    with a.turn() as outer, a.turn() as inner:
        assert outer is inner
        with pytest.raises(DeviceError, match=r"held by a \(in use\)"):
            b.module()
        with pytest.raises(DeviceError, match=r"held by a \(in use\)"):
            world.load("c", 60, on="cpu:1")
        assert world.load("d", 60, on="cpu").device == "cpu"
    assert use(b)


def test_a_device_that_disappears_takes_its_models_along_and_no_others() -> None:
    world = World(device("cpu:1", 100), device("cpu", 1000))
    a, b, c = world.load("a", 60, on="cpu:1"), world.load("b", 60, on="cpu:1"), world.load("c", 60, on="cpu")
    del world.found[0]
    with pytest.raises(DeviceError, match="a is lost: its device cpu:1 is not there any more") as error:
        use(a)
    assert "zoo.load('a', device='auto')" in error.value.remedy
    with pytest.raises(DeviceError, match="b is lost"):
        b.module()
    with pytest.raises(DeviceError, match="b is lost"):
        b.pin()
    b.release()
    assert use(c)
    assert world.states() == {"c": "here"}
    assert world.load("a", 60).device == "cpu"


def test_a_driver_that_fails_in_a_turn_loses_the_device() -> None:
    world = World(device("cpu:1", 100), device("cpu", 1000))
    a, b = world.load("a", 30, on="cpu:1"), world.load("b", 30, on="cpu")
    with pytest.raises(DeviceError, match="cpu:1 cannot be used any more") as error, a.turn():
        raise RuntimeError("CUDA error: unspecified launch failure")
    assert isinstance(error.value.__cause__, RuntimeError)
    assert world.states() == {"b": "here"}
    with pytest.raises(ValueError, match="mine"), b.turn():
        raise ValueError("mine")
    with pytest.raises(DeviceError, match="a is lost"):
        use(a)


def test_no_room_in_truth_is_said_so_and_tried_again_next_time() -> None:
    class Full(Small):
        full = True

        def to(self, where: object, *args: object, **options: object) -> Small:
            if str(where) == "cpu:1" and Full.full:
                raise torch.OutOfMemoryError("CUDA out of memory")
            return super().to(where, *args, **options)

    world = World(device("cpu:1", 100), device("cpu", 1000))
    a = world.load("a", 60, on="cpu:1", make=lambda claim, placement: Full())
    b = world.load("b", 60, on="cpu:1")
    with pytest.raises(DeviceError, match="cpu:1 has no room for a, although its budget has"):
        use(a)
    assert world.states() == {"a": "dropped", "b": "moved to cpu"}
    Full.full = False
    assert isinstance(use(a), Full)
    assert use(b)


def test_making_it_again_may_fail_and_then_succeed() -> None:
    world = World(device("cpu:1", 100), device("cpu", 10))
    answers: list[object] = ["first", OSError("file is gone"), "second"]

    def make(claim: Claim, placement: Placement) -> object:
        answer = answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    a = world.load("a", 60, on="cpu:1", make=make)
    world.load("b", 60, on="cpu:1")
    with pytest.raises(OSError, match="file is gone"):
        use(a)
    assert world.states()["a"] == "dropped"
    assert use(a) == "second"
