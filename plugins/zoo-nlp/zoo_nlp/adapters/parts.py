"""The parts of any transformers model: its blocks in order, what stands before and after them, its linear layers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from torch import nn

__all__ = ["groups", "projections"]

# They choose which expert reads a token; low-rank changes of that choice are not what adapters are for.
ROUTERS = frozenset({"gate", "router"})


def groups(module: nn.Module, body: nn.Module) -> list[list[str]]:
    """Names of a module's parts from the input to the output: embeddings, each block, and what stands on the body.

    What follows the last block inside the body (a last norm) is counted to it; embeddings are always the first. A head
    that has only parameters of the body (tied embeddings) is no group.

    Args:
        module: an encoder or decoder, with or without a head.
        body: the part of it that holds the blocks; the module itself where it has no head.
    """
    inside = _name(module, body)
    lists = _blocks(body)
    first, last = _around(body, lists[0]) if lists else ([name for name, _ in body.named_children()], [])
    first, last = ([name for name in part if name not in lists] for part in (first, last))
    made = [first, *([f"{name}.{number}" for name in lists] for number in range(_length(body, lists)))]
    made[-1].extend(last)
    prefixed = [[f"{inside}.{name}" if inside else name for name in group] for group in made]
    head = [name for name in _beside(module, inside) if _own(module, name, body)] if inside else []
    return [kept for group in (*prefixed, head) if (kept := [name for name in group if _filled(module, name)])]


def projections(module: nn.Module, body: nn.Module) -> list[str]:
    """Full names of the linear layers in the blocks: attention's projections and the feed-forward layers.

    All of them, since adapters on attention alone learn less at an equal number of weights (Dettmers et al., "QLoRA",
    arXiv:2305.14314, section 4).
    """
    inside = _name(module, body)
    found = []
    for blocks in _blocks(body):
        start = f"{inside}.{blocks}" if inside else blocks
        parts = module.get_submodule(start).named_modules()
        linear = [name for name, part in parts if _linear(part) and name.rpartition(".")[2] not in ROUTERS]
        found += [f"{start}.{name}" for name in linear]
    return found


def _linear(part: nn.Module) -> bool:
    """Whether a part is torch's linear layer, or the transposed one of GPT-2."""
    kind = type(part).__name__
    # torch's own attention reads the weight of its last layer past the layer itself.
    return kind == "Conv1D" or (isinstance(part, nn.Linear) and kind != "NonDynamicallyQuantizableLinear")


def _name(module: nn.Module, body: nn.Module) -> str:
    return next((name for name, part in module.named_modules() if part is body), "")


def _blocks(body: nn.Module) -> list[str]:
    """The list of modules that holds most of the parameters, and those of equal length beside it (XLM's layers)."""
    lists = {name: part for name, part in body.named_modules() if isinstance(part, nn.ModuleList) and len(part)}
    if not lists:
        return []
    most = max(lists, key=lambda name: _count(lists[name]))
    home = most.rpartition(".")[0]
    return [most] + [
        name
        for name, part in lists.items()
        if name != most and name.rpartition(".")[0] == home and len(part) == _length(body, [most])
    ]


def _length(body: nn.Module, lists: Sequence[str]) -> int:
    if not lists:
        return 0
    blocks = body.get_submodule(lists[0])
    return len(blocks) if isinstance(blocks, nn.ModuleList) else 0


def _around(body: nn.Module, blocks: str) -> tuple[list[str], list[str]]:
    """Names of the parts before the blocks and of those after them; all embeddings are before."""
    before: list[str] = []
    after: list[str] = []
    for name, embedding, passed in _siblings(body, blocks):
        (after if passed and not embedding else before).append(name)
    return before, after


def _siblings(body: nn.Module, blocks: str) -> Iterator[tuple[str, bool, bool]]:
    """Each part beside the way to the blocks: its name, whether it is an embedding, whether it comes after them."""
    path = blocks.split(".")
    for depth, step in enumerate(path):
        home = ".".join(path[:depth])
        passed = False
        for name, part in body.get_submodule(home).named_children():
            if name == step:
                passed = True
            else:
                embedding = isinstance(part, nn.Embedding) or "embed" in name
                yield f"{home}.{name}" if home else name, embedding, passed


def _beside(module: nn.Module, inside: str) -> list[str]:
    """Names of a module's parts that are not on the way to its body."""
    return [name for name, _, _ in _siblings(module, inside)]


def _own(module: nn.Module, name: str, body: nn.Module) -> bool:
    """Whether a part has parameters that the body lacks."""
    shared = {id(parameter) for parameter in body.parameters()}
    return any(id(parameter) not in shared for parameter in module.get_submodule(name).parameters())


def _filled(module: nn.Module, name: str) -> bool:
    return next(module.get_submodule(name).parameters(), None) is not None


def _count(part: nn.Module) -> int:
    return sum(parameter.numel() for parameter in part.parameters())
