"""How much memory tensors take at most, counted without and with numbers."""

from __future__ import annotations

import threading

import pytest
import torch
from torch import nn

from zoo.models.memory import PeakMemory

FLOAT = 4


@pytest.mark.parametrize("device", ["cpu", "meta"])
def test_counts_what_is_there_at_once_and_not_what_is_gone(device: str) -> None:
    module = nn.Sequential(nn.Linear(100, 1000), nn.ReLU(), nn.Linear(1000, 10)).to(device)
    x = torch.zeros(50, 100, device=device)
    with torch.inference_mode(), PeakMemory() as memory:
        y = module(x)
        assert memory.live == y.nbytes == 50 * 10 * FLOAT
    assert memory.peak == 2 * 50 * 1000 * FLOAT  # input and output of ReLU
    del y
    assert memory.live == 0


@pytest.mark.parametrize("device", ["cpu", "meta"])
def test_what_autograd_keeps_counts_until_the_backward_pass_gives_it_back(device: str) -> None:
    module = nn.Sequential(nn.Linear(100, 1000), nn.ReLU(), nn.Linear(1000, 10)).to(device)
    with PeakMemory() as memory:
        loss = module(torch.zeros(50, 100, device=device)).sum()
        kept = memory.live
        loss.backward()
    assert kept >= 50 * 1000 * FLOAT
    gradients = sum(p.grad.nbytes for p in module.parameters() if p.grad is not None)
    assert gradients <= memory.live < gradients + kept


def test_views_and_changes_in_place_are_not_new() -> None:
    before = torch.zeros(1000)
    with PeakMemory() as memory:
        before.add_(1)
        view = before.view(10, 100).t()[0]
        assert memory.peak == 0
        made = torch.ones(1000)
        part = made[:10]
        del made
        assert memory.live == 1000 * FLOAT  # the part keeps the whole
        del part
        assert memory.live == 0
    assert view.shape == (10,)


def test_a_tensor_that_grows_counts_as_it_is_then() -> None:
    with PeakMemory() as memory:
        target = torch.empty(0)
        torch.add(torch.ones(100), 1, out=target)
    assert memory.live == target.nbytes == 100 * FLOAT


def test_results_are_those_without_it() -> None:
    torch.manual_seed(0)
    module = nn.TransformerEncoderLayer(16, 2, 32, batch_first=True).eval()
    x = torch.randn(2, 5, 16)
    with torch.inference_mode():
        wanted = module(x)
        with PeakMemory():
            made = module(x)
    torch.testing.assert_close(made, wanted)


def test_what_another_thread_lets_go_is_gone() -> None:
    with PeakMemory() as memory:
        held = [torch.ones(1000)]
        thread = threading.Thread(target=held.clear)
        thread.start()
        thread.join()
        assert memory.live == 0
