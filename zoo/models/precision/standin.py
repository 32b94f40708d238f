"""A stand-in for a module: what its user calls goes elsewhere, everything else is asked of the module itself."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import MethodType
from typing import Any

import torch

from zoo.models.precision.structure import Unfit, flatten

__all__ = ["Call", "Recorder", "StandIn"]

# (path, what the module itself would run, positional, named) -> outputs
Route = Callable[[str, Callable[..., Any], tuple[Any, ...], dict[str, Any]], Any]


class StandIn:
    """In the place of a module, or of a part of one that is reached by attributes.

    Calls, of the module, of its parts and of their methods, are handed to a route. It passes for an instance of the
    module's class, so that code that looks at classes takes it.
    """

    def __init__(self, module: torch.nn.Module, route: Route, path: str = "") -> None:
        self.__dict__.update(_module=module, _route=route, _path=path)

    @property  # type: ignore[misc]
    def __class__(self) -> type[Any]:
        """The module's class, for `isinstance`."""
        return type(self.__dict__["_module"])

    def __getattr__(self, name: str) -> Any:
        value = getattr(self._module, name)
        path = f"{self._path}.{name}".lstrip(".")
        if isinstance(value, torch.nn.Module):
            if value is self._module:  # transformers' `base_model` of a model without a head is the model itself
                return self
            return StandIn(value, self._route, path)
        if isinstance(value, MethodType) and value.__self__ is self._module:
            return self._called(self._path if name == "forward" else path, value)
        return value

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """What the route gives for a call of the module itself."""
        return self._route(self._path, self._module, args, kwargs)

    def __repr__(self) -> str:
        return f"<in place of {type(self._module).__name__}>"

    def _called(self, path: str, method: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(method)
        def call(*args: Any, **kwargs: Any) -> Any:
            return self._route(path, method, args, kwargs)

        return call


@dataclass(frozen=True, kw_only=True)
class Call:
    """One call of a module, a part of it (`model.encoder`) or a method (`get_image_features`), with its outputs."""

    path: str
    args: tuple[Any, ...]
    kwargs: dict[str, Any]
    output: Any


class Recorder:
    """Runs a module and notes which calls of it compute something.

    A call counts when it, or a part of the module under it, runs a forward pass; helpers such as `parameters()` do not.
    """

    def __init__(self, module: torch.nn.Module) -> None:
        self.module = module
        self.calls: list[Call] = []
        self._called = False
        self._computed = False
        self._beside = ""

    @contextmanager
    def recording(self) -> Iterator[StandIn]:
        """Give the stand-in to be called; afterwards `calls` is filled.

        Raises:
            Unfit: a call is none that a graph could take over, or a part was run where no stand-in is in its place.
        """
        hooks = [part.register_forward_pre_hook(self._enter) for part in self.module.modules()]
        try:
            yield StandIn(self.module, self._run)
        finally:
            for hook in hooks:
                hook.remove()
        if self._beside:
            raise Unfit(f"its runner reaches into it and runs a {self._beside} by itself")
        if not self.calls:
            raise Unfit("its runner never calls it")

    def _enter(self, part: torch.nn.Module, inputs: Any) -> None:
        self._computed = True
        if not self._called:
            self._beside = type(part).__name__

    def _run(self, path: str, run: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        if path.rpartition(".")[2] == "generate":
            raise Unfit("it writes token by token (`generate`), which is no single graph")
        self._called, self._computed = True, isinstance(run, torch.nn.Module)
        try:
            output = run(*args, **kwargs)
        finally:
            self._called = False
        if self._computed:
            flatten((args, kwargs), strict=True)
            self.calls.append(Call(path=path, args=args, kwargs=kwargs, output=output))
        return output
