"""Weights are mapped in whole or not at all, and nothing random is left."""

from __future__ import annotations

import copy
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import torch
from torch import nn

from zoo.errors import WeightsMismatch
from zoo.models.context import Context


class Tied(nn.Module):
    """An embedding whose matrix is also the output layer's, as language models have it."""

    def __init__(self) -> None:
        super().__init__()
        self.embed = nn.Embedding(5, 3)
        self.body = nn.Linear(3, 3)
        self.out = nn.Linear(3, 5, bias=False)
        self.out.weight = self.embed.weight
        self.register_buffer("steps", torch.arange(4), persistent=False)


@pytest.fixture
def context(tmp_path: Path) -> Context:
    return Context(device=torch.device("cpu"), dtype=torch.float32, cache=tmp_path / "cache", model="m")


def weights(module: nn.Module) -> dict[str, torch.Tensor]:
    return {name: torch.full_like(tensor, 0.5) for name, tensor in module.state_dict().items()}


def layers() -> nn.Module:
    return nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.Linear(4, 2), nn.LSTM(2, 2))


def test_no_init_gives_parameters_no_memory_and_assign_fills_them(context: Context) -> None:
    with context.no_init():
        module = layers()
    assert all(p.is_meta and isinstance(p, nn.Parameter) for p in module.parameters())
    assert context.unmet(module) == [name for name, _ in module.named_parameters()]
    wanted = layers()
    context.assign(module, {k: v.to(wanted.state_dict()[k].dtype) for k, v in weights(wanted).items()})
    assert all(type(p) is nn.Parameter and (p == 0.5).all() for p in module.parameters())
    assert context.unmet(module) == []
    assert module[3](torch.ones(1, 2))[0].shape == (1, 2)


class Initialised(nn.Module):
    """Works on its own parameters in the ways in which architectures do when they are built."""

    def __init__(self) -> None:
        super().__init__()
        self.a = nn.Parameter(torch.empty(4, 4))
        self.b = self.c = nn.Parameter(torch.zeros(4, 4), requires_grad=False)
        self.layer = nn.Linear(4, 4)
        self.again = copy.deepcopy(self.layer)
        self.words = nn.Embedding(5, 4, padding_idx=0)
        nn.init.trunc_normal_(self.a)
        nn.init.orthogonal_(self.layer.weight)
        nn.init.kaiming_normal_(tensor=self.layer.weight)
        self.layer.weight.data.div_(2.0)
        self.layer.bias.detach().copy_(torch.ones(4))
        with torch.no_grad():
            self.a[0].fill_(7)
            self.a[1] = 3
            self.a.normal_().mul_(2).add_(1)
        self.a.data = torch.full((4, 4), 2.0)
        self.register_buffer("steps", torch.arange(4).float().mul_(2), persistent=False)
        self.register_buffer("drawn", torch.empty(3).normal_(), persistent=False)
        self.register_buffer("like", torch.zeros(4, 4, dtype=self.a.dtype, device=self.a.device), persistent=False)


def test_no_init_skips_whatever_fills_parameters_and_nothing_else(context: Context) -> None:
    torch.manual_seed(0)
    drawn = torch.empty(3).normal_()
    torch.manual_seed(0)
    with context.no_init():
        module = Initialised()
    assert all(isinstance(p, nn.Parameter) and p.is_meta for p in module.parameters())
    assert module.b is module.c
    assert not module.b.requires_grad
    assert module.again.weight is not module.layer.weight
    assert module.steps.tolist() == [0, 2, 4, 6]
    assert torch.equal(module.drawn, drawn)  # the generator was not used for parameters either
    assert torch.equal(module.like, torch.zeros(4, 4))
    context.assign(module, weights(Initialised()))
    assert module.b is module.c
    assert not module.b.requires_grad
    assert module.a.requires_grad
    assert all((p == 0.5).all() for p in module.parameters())
    assert context.unmet(module) == []


def test_no_init_is_of_one_thread(context: Context) -> None:
    """Another thread that builds a module at the same time gets one that works."""
    with context.no_init(), ThreadPoolExecutor(1) as pool:
        other = pool.submit(nn.Linear, 3, 3).result()
        mine = nn.Linear(3, 3)
    assert type(other.weight) is nn.Parameter
    assert other.weight.abs().sum() > 0
    assert mine.weight.is_meta
    assert not nn.Linear(3, 3).weight.is_meta


def test_what_is_computed_from_parameters_while_building_is_not_met(context: Context) -> None:
    """Such a buffer would hold nothing; a module that has one is refused."""

    class Derived(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.scale = nn.Parameter(torch.ones(3))
            self.register_buffer("twice", self.scale.detach() * 2, persistent=False)

    with context.no_init():
        module = Derived()
    context.assign(module, {"scale": torch.ones(3)})
    assert context.unmet(module) == ["twice"]


def test_no_init_holds_for_transformers_too(context: Context) -> None:
    """It replaces torch.nn.init's functions by its own while it builds."""
    from transformers import BertConfig, BertModel

    torch.manual_seed(0)
    before = torch.random.get_rng_state()
    with context.no_init():
        BertModel(BertConfig(hidden_size=8, num_hidden_layers=1, num_attention_heads=2, intermediate_size=8))
    assert (torch.random.get_rng_state() == before).all()


def test_tensors_are_mapped_and_not_copied(context: Context) -> None:
    module = nn.Linear(3, 2)
    given = weights(module)
    context.assign(module, given)
    assert module.weight.data_ptr() == given["weight"].data_ptr()


def test_dtype_applies_to_floating_point_only(tmp_path: Path) -> None:
    context = Context(device=torch.device("cpu"), dtype=torch.bfloat16, cache=tmp_path, model="m")
    module = nn.BatchNorm1d(2)
    context.assign(module, {k: v.clone() for k, v in nn.BatchNorm1d(2).state_dict().items()})
    assert module.weight.dtype == torch.bfloat16
    assert module.num_batches_tracked.dtype == torch.int64


@pytest.mark.parametrize("held", ["embed.weight", "out.weight"])
def test_tied_parameters_stay_one(context: Context, held: str) -> None:
    module = Tied()
    given = weights(module)
    one = {k: v for k, v in given.items() if k not in {"embed.weight", "out.weight"}} | {held: given[held]}
    context.assign(module, one)
    assert module.out.weight is module.embed.weight
    assert (module.out.weight == 0.5).all()
    assert context.unmet(module) == []
    assert module.steps.tolist() == [0, 1, 2, 3]


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda t: t.pop("body.bias"), "1 missing (body.bias)"),
        (lambda t: t.update(extra=torch.zeros(1)), "1 extra (extra)"),
        (lambda t: t.update({"body.bias": torch.zeros(7)}), "body.bias (7,) instead of (3,)"),
        (lambda t: [t.pop("embed.weight"), t.pop("out.weight")], "2 missing"),
        (lambda t: t.clear(), "missing"),
    ],
)
def test_what_does_not_fit_is_named_and_nothing_is_loaded(context: Context, change, says: str) -> None:
    module = Tied()
    before = {name: tensor.clone() for name, tensor in module.state_dict().items()}
    given = weights(module)
    change(given)
    with pytest.raises(WeightsMismatch) as error:
        context.assign(module, given)
    assert says in error.value.cause
    assert all((module.state_dict()[name] == tensor).all() for name, tensor in before.items())


def test_names_can_be_changed_left_out_and_ignored(context: Context) -> None:
    module = nn.Linear(2, 2)
    given = {"old.weight": torch.ones(2, 2), "old.bias": torch.ones(2), "rubbish": torch.ones(1), "seen": torch.ones(1)}
    names = {"old.weight": "weight", "old.bias": "bias", "seen": "seen"}
    context.assign(module, given, rename=names.get, ignore=("seen",))
    assert (module.weight == 1).all()


def test_two_tensors_for_one_name_are_refused(context: Context) -> None:
    with pytest.raises(WeightsMismatch, match="both"):
        context.assign(nn.Linear(2, 2), {"a": torch.ones(2), "b": torch.ones(2)}, rename=lambda name: "bias")


def test_what_assign_never_met_is_named(context: Context) -> None:
    module = nn.Sequential(nn.Linear(2, 2), nn.Linear(2, 2))
    context.assign(module[0], weights(module[0]))
    assert context.unmet(module) == ["1.weight", "1.bias"]


def test_cache_folder(context: Context) -> None:
    assert context.cache("x").is_dir()
    assert context.cache("x") == context.cache("x")


def test_modules_that_read_their_state_in_their_own_way_do_so(context: Context) -> None:
    """Hooks and methods of `load_state_dict` are honoured: torch itself loads such modules."""
    wanted = nn.Sequential(nn.utils.parametrizations.weight_norm(nn.Linear(3, 3)), nn.Linear(3, 2))
    with context.no_init():
        module = nn.Sequential(nn.utils.parametrizations.weight_norm(nn.Linear(3, 3)), nn.Linear(3, 2))
    context.assign(module, wanted.state_dict())
    given = torch.ones(1, 3)
    assert context.unmet(module) == []
    assert torch.equal(module(given), wanted(given))


def test_shared_modules_stay_one(context: Context) -> None:
    class Shared(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.one = nn.Linear(2, 2)
            self.other = self.one

    with context.no_init():
        module = Shared()
    context.assign(module, weights(Shared()))
    assert module.one is module.other
    assert (module.one.weight == 0.5).all()
    assert context.unmet(module) == []
