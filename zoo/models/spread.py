"""A module too large for one device, spread over several: blocks go where there is room, the rest stays together.

A *block* is a piece that is called with tensors and gives tensors, and that is never cut: a transformer's layer, a
residual unit. Everything else, root-level parameters such as `cls_token` included, lies on the *main* device, where
inputs come in. Blocks are filled in order into the main device, then into the others. Each block that lies elsewhere
gives its output back to where its input was, so that the code between blocks sees one device only, whatever it does
with outputs (concatenate them, add them, keep them).

The work of moving is accelerate's: its hooks take a block's inputs to its device and its outputs back, and bring the
weights of a block that lies on the CPU to the main device for the time of its forward. accelerate's own planner
(`infer_auto_device_map`, 1.15) is not used: it knows blocks by the names of classes that only transformers' models
declare, leaves out the buffers of modules that it splits, and puts on disk what fits nowhere.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import torch
from torch import nn
from torch.nn.utils import parametrize

from zoo.errors import DeviceError

__all__ = ["Plan", "blocks", "plan", "spread"]


@dataclass(frozen=True, kw_only=True)
class Plan:
    """Where a module's parts go.

    Attributes:
        main: the device of inputs, outputs, and everything that is in no block.
        blocks: block name to device, in the module's order; `cpu` means that its weights wait there, unless the main
            device is the CPU.
        bytes: device to the bytes of weights it will hold, the room for one waiting block on the main device included.
    """

    main: str
    blocks: Mapping[str, str]
    bytes: Mapping[str, int]


def blocks(module: nn.Module) -> dict[str, nn.Module]:
    """The blocks of a module by name, in order: the pieces that may lie on another device than the rest.

    A transformers model declares them (`_no_split_modules`). In others they are found by structure: the members of
    `Sequential`, `ModuleList` and `ModuleDict`; a member that itself holds such a row of like modules (a stage) is no
    block, its members are. A block that shares a tensor with anything outside it is left out: it stays with the rest.
    """
    declared = set(getattr(module, "_no_split_modules", None) or ())
    found = dict(_walk(module, "", declared, inside=False))
    holders: dict[int, set[str]] = {}
    for name, tensor in _tensors(module):
        owner = next((block for block in _prefixes(name) if block in found), "")
        holders.setdefault(id(tensor), set()).add(owner)
    shared = {name for names in holders.values() if len(names) > 1 for name in names}
    return {name: block for name, block in found.items() if name not in shared}


def plan(module: nn.Module, memory: Mapping[str, int], *, main: str | None = None) -> Plan:
    """Decide where each block goes.

    Args:
        module: on any device, torch's meta device too.
        memory: device to the bytes that weights may take there, what batches need already taken off. The CPU is the
            last resort, wherever it stands, unless it is the main device.
        main: where inputs go; the first of `memory` when None.

    Raises:
        DeviceError: the part that cannot be divided, a single block, or all of it is too large.
    """
    main = main or next(iter(memory))
    order = sorted(memory, key=lambda device: (device != main, device == "cpu"))
    sizes = {name: _bytes(block) for name, block in blocks(module).items()}
    rest = _bytes(module) - sum(sizes.values())
    left = dict(memory)
    left[main] -= rest
    if left[main] < 0:
        raise DeviceError(
            f"{_mb(rest)} of the model cannot be divided, and {main} has room for {_mb(memory[main])}",
            "Free memory there, name another device first, or load in a 16-bit type: --dtype bfloat16.",
        )
    waiting = "cpu" in left and main != "cpu"
    accelerators = [device for device in order if device != "cpu"] if waiting else order
    placed = _fill(sizes, accelerators, left)
    if len(placed) < len(sizes) and waiting:
        # A block that waits on the CPU runs on the main device, which needs room for the largest of them.
        left = dict(memory)
        left[main] -= rest + max(sizes.values())
        placed = _fill(sizes, [device for device in order if left[device] > 0], left) if left[main] >= 0 else {}
    if len(placed) < len(sizes):
        raise _too_large(sizes, rest, memory, main)
    held = {device: sum(sizes[name] for name, at in placed.items() if at == device) for device in order}
    held[main] += rest
    if waiting and "cpu" in placed.values():
        held[main] += max(size for name, size in sizes.items() if placed[name] == "cpu")
    return Plan(main=main, blocks=placed, bytes={device: size for device, size in held.items() if size})


def spread(module: nn.Module, memory: Mapping[str, int], *, main: str | None = None) -> nn.Module:
    """Put a module that lies on the CPU onto several devices; its results stay the same.

    It is changed in place, and its `to()` refuses from then on: to have it elsewhere, load it again. Weights mapped
    from files stay mapped while they wait on the CPU. Its parts, `generate` and the like work as before.

    Args:
        module: in evaluation mode, on the CPU, in its final floating-point type.
        memory, main: as `plan` takes them; inputs must be on `main`, and outputs come back there.

    Returns:
        The same module.

    Raises:
        DeviceError: there is too little memory on all devices together, or for one block.
    """
    made = plan(module, memory, main=main)
    run = {device: "cpu" if torch.device(device).type == "cpu" else device for device in (*memory, made.main)}
    parts = {name: module.get_submodule(name) for name in made.blocks}
    elsewhere = {name: device for name, device in made.blocks.items() if device != made.main}
    _move(module, run[made.main], spare={id(part) for name in elsewhere for part in parts[name].modules()})
    skip = getattr(module, "_skip_keys_device_placement", None)
    for name, device in elsewhere.items():
        if device == "cpu":
            _wait(parts[name], run[made.main])
        else:
            _settle(parts[name], run[device], list(skip) if skip else None)
    if elsewhere:
        module.to = _refuse  # type: ignore[method-assign]
    return module


def _walk(module: nn.Module, name: str, declared: set[str], *, inside: bool) -> Iterator[tuple[str, nn.Module]]:
    """Blocks below `module`; `inside` says that it is a member of a row, so that it may be one itself."""
    if type(module).__name__ in declared or parametrize.is_parametrized(module):
        whole = True
    else:
        whole = inside and not _is_row(module) and (not declared and not _is_stage(module))
    if whole:
        wanted = not declared or type(module).__name__ in declared
        if inside and wanted and _called(module) and next(_tensors(module), None):
            yield name, module
        return
    if name and not _is_row(module) and not (declared or _is_stage(module)):
        return  # one of a kind: it stays with the rest
    rows = _is_row(module) or _repeats(module)
    for key, child in module.named_children():
        yield from _walk(child, f"{name}.{key}" if name else key, declared, inside=rows)


def _is_row(module: nn.Module) -> bool:
    """Whether it only holds others: a list, a dict, or a `Sequential` that adds nothing to its members."""
    if isinstance(module, nn.ModuleList | nn.ModuleDict):
        return not _called(module)
    return isinstance(module, nn.Sequential) and type(module).forward is nn.Sequential.forward


def _called(module: nn.Module) -> bool:
    return type(module).forward is not nn.Module.forward


def _repeats(module: nn.Module) -> bool:
    """Whether it is a row, plain or with a forward of its own, of at least two like modules that are made of others."""
    if not isinstance(module, nn.ModuleList | nn.ModuleDict | nn.Sequential):
        return False
    kinds = [type(child) for child in module.children() if not _is_row(child) and next(child.children(), None)]
    return len(kinds) > len(set(kinds))


def _is_stage(module: nn.Module) -> bool:
    return any(_repeats(part) for part in module.modules())


def _tensors(module: nn.Module) -> Iterator[tuple[str, torch.Tensor]]:
    """Parameters and buffers by name, non-persistent ones and second names of the same tensor included."""
    yield from module.named_parameters(remove_duplicate=False)
    yield from module.named_buffers(remove_duplicate=False)


def _prefixes(name: str) -> Iterator[str]:
    while name := name.rpartition(".")[0]:
        yield name


def _bytes(module: nn.Module) -> int:
    return sum({id(tensor): tensor.nbytes for _, tensor in _tensors(module)}.values())


def _fill(sizes: Mapping[str, int], devices: list[str], left: Mapping[str, int]) -> dict[str, str]:
    """Blocks in order into devices in order, never back to an earlier one: the fewest journeys between devices."""
    left = dict(left)
    placed: dict[str, str] = {}
    at = 0
    for name, size in sizes.items():
        while at < len(devices) and left[devices[at]] < size:
            at += 1
        if at == len(devices):
            break
        placed[name] = devices[at]
        left[devices[at]] -= size
    return placed


def _too_large(sizes: Mapping[str, int], rest: int, memory: Mapping[str, int], main: str) -> DeviceError:
    room = ", ".join(f"{device} {_mb(size)}" for device, size in memory.items())
    name = max(sizes, key=lambda block: sizes[block])
    runs = {device: size for device, size in memory.items() if device != "cpu" or main == "cpu"}
    if sizes[name] > max(size - (rest if device == main else 0) for device, size in runs.items()):
        return DeviceError(
            f"block {name} takes {_mb(sizes[name])}, more than any device has room to run it in ({room})",
            "Load in a 16-bit type (--dtype bfloat16), or give more with ZOO_DEVICE_BUDGET.",
        )
    return DeviceError(
        f"the model takes {_mb(rest + sum(sizes.values()))}, more than its devices together have room for ({room})",
        "Name more devices (cpu among them), load in a 16-bit type, or give more with ZOO_DEVICE_BUDGET.",
    )


def _mb(size: int) -> str:
    return f"{size / 1e6:,.1f} MB"


def _move(module: nn.Module, device: str, *, spare: set[int]) -> None:
    """Move all tensors but those of the modules in `spare`, each once, so that shared ones stay shared."""
    moved: dict[int, nn.Parameter] = {}
    buffers: dict[int, torch.Tensor] = {}
    for part in module.modules():
        if id(part) in spare:
            continue
        for name, parameter in part._parameters.items():
            if parameter is not None:
                if id(parameter) not in moved:
                    moved[id(parameter)] = nn.Parameter(parameter.to(device), parameter.requires_grad)
                part._parameters[name] = moved[id(parameter)]
        for name, buffer in part._buffers.items():
            if buffer is not None:
                part._buffers[name] = buffers.setdefault(id(buffer), buffer.to(device))


def _refuse(*_: object, **__: object) -> nn.Module:
    raise RuntimeError("a module that is spread over several devices cannot be moved: load it again")


def _settle(block: nn.Module, device: str, skip: list[str] | None) -> None:
    """Have a block lie and run on `device`; what it is given comes with it, what it gives goes back."""
    from accelerate.hooks import AlignDevicesHook, add_hook_to_module

    _move(block, device, spare=set())
    hook = AlignDevicesHook(execution_device=torch.device(device), io_same_device=True, skip_keys=skip)
    add_hook_to_module(block, hook)


def _wait(block: nn.Module, main: str) -> None:
    """Have a block's weights wait where they are, and come to `main` as a whole for each forward.

    As a whole, since some layers read their members' weights without calling them (`nn.MultiheadAttention`).
    """
    from accelerate.big_modeling import cpu_offload

    cpu_offload(
        block,
        torch.device(main),
        state_dict=dict(block.state_dict()),
        preload_module_classes=[type(block).__name__],
    )
