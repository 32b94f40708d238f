"""Where the tensors of a module lie, and putting others there: what `load_state_dict(assign=True)` does, in one walk.

torch filters all names anew for every module of the tree and asks each for its hooks; on a network of four hundred
modules that takes as long as building it. Where a module has hooks or a reading of its own, torch does it here too.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator, Mapping
from typing import Any

import torch
from torch import nn
from torch.nn.modules.batchnorm import _NormBase

__all__ = ["Places"]

_HOOKS = ("_state_dict_hooks", "_state_dict_pre_hooks", "_load_state_dict_pre_hooks", "_load_state_dict_post_hooks")
# Methods by which a module takes part in torch's own way. Batch normalisation's only serves files older than itself.
_METHODS = {
    "__setattr__": (nn.Module.__setattr__,),
    "_load_from_state_dict": (nn.Module._load_from_state_dict, _NormBase._load_from_state_dict),
    "_save_to_state_dict": (nn.Module._save_to_state_dict,),
    "get_extra_state": (nn.Module.get_extra_state,),
    "load_state_dict": (nn.Module.load_state_dict,),
    "state_dict": (nn.Module.state_dict,),
}


class Places:
    """The named places of a module's parameters and persistent buffers.

    Attributes:
        tensors: what lies there now, by the name that `state_dict` has for it.
        tied: groups of names under which the module holds one and the same parameter.
    """

    def __init__(self, module: nn.Module) -> None:
        self._module = module
        self._owners: dict[str, tuple[nn.Module, str]] = {}
        self._plain = True
        self.tensors: dict[str, torch.Tensor] = {}
        kinds: dict[type, bool] = {}
        for prefix, part in _parts(module):
            self._plain = self._plain and _is_plain(part, kinds)
            self._note(prefix, part)
        self._state: Mapping[str, torch.Tensor] = {}
        if not self._plain:
            self._state = module.state_dict(keep_vars=True)
            self.tensors = dict(self._state)
        self.tied = _shared(self.tensors) if self._plain else _tied(module)

    def _note(self, prefix: str, part: nn.Module) -> None:
        stored = [*part._parameters.items(), *part._buffers.items()]
        for leaf, tensor in stored:
            if tensor is not None and leaf not in part._non_persistent_buffers_set:
                self.tensors[prefix + leaf] = tensor
                self._owners[prefix + leaf] = part, leaf

    def put(self, tensors: Mapping[str, torch.Tensor]) -> None:
        """Let these tensors, of the same shapes, lie in their places; tied parameters stay one."""
        if self._plain:
            for name, tensor in tensors.items():
                self._put(name, tensor)
        else:
            state = OrderedDict(tensors)
            # Modules look up their own version here (torchvision's MNASNet refuses to load without it).
            state._metadata = self._state._metadata  # type: ignore[attr-defined]
            self._module.load_state_dict(state, strict=False, assign=True)
        self._tie()

    def _put(self, name: str, tensor: torch.Tensor) -> None:
        owner, leaf = self._owners[name]
        if leaf in owner._parameters:
            owner._parameters[leaf] = nn.Parameter(tensor, self.tensors[name].requires_grad)
        else:
            owner._buffers[leaf] = tensor

    def _tie(self) -> None:
        for first, *others in self.tied:
            parameter = self._module.get_parameter(first)
            for name in others:
                owner, _, leaf = name.rpartition(".")
                setattr(self._module.get_submodule(owner), leaf, parameter)


def _parts(module: nn.Module, prefix: str = "") -> Iterator[tuple[str, nn.Module]]:
    """Each module of the tree with what stands before its tensors' names; one that is shared, under each of them."""
    yield prefix, module
    for name, child in module._modules.items():
        if child is not None:
            yield from _parts(child, f"{prefix}{name}.")


def _is_plain(part: nn.Module, kinds: dict[type, bool]) -> bool:
    """Whether torch's own way is not needed; what is found of a class is noted in `kinds`, for one module only.

    A parametrised module has a class of its own, which holds it: remembered for longer, it would never be let go.
    """
    kind: Any = type(part)
    if kind not in kinds:
        kinds[kind] = all(getattr(kind, name) in known for name, known in _METHODS.items())
    return kinds[kind] and not any(part.__dict__.get(name) for name in _HOOKS)


def _shared(tensors: Mapping[str, torch.Tensor]) -> list[list[str]]:
    groups: dict[int, list[str]] = {}
    for name, tensor in tensors.items():
        if isinstance(tensor, nn.Parameter):
            groups.setdefault(id(tensor), []).append(name)
    return [names for names in groups.values() if len(names) > 1]


def _tied(module: nn.Module) -> list[list[str]]:
    return _shared(dict(module.named_parameters(remove_duplicate=False)))
