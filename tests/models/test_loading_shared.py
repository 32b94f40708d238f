"""Processes that load the same file share its memory; and what alignment does to the last digits of results."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file
from torch import nn

from zoo.models.context import Context

LOAD = """
import re, sys
from pathlib import Path
import torch
from safetensors.torch import load_file
from zoo.models.context import Context

path = Path(sys.argv[1])
context = Context(device=torch.device("cpu"), dtype=torch.float32, cache=path.parent, model="m")
with context.no_init():
    module = torch.nn.Sequential(torch.nn.Linear(1024, 2048), torch.nn.Linear(2048, 1024))
context.assign(module, load_file(path))
with torch.inference_mode():
    module(torch.ones(8, 1024))
found, ours = {}, False
for line in Path("/proc/self/smaps").read_text().splitlines():
    if re.match(r"[0-9a-f]+-[0-9a-f]+ ", line):
        ours = line.endswith(str(path))
    elif ours and line.endswith(" kB"):
        name, size, _ = line.split()
        found[name] = found.get(name, 0) + int(size)
print(*(found.get(name, 0) for name in ("Rss:", "Shared_Clean:", "Shared_Dirty:", "Anonymous:")))
"""


@pytest.mark.skipif(not Path("/proc/self/smaps").exists(), reason="the kernel does not tell whose memory is shared")
def test_weights_are_shared_between_processes(tmp_path: Path) -> None:
    """All pages of the file are the page cache's own: none was copied by being written to, none is of one process."""
    made = nn.Sequential(nn.Linear(1024, 2048), nn.Linear(2048, 1024))
    path = tmp_path / "model.safetensors"
    save_file(made.state_dict(), path)
    kilobytes = path.stat().st_size // 1024
    held = load_file(path)
    assert sum(float(tensor.sum()) for tensor in held.values()) != 0  # this process has the file in its memory too
    done = subprocess.run([sys.executable, "-c", LOAD, str(path)], capture_output=True, text=True, check=True)
    # A file that was just written is dirty in the page cache until the disk has it; a page written to is anonymous.
    resident, clean, dirty, anonymous = map(int, done.stdout.split())
    assert resident >= 0.95 * kilobytes
    assert clean + dirty == resident
    assert anonymous == 0


def _at(tensor: torch.Tensor, offset: int) -> torch.Tensor:
    """A copy that begins `offset` bytes after a multiple of 64, as a tensor in a mapped file may."""
    room = torch.empty(tensor.numel() * 4 + 128, dtype=torch.uint8)
    start = -room.data_ptr() % 64 + offset
    made = room[start : start + tensor.numel() * 4].view(torch.float32).view(tensor.shape)
    return made.copy_(tensor)


def _loaded(tensors: Mapping[str, torch.Tensor], tmp_path: Path) -> nn.Module:
    import timm

    context = Context(device=torch.device("cpu"), dtype=torch.float32, cache=tmp_path, model="m")
    with context.no_init():
        module = timm.create_model("resnet10t")
    context.assign(module, tensors)
    return module.eval()


def test_aligned_like_the_librarys_own_the_outputs_are_bit_equal(tmp_path: Path) -> None:
    """Kernels add in another order where a tensor begins elsewhere; nothing else differs from the library's module."""
    import timm

    wanted = timm.create_model("resnet10t").eval()
    state = wanted.state_dict()
    pictures = torch.randn(2, 3, 64, 64)
    copies = {name: tensor.clone() for name, tensor in state.items()}
    shifted = {name: _at(t, 4) if t.dtype == torch.float32 else t for name, t in state.items()}
    with torch.inference_mode():
        expected = wanted(pictures)
        assert torch.equal(_loaded(copies, tmp_path)(pictures), expected)
        torch.testing.assert_close(_loaded(shifted, tmp_path)(pictures), expected, rtol=1e-5, atol=1e-5)
