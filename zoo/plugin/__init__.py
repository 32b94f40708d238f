"""The public interface for plugin authors: hook markers, and the base classes of what a plugin supplies."""

from __future__ import annotations

from zoo.plugin.carded import packaged_cards
from zoo.plugin.cases import CASES_MODULE, Case, Lesson
from zoo.plugin.contracts import (
    ADAPTER_FILE,
    HEAD_FILE,
    Checkpoint,
    LoadContext,
    Loader,
    NoOptions,
    Other,
    Runner,
    option,
)
from zoo.plugin.finetuners import FineTuner, Head, Target, Trained
from zoo.plugin.hookspecs import API_VERSION, hookimpl, hookspec
from zoo.plugin.manager import PluginInfo, PluginManager
from zoo.plugin.pretrained import PretrainedLoader, read_object, refuse_code
from zoo.plugin.rows import FAMILY, arxiv, member, stated
from zoo.plugin.sampling import meta_floats, meta_tokens, pretrained_sample

__all__ = [
    "ADAPTER_FILE",
    "API_VERSION",
    "CASES_MODULE",
    "FAMILY",
    "HEAD_FILE",
    "Case",
    "Checkpoint",
    "FineTuner",
    "Head",
    "Lesson",
    "LoadContext",
    "Loader",
    "NoOptions",
    "Other",
    "PluginInfo",
    "PluginManager",
    "PretrainedLoader",
    "Runner",
    "Target",
    "Trained",
    "arxiv",
    "hookimpl",
    "hookspec",
    "member",
    "meta_floats",
    "meta_tokens",
    "option",
    "packaged_cards",
    "pretrained_sample",
    "read_object",
    "refuse_code",
    "stated",
]
