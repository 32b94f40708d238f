"""Turns come one after another, in the order in which they were asked for."""

from __future__ import annotations

import threading
import time

import pytest

from tests.devices.fakes import WAIT, World, device, together
from zoo.devices.queue import Queue


def until(condition) -> None:
    end = time.monotonic() + WAIT
    while not condition():
        assert time.monotonic() < end, "it never came to that"
        time.sleep(0.001)


def queued(queue: Queue, count: int, on: str = "cpu") -> None:
    until(lambda: queue.waiting(on) == count)


def start(work) -> threading.Thread:
    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    return thread


def test_first_come_first_served_and_who_asks_again_goes_to_the_end() -> None:
    queue, order = Queue(), []

    def worker(name: str) -> None:
        for turn in range(3):
            with queue.turn(["cpu"]):
                order.append(f"{name}{turn}")
                if turn < 2:
                    queued(queue, 3)  # the others wait, so that asking again comes after them

    with queue.turn(["cpu"]):
        threads = []
        for number, name in enumerate("abcd", 1):
            threads.append(start(lambda name=name: worker(name)))
            queued(queue, number)
    for thread in threads:
        thread.join(WAIT)
    assert order == [f"{name}{turn}" for turn in range(3) for name in "abcd"]


def test_a_turn_over_several_devices_takes_all_and_blocks_nobody_in_between() -> None:
    queue, order = Queue(), []
    inside, go_on = threading.Event(), threading.Event()

    def long() -> None:
        with queue.turn(["a"]):
            inside.set()
            assert go_on.wait(WAIT)

    def both() -> None:
        with queue.turn(["b", "a"]):
            order.append("both")

    def later() -> None:
        with queue.turn(["b"]):
            order.append("later")

    threads = [start(long)]
    assert inside.wait(WAIT)
    threads.append(start(both))
    queued(queue, 1, "b")
    threads.append(start(later))
    queued(queue, 2, "b")
    with queue.turn(["c"]):
        order.append("free")
    go_on.set()
    for thread in threads:
        thread.join(WAIT)
    assert order == ["free", "both", "later"], "one who wants several devices is not overtaken for ever"


def test_opposite_orders_cannot_wait_for_each_other() -> None:
    queue, counts = Queue(), []

    def worker(devices: list[str]) -> None:
        for _ in range(300):
            with queue.turn(devices):
                counts.append(1)

    together([lambda d=d: worker(d) for d in (["a", "b"], ["b", "a"], ["a"], ["b"], ["b", "c"], ["c", "a"])])
    assert len(counts) == 1800


def test_a_turn_inside_a_turn_does_not_wait() -> None:
    queue = Queue()
    assert not queue.nested()
    with queue.turn(["a"]) as outer, queue.turn(["a", "b"]) as inner:
        assert (outer, inner) == (True, False)
        assert queue.nested()
    assert not queue.nested()
    with pytest.raises(ZeroDivisionError), queue.turn(["a"]), queue.turn(["b"]):
        _ = 1 / 0
    assert not queue.nested()
    with queue.turn(["a", "b"]) as free:
        assert free


def test_one_at_a_time_on_each_device_whatever_the_model() -> None:
    world = World(device("cpu:1", 1000), device("cpu", 1000))
    leases = [world.load(name, 10, on=on) for name, on in (("a", "cpu"), ("b", "cpu"), ("c", "cpu:1"), ("d", "cpu:1"))]
    inside: dict[str, int] = {"cpu": 0, "cpu:1": 0}
    most: list[int] = []

    def worker(lease) -> None:
        for _ in range(100):
            with lease.turn():
                inside[lease.device] += 1
                most.append(inside[lease.device])
                inside[lease.device] -= 1

    together([lambda lease=lease: worker(lease) for lease in leases * 4])
    assert set(most) == {1}
    assert [row["uses"] for row in world.manager.residents()] == [400] * 4


def test_interrupted_while_waiting_the_queue_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ctrl-C reaches the main thread while it waits: its place in the queue is given up."""
    import signal

    queue, go_on, inside = Queue(), threading.Event(), threading.Event()

    def holds() -> None:
        with queue.turn(["cpu"]):
            inside.set()
            assert go_on.wait(WAIT)

    def interrupts() -> None:
        queued(queue, 1)
        signal.pthread_kill(threading.main_thread().ident, signal.SIGINT)

    threads = [start(holds)]
    assert inside.wait(WAIT)
    threads.append(start(interrupts))
    with pytest.raises(KeyboardInterrupt), queue.turn(["cpu"]):
        pass
    assert queue.waiting("cpu") == 0
    go_on.set()
    for thread in threads:
        thread.join(WAIT)
    with queue.turn(["cpu"]) as mine:
        assert mine
