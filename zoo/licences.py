"""What does a licence allow? SPDX expressions, and the hub's licence words, put into a few classes.

The classes are a reading aid and no legal advice: they say which kind of terms to expect. What is not known here is
`other`, and what nobody stated is `not stated`; neither is ever taken for permissive.

Sources: the SPDX licence list (identifiers, and which are OSI-approved or FSF-free), Creative Commons' deeds, and for
the hub's own words (`openrail`, `llama3` …) the hub's licence page and the texts that it links to.
"""

from __future__ import annotations

import re
from typing import Literal

__all__ = ["CLASSES", "LicenceClass", "licence_class", "obligations", "spdx"]

LicenceClass = Literal["permissive", "copyleft", "non-commercial", "rail", "research-only", "other", "not stated"]

# From the most to the least free; of terms joined by AND the least free counts, of terms joined by OR the freest.
CLASSES: tuple[LicenceClass, ...] = (
    "permissive", "copyleft", "rail", "other", "not stated", "non-commercial", "research-only",
)  # fmt: skip

_PERMISSIVE = frozenset(
    [
        "0bsd",
        "afl-3.0",
        "apache-1.1",
        "apache-2.0",
        "artistic-2.0",
        "bsd-2-clause",
        "bsd-3-clause",
        "bsd-3-clause-clear",
        "bsl-1.0",
        "cc-by-2.0",
        "cc-by-2.5",
        "cc-by-3.0",
        "cc-by-4.0",
        "cc0-1.0",
        "cdla-permissive-1.0",
        "cdla-permissive-2.0",
        "ecl-2.0",
        "etalab-2.0",
        "hpnd",
        "isc",
        "mit",
        "mit-0",
        "mit-cmu",
        "ms-pl",
        "ncsa",
        "odc-by-1.0",
        "ofl-1.1",
        "pddl-1.0",
        "postgresql",
        "psf-2.0",
        "python-2.0",
        "unlicense",
        "wtfpl",
        "x11",
        "zlib",
    ]
)
_COPYLEFT = frozenset(
    [
        "agpl-3.0",
        "cc-by-sa-3.0",
        "cc-by-sa-4.0",
        "cdla-sharing-1.0",
        "epl-1.0",
        "epl-2.0",
        "eupl-1.1",
        "eupl-1.2",
        "gfdl-1.3",
        "gpl-2.0",
        "gpl-3.0",
        "lgpl-2.1",
        "lgpl-3.0",
        "lgpl-lr",
        "mpl-2.0",
        "odbl-1.0",
        "osl-3.0",
    ]
)
# RAIL: free but for a list of uses; so are the licences that come with a policy of use under other names.
_RAIL = frozenset(
    [
        "bigcode-openrail-m",
        "bigscience-bloom-rail-1.0",
        "bigscience-openrail-m",
        "creativeml-openrail-m",
        "openrail",
        "openrail++",
        "openrail-m",
    ]
)
_NON_COMMERCIAL = frozenset(
    [
        "cc-by-nc-2.0",
        "cc-by-nc-3.0",
        "cc-by-nc-4.0",
        "cc-by-nc-nd-3.0",
        "cc-by-nc-nd-4.0",
        "cc-by-nc-sa-2.0",
        "cc-by-nc-sa-3.0",
        "cc-by-nc-sa-4.0",
    ]
)
_RESEARCH = frozenset(
    ["apple-amlr", "fair", "intel-research", "ms-rl-research", "research-only", "fair-noncommercial-research-license"]
)

# The hub's and timm's words whose meaning as an SPDX identifier is beyond doubt.
_SPDX = {
    "afl-3.0": "AFL-3.0", "agpl-3.0": "AGPL-3.0-only", "apache-2.0": "Apache-2.0", "artistic-2.0": "Artistic-2.0",
    "bsd-2-clause": "BSD-2-Clause", "bsd-3-clause": "BSD-3-Clause", "bsd-3-clause-clear": "BSD-3-Clause-Clear",
    "bsl-1.0": "BSL-1.0", "cc-by-2.0": "CC-BY-2.0", "cc-by-3.0": "CC-BY-3.0", "cc-by-4.0": "CC-BY-4.0",
    "cc-by-nc-2.0": "CC-BY-NC-2.0", "cc-by-nc-3.0": "CC-BY-NC-3.0", "cc-by-nc-4.0": "CC-BY-NC-4.0",
    "cc-by-nc-nd-4.0": "CC-BY-NC-ND-4.0", "cc-by-nc-sa-4.0": "CC-BY-NC-SA-4.0", "cc-by-sa-3.0": "CC-BY-SA-3.0",
    "cc-by-sa-4.0": "CC-BY-SA-4.0", "cc0-1.0": "CC0-1.0", "epl-2.0": "EPL-2.0", "gpl-2.0": "GPL-2.0-only",
    "gpl-3.0": "GPL-3.0-only", "isc": "ISC", "lgpl-2.1": "LGPL-2.1-only", "lgpl-3.0": "LGPL-3.0-only", "mit": "MIT",
    "mpl-2.0": "MPL-2.0", "ofl-1.1": "OFL-1.1", "pddl": "PDDL-1.0", "postgresql": "PostgreSQL",
    "unlicense": "Unlicense", "wtfpl": "WTFPL", "zlib": "Zlib",
}  # fmt: skip

_TOKEN = re.compile(r"\(|\)|[^\s()]+")
_UNKNOWN = {"", "unknown", "not stated", "noassertion", "none"}


def spdx(word: str | None) -> str:
    """A hub's licence word as an SPDX identifier where there is one; other words as they are; `not stated` for none."""
    text = (word or "").strip()
    if text.lower() in _UNKNOWN:
        return "not stated"
    return _SPDX.get(text.lower(), text)


def licence_class(expression: str | None) -> LicenceClass:
    """The class of an SPDX expression or of a single licence word.

    `A AND B` is as strict as its strictest term, `A OR B` as free as its freest; `WITH` an exception keeps the class.

    >>> licence_class("Apache-2.0 AND CC-BY-NC-4.0")
    'non-commercial'
    """
    text = (expression or "").strip()
    if text.lower() in _UNKNOWN:
        return "not stated"
    return _any(_TOKEN.findall(text))


def _any(tokens: list[str]) -> LicenceClass:
    """`tokens` up to their end or a closing bracket; what was read is taken out of the list."""
    options = [_all(tokens)]
    while tokens and tokens[0].upper() == "OR":
        tokens.pop(0)
        options.append(_all(tokens))
    return min(options, key=CLASSES.index)


def _all(tokens: list[str]) -> LicenceClass:
    found = [_one(tokens)]
    while tokens and tokens[0].upper() == "AND":
        tokens.pop(0)
        found.append(_one(tokens))
    return max(found, key=CLASSES.index)


def _one(tokens: list[str]) -> LicenceClass:
    if not tokens:
        return "other"  # a malformed expression promises nothing
    word = tokens.pop(0)
    if word == "(":
        inner = _any(tokens)
        if tokens and tokens[0] == ")":
            tokens.pop(0)
        return inner
    if tokens and tokens[0].upper() == "WITH":
        del tokens[:2]
    return _word(word)


def _word(word: str) -> LicenceClass:
    name = word.lower().rstrip("+").removesuffix("-only").removesuffix("-or-later")
    if name in _UNKNOWN or name == "pddl":
        return "permissive" if name == "pddl" else "not stated"
    for known, kind in (
        (_PERMISSIVE, "permissive"),
        (_COPYLEFT, "copyleft"),
        (_NON_COMMERCIAL, "non-commercial"),
        (_RESEARCH, "research-only"),
    ):
        if name in known:
            return kind  # type: ignore[return-value]
    if word.lower() in _RAIL or "openrail" in word.lower() or "-rail" in word.lower():
        return "rail"
    return "other"


def obligations(expression: str | None) -> tuple[str, ...]:
    """What goes with a licence of this class to whatever is made from the model, in plain sentences."""
    return _OBLIGATIONS[licence_class(expression)]


_OBLIGATIONS: dict[LicenceClass, tuple[str, ...]] = {
    "permissive": ("keep the notice of the authors and of the licence",),
    "copyleft": ("keep the notices", "pass on what you make from it under the same licence"),
    "rail": ("keep the notices", "pass the list of forbidden uses on, and keep to it"),
    "other": ("read the licence: the zoo does not know its terms",),
    "not stated": ("ask the authors: nobody stated what is allowed",),
    "non-commercial": ("keep the notices", "no commercial use, of what you make from it neither"),
    "research-only": ("use it for research only, what you make from it too",),
}
