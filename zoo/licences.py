"""What does a licence allow? SPDX expressions, and hubs' licence words, put into a few classes.

The classes are a reading aid and no legal advice: they say which kind of terms to expect. What is not known here is
`other`, and what nobody stated is `not stated`; neither is ever taken for permissive.

Sources: the SPDX licence list for identifiers; Creative Commons' deeds for what BY, NC, SA and ND mean; the hub's
licence page for its words; and for licences that no list classes, the texts named beside them in `_OWN`.
"""

from __future__ import annotations

import re
from typing import Literal, NamedTuple

__all__ = ["CLASSES", "Duty", "LicenceClass", "duties", "licence_class", "obligations", "spdx", "unknown_words"]

LicenceClass = Literal["permissive", "copyleft", "non-commercial", "rail", "research-only", "other", "not stated"]
Duty = Literal[
    "notice", "share-alike", "uses", "no-commerce", "research", "no-changes", "no-patents", "read", "ask"
]  # fmt: skip

# From the most to the least free; of terms joined by AND the least free counts, of terms joined by OR the freest.
CLASSES: tuple[LicenceClass, ...] = (
    "permissive", "copyleft", "rail", "other", "not stated", "non-commercial", "research-only",
)  # fmt: skip

_SENTENCES: dict[Duty, str] = {
    "notice": "keep the notices of the authors and of the licence",
    "share-alike": "pass on what you make from it under the same licence",
    "uses": "pass the list of forbidden uses on, and keep to it",
    "no-commerce": "no commercial use, of what you make from it neither",
    "research": "use it for research only, what you make from it too",
    "no-changes": "pass on no changed version",
    "no-patents": "count on no patents: the licence gives none",
    "read": "read the licence: the zoo does not know its terms",
    "ask": "ask the authors: nobody stated what is allowed",
}


class _Terms(NamedTuple):
    kind: LicenceClass
    duties: frozenset[Duty]


def _terms(kind: LicenceClass, *duties: Duty) -> _Terms:
    return _Terms(kind, frozenset(duties))


_PERMISSIVE = _terms("permissive", "notice")
_COPYLEFT = _terms("copyleft", "notice", "share-alike")
_RAIL = _terms("rail", "notice", "uses")
_RESEARCH = _terms("research-only", "notice", "research")
_OTHER = _terms("other", "read")
_NOT_STATED = _terms("not stated", "ask")

# Identifiers of the SPDX list (without -only and -or-later); Creative Commons' are read by their letters below.
_SPDX_PERMISSIVE = [
    "0BSD",
    "AFL-3.0",
    "Apache-1.1",
    "Apache-2.0",
    "Artistic-2.0",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "BSL-1.0",
    "BlueOak-1.0.0",
    "CC0-1.0",
    "CDLA-Permissive-1.0",
    "CDLA-Permissive-2.0",
    "ECL-2.0",
    "HPND",
    "ISC",
    "MIT",
    "MIT-0",
    "MIT-CMU",
    "MS-PL",
    "NCSA",
    "ODC-By-1.0",
    "OFL-1.1",
    "PDDL-1.0",
    "PSF-2.0",
    "PostgreSQL",
    "Python-2.0",
    "UPL-1.0",
    "Unlicense",
    "WTFPL",
    "X11",
    "Zlib",
    "etalab-2.0",
]
_SPDX_COPYLEFT = [
    "AGPL-3.0",
    "CDLA-Sharing-1.0",
    "EPL-1.0",
    "EPL-2.0",
    "EUPL-1.1",
    "EUPL-1.2",
    "GFDL-1.1",
    "GFDL-1.2",
    "GFDL-1.3",
    "GPL-2.0",
    "GPL-3.0",
    "LGPL-2.0",
    "LGPL-2.1",
    "LGPL-3.0",
    "LGPLLR",
    "MPL-2.0",
    "MS-RL",
    "ODbL-1.0",
    "OSL-3.0",
]
# Known by name, of no class here: they ask for more than notices and less than the same licence.
_SPDX_OTHER = ["C-UDA-1.0", "LPPL-1.3c"]

# Words that are no SPDX identifiers: of the hub (its licence page) and of timm's configurations.
_OWN: dict[str, _Terms] = {
    # families of the hub's page whose members all are of one class; `cc` has members of every class
    "bsd": _PERMISSIVE, "odc-by": _PERMISSIVE, "gpl": _COPYLEFT, "lgpl": _COPYLEFT, "gfdl": _COPYLEFT,
    "odbl": _COPYLEFT, "cc": _OTHER,
    # OpenMDW's text: deal without restriction, keep the agreement and the notices of origin
    "openmdw-1.0": _PERMISSIVE, "openmdw-1.1": _PERMISSIVE,
    # free but for a list of uses that goes along with every copy
    "openrail": _RAIL, "openrail++": _RAIL, "openrail-m": _RAIL, "bigscience-openrail-m": _RAIL,
    "bigscience-bloom-rail-1.0": _RAIL, "bigcode-openrail-m": _RAIL, "creativeml-openrail-m": _RAIL,
    # Gemma Terms of Use, 3.1: its use restrictions go as an enforceable provision with every copy and derivative
    "gemma": _RAIL,
    # apple/ml-mobileclip LICENSE_MODELS: "exclusively for Research Purposes", derivatives too
    "apple-amlr": _RESEARCH,
    # facebookresearch/vissl projects/SEER/MODEL_LICENSE.md: "solely for your non-commercial research purposes"
    "seer-license": _RESEARCH,
    # FAIR Noncommercial Research License: "Noncommercial Research Uses"
    "fair-noncommercial-research": _RESEARCH, "fair-noncommercial-research-license": _RESEARCH,
    # Intel Research Use License Agreement, 2: "solely for research purposes"
    "intel-research": _RESEARCH,
    # Qwen Research License Agreement: non-commercial only, which it defines as "for research or evaluation"
    "qwen-research": _RESEARCH,
    # DeepFloyd IF Research License Agreement, 1: "solely for your non-commercial research purposes"
    "deepfloyd-if-license": _RESEARCH,
    # Mistral AI Research License (MRL-0.1): for "Research Purposes" only, as those who quote its text say
    "mrl": _RESEARCH,
    "research-only": _RESEARCH,
    # QwenLM/Qwen README, License Agreement: free for researchers and developers, "contact us" for commercial use
    "tongyi-qianwen-research": _terms("non-commercial", "notice", "no-commerce"),
    # Apple's sample code terms, read in apple/ml-cvnets, ml-fastvit and ml-mobileclip: use, change and pass on with the
    # notice; patents are withheld, which no licence of the permissive class above does
    "apple-ascl": _terms("other", "notice", "no-patents"), "cvnets-license": _terms("other", "notice", "no-patents"),
    "fastvit-license": _terms("other", "notice", "no-patents"),
    # terms of their own, for which no class here is right, or whose text was not found
    "deepseek": _OTHER, "deepseek-license": _OTHER, "dinov3-license": _OTHER, "falcon-llm-license": _OTHER,
    "glm-4": _OTHER, "grok2-community": _OTHER, "h-research": _OTHER, "lfm1.0": _OTHER, "llama2": _OTHER,
    "llama3": _OTHER, "llama3.1": _OTHER, "llama3.2": _OTHER, "llama3.3": _OTHER, "llama4": _OTHER,
    "mobileone-license": _OTHER, "nvidia-open-model-license": _OTHER, "other": _OTHER, "qwen": _OTHER,
    "qwen-community-1.0": _OTHER, "sapiens2-license": _OTHER,
}  # fmt: skip

_BY_NAME: dict[str, _Terms] = {
    **{name.lower(): _PERMISSIVE for name in _SPDX_PERMISSIVE},
    **{name.lower(): _COPYLEFT for name in _SPDX_COPYLEFT},
    **{name.lower(): _OTHER for name in _SPDX_OTHER},
    "bsd-3-clause-clear": _terms("permissive", "notice", "no-patents"),
    **_OWN,
}
# Words whose identifier is not the word itself in other case. GNU licences without a suffix mean that version only.
_SPDX = {
    **{name.lower(): name for name in (*_SPDX_PERMISSIVE, *_SPDX_COPYLEFT, *_SPDX_OTHER)},
    **{name.lower(): f"{name}-only" for name in _SPDX_COPYLEFT if re.match(r"[AL]?GPL-|GFDL-", name)},
    "bsd-3-clause-clear": "BSD-3-Clause-Clear", "c-uda": "C-UDA-1.0", "lgpl-lr": "LGPLLR", "pddl": "PDDL-1.0",
}  # fmt: skip

_TOKEN = re.compile(r"\(|\)|[^\s()]+")
_CC = re.compile(r"cc-by(?P<nc>-nc)?(?P<more>-nd|-sa)?-\d\.\d(-[a-z]+)?")
_UNKNOWN = {"", "unknown", "not stated", "noassertion", "none"}
_OPERATORS = {"AND", "OR", "WITH", "(", ")"}


def spdx(word: str | None) -> str:
    """A hub's licence word as an SPDX identifier where there is one; other words as they are; `not stated` for none."""
    text = (word or "").strip()
    if text.lower() in _UNKNOWN:
        return "not stated"
    if _CC.fullmatch(text.lower()):
        return text.upper()
    return _SPDX.get(text.lower(), text)


def licence_class(expression: str | None) -> LicenceClass:
    """The class of an SPDX expression or of a single licence word.

    `A AND B` is as strict as its strictest term, `A OR B` as free as its freest; `WITH` an exception keeps the class.

    >>> licence_class("Apache-2.0 AND CC-BY-NC-4.0")
    'non-commercial'
    """
    return _read(expression).kind


def duties(expression: str | None) -> tuple[Duty, ...]:
    """What a licence binds to, as keys: of terms joined by AND all, of terms joined by OR those of the freest.

    >>> duties("CC-BY-NC-SA-4.0")
    ('notice', 'share-alike', 'no-commerce')
    """
    found = _read(expression).duties
    return tuple(duty for duty in _SENTENCES if duty in found)


def obligations(expression: str | None) -> tuple[str, ...]:
    """The same in plain sentences; they go with the licence to whatever is made from the model."""
    return tuple(_SENTENCES[duty] for duty in duties(expression))


def unknown_words(expression: str | None) -> tuple[str, ...]:
    """The words of an expression that no table here has; they count as `other`."""
    text = (expression or "").strip()
    if text.lower() in _UNKNOWN:
        return ()
    tokens = _TOKEN.findall(text)
    names = [word for before, word in zip(["", *tokens], tokens, strict=False) if before.upper() != "WITH"]
    return tuple(word for word in names if word.upper() not in _OPERATORS and _known(word) is None)


def _read(expression: str | None) -> _Terms:
    text = (expression or "").strip()
    return _NOT_STATED if text.lower() in _UNKNOWN else _any(_TOKEN.findall(text))


def _any(tokens: list[str]) -> _Terms:
    """`tokens` up to their end or a closing bracket; what was read is taken out of the list."""
    options = [_all(tokens)]
    while tokens and tokens[0].upper() == "OR":
        tokens.pop(0)
        options.append(_all(tokens))
    return min(options, key=lambda terms: CLASSES.index(terms.kind))


def _all(tokens: list[str]) -> _Terms:
    found = [_one(tokens)]
    while tokens and tokens[0].upper() == "AND":
        tokens.pop(0)
        found.append(_one(tokens))
    strictest = max((terms.kind for terms in found), key=CLASSES.index)
    return _Terms(strictest, frozenset().union(*(terms.duties for terms in found)))


def _one(tokens: list[str]) -> _Terms:
    if not tokens:
        return _OTHER  # a malformed expression promises nothing
    word = tokens.pop(0)
    if word == "(":
        inner = _any(tokens)
        if tokens and tokens[0] == ")":
            tokens.pop(0)
        return inner
    if tokens and tokens[0].upper() == "WITH":
        del tokens[:2]
    return _NOT_STATED if word.lower() in _UNKNOWN else _known(word) or _OTHER


def _known(word: str) -> _Terms | None:
    name = word.lower()
    if made := _CC.fullmatch(name):
        return _creative_commons(bool(made["nc"]), made["more"])
    if name in _SPDX:
        name = _SPDX[name].lower()
    bare = name.removesuffix("+").removesuffix("-only").removesuffix("-or-later")
    return _BY_NAME.get(name) or _BY_NAME.get(bare)


def _creative_commons(no_commerce: bool, more: str | None) -> _Terms:
    found: set[Duty] = {"notice"}
    found |= {"no-commerce"} if no_commerce else set()
    found |= {"share-alike"} if more == "-sa" else {"no-changes"} if more == "-nd" else set()
    plain: LicenceClass = "copyleft" if more == "-sa" else "other" if more == "-nd" else "permissive"
    return _Terms("non-commercial" if no_commerce else plain, frozenset(found))
